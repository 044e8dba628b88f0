#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# How the tracked files are written, and what the compilers and sparse say about
# the module on every kernel.

. "$(dirname "${BASH_SOURCE[0]}")/tap.sh"

have source || scripts/setup.sh source >&2
KERNEL_SCRIPTS=$SOURCE/scripts

# --------------------------------------------------------------- C sources

# What these types ask for does not exist outside the kernel's own tree:
# a maintainers' file per patch, and version numbers kept out of code.
IGNORE=FILE_PATH_CHANGES,LINUX_VERSION_CODE
# Socket operations derived from the kernel's when the module is loaded.
IGNORE+=,CONST_STRUCT
# And these would have programs use the kernel's functions.
IGNORE_USER=$IGNORE,PREFER_KERNEL_TYPES,SSCANF_TO_KSTRTO,CONSTANT_CONVERSION
IGNORE_USER+=,STRLCPY,STRCPY,STRNCPY,USLEEP_RANGE,ENOSYS,VOLATILE,NEW_TYPEDEFS
IGNORE_USER+=,PREFER_DEFINED_ATTRIBUTE_MACRO,AVOID_EXTERNS,YIELD,ARRAY_SIZE
IGNORE_USER+=,PREFER_FALLTHROUGH,PREFER_SCNPRINTF,MULTISTATEMENT_MACRO_USE_DO_WHILE
# Names from <inttypes.h> and the C standard, macros that make test tables, and
# a function usage() that says "usage".
IGNORE_USER+=,CAMELCASE,COMPLEX_MACRO,MACRO_ARG_REUSE,EMBEDDED_FUNCTION_NAME

checkpatch()
{
	local ignore=$1 file=$2
	# Somewhere else: in a git tree it leaves a cache file behind.
	(cd "$work" && perl "$KERNEL_SCRIPTS/checkpatch.pl" --no-tree --strict --terse \
		--no-summary --ignore "$ignore" --max-line-length=100 \
		--root="$work" -f "$TOP/$file") | sed "s,$TOP/,,"
}
export -f checkpatch
mkdir -p "$work/include"
export KERNEL_SCRIPTS TOP work

checkpatch_all()
{
	local bad=0 f
	# shellcheck disable=SC2016 # expanded by the inner shell
	tracked "$@" | xargs -r -P "$JOBS" -I '{}' bash -c \
		'checkpatch "$0" "$1" >"$work/cp.$(echo "$1" | tr / _)"' "$ignore" '{}'
	for f in "$work"/cp.*; do
		[ -s "$f" ] || continue
		cat "$f"
		bad=1
	done
	rm -f "$work"/cp.*
	return $bad
}

ignore=$IGNORE
try "checkpatch --strict: kernel" checkpatch_all 'kernel/*.[ch]' 'include/*.h'
ignore=$IGNORE_USER
try "checkpatch --strict: user space and tests" \
	checkpatch_all 'userspace/*.[ch]' 'selftests/*.[ch]'

kernel_doc()
{
	local out
	out=$(tracked 'kernel/*.[ch]' 'include/*.h' |
		xargs -r perl "$KERNEL_SCRIPTS/kernel-doc" -none 2>&1 |
		# The counters that end an enumeration explain themselves.
		grep -vE "Enum value '__[A-Z_]+_MAX'")
	[ -z "$out" ] || { echo "$out"; return 1; }
}
try "kernel-doc comments are well formed" kernel_doc

# ------------------------------------------------------------- the compilers

# A sparse or compiler message about one of our files; the kernel's own headers
# are not ours to mend.
build_clean()
{
	local line=$1 variant=$2 out rc=0
	shift 2
	out=$(TCPCRYPT_VARIANT=$variant scripts/build-module.sh "$line" "$@" 2>&1) || rc=$?
	out=$(echo "$out" | grep -v '/tcpcrypt\.ko$')
	[ $rc -eq 0 ] || { echo "$out"; return 1; }
	out=$(echo "$out" | grep -E '^(kernel|include)/')
	[ -z "$out" ] || { echo "$out"; return 1; }
}

for line in $LINES_DEBIAN; do
	try "$line: no warning with W=1" build_clean "$line" -w1 W=1 KCFLAGS=-Werror
done
for line in $LINES_DEBIAN; do
	try "$line: sparse finds nothing" \
		build_clean "$line" -sparse C=2 CF=-D__CHECK_ENDIAN__
done

# ---------------------------------------------------------- everything else

shell() { tracked '*.sh' '*.t' .ci/run | xargs -r shellcheck -x -P SCRIPTDIR; }
try "shellcheck" shell

python()
{
	tracked '*.py' | xargs -r python3 -c \
		'import ast, sys; [ast.parse(open(f).read(), f) for f in sys.argv[1:]]'
}
try "python files parse" python

words()
{
	tracked | grep -vE '^LICENSES/|/vectors/|\.json$|\.map$' |
		xargs -r codespell --ignore-words-list=clen,fo,ans,nd,te,hist,ser,inout
}
try "codespell" words

spdx()
{
	local bad=0 f
	while read -r f; do
		[ -s "$f" ] || continue
		case $f in
		LICENSES/* | MAINTAINERS | *.gitignore | README* | *.json | *.md | .gitmodules) continue ;;
		esac
		head -n 2 "$f" | grep -q SPDX-License-Identifier || {
			echo "$f: no SPDX-License-Identifier in its first line"
			bad=1
		}
	done < <(tracked)
	return $bad
}
try "every file names its licence" spdx

yaml() { tracked '*.yaml' '*.yml' | xargs -r yamllint -d '{extends: relaxed, rules: {line-length: {max: 100}}}' -s; }
try "yamllint" yaml

manuals()
{
	local out
	out=$(tracked '*.[1-9]' | xargs -r mandoc -T lint -W warning 2>&1)
	[ -z "$out" ] || { echo "$out"; return 1; }
}
try "manual pages" manuals

done_testing
