#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# How the tracked files are written, and what the compilers and sparse say about
# the module on every kernel.

. "$(dirname "${BASH_SOURCE[0]}")/tap.sh"

have source || scripts/setup.sh source >&2
KERNEL_SCRIPTS=$SOURCE/scripts

# ------------------------------------------------------ deliberate exceptions
#
# Everything that is let pass, and why. This is the only place.

# checkpatch: what these ask for exists in the kernel's own tree only, a
# maintainers' file per patch and version numbers kept out of code.
IGNORE=FILE_PATH_CHANGES,LINUX_VERSION_CODE
# Socket operations derived from the kernel's when the module is loaded.
IGNORE+=,CONST_STRUCT
# And these would have programs use the kernel's functions and types.
IGNORE_USER=$IGNORE,PREFER_KERNEL_TYPES,SSCANF_TO_KSTRTO,CONSTANT_CONVERSION
IGNORE_USER+=,STRLCPY,STRCPY,STRNCPY,USLEEP_RANGE,ENOSYS,VOLATILE,NEW_TYPEDEFS
IGNORE_USER+=,PREFER_DEFINED_ATTRIBUTE_MACRO,AVOID_EXTERNS,YIELD,ARRAY_SIZE
IGNORE_USER+=,PREFER_FALLTHROUGH,PREFER_SCNPRINTF,MULTISTATEMENT_MACRO_USE_DO_WHILE
# Names from <inttypes.h> and the C standard, macros that make test tables, and
# a function usage() that says "usage".
IGNORE_USER+=,CAMELCASE,COMPLEX_MACRO,MACRO_ARG_REUSE,EMBEDDED_FUNCTION_NAME

# checkpatch, one file: one text serves digits of 32 and of 64 bits.
ALLOW='^kernel/limb\.h:[0-9]+: WARNING:NEW_TYPEDEFS:'

# kernel-doc: the counters that end an enumeration explain themselves.
ALLOW_DOC="Enum value '__[A-Z0-9_]+_MAX'"

# codespell: identifiers, and "ans" and "nd" out of hexadecimal and IPv6.
ALLOW_WORDS=clen,fo,ans,nd,te,hist,ser,inout

# Files that are not ours to head with a licence (the texts themselves, changes
# to the kernel), cannot hold one (JSON, abidw's output, the fuzzers' inputs, some
# of Debian's formats), or are read as they are (Markdown).
ALLOW_SPDX='^LICENSES/|^MAINTAINERS$|\.gitignore$|\.json$|\.abi$|\.md$|\.patch$|^selftests/host/corpus/'
ALLOW_SPDX+='|^debian/(changelog|source/format|.*\.(examples|symbols))$'

# sparse: 7.3 uses __typeof_unqual__, which no released sparse knows, so its
# Makefile refuses to run one. The code is the same; 6.1 and 6.12 check it.
SPARSE="6.1 6.12"

# --------------------------------------------------------------- C sources

checkpatch()
{
	local ignore=$1 file=$2
	# Somewhere else: in a git tree it leaves a cache file behind.
	(cd "$work" && perl "$KERNEL_SCRIPTS/checkpatch.pl" --no-tree --strict --terse \
		--no-summary --ignore "$ignore" --max-line-length=100 \
		--show-types --root="$work" -f "$TOP/$file") | sed "s,^$TOP/,," |
		grep -vE "$ALLOW"
}
export -f checkpatch
mkdir -p "$work/include"
export KERNEL_SCRIPTS TOP work ALLOW

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
		grep -vE "$ALLOW_DOC")
	[ -z "$out" ] || { echo "$out"; return 1; }
}
try "kernel-doc comments are well formed" kernel_doc

# ------------------------------------------------------------- the compilers

# A message of sparse or the compiler about one of our files; the kernel's own
# headers are not ours to mend. Once built, only sparse runs again.
build_clean()
{
	local line=$1 out rc=0
	shift
	out=$(TCPCRYPT_VARIANT=-style scripts/build-module.sh "$line" \
		W=1 KCFLAGS=-Werror "$@" 2>&1) || rc=$?
	out=$(echo "$out" | grep -v '/tcpcrypt\.ko$')
	[ $rc -eq 0 ] || { echo "$out"; return 1; }
	out=$(echo "$out" | grep -E '^(kernel|include)/|sparse is not available')
	[ -z "$out" ] || { echo "$out"; return 1; }
}

for line in $LINES_DEBIAN; do
	case " $SPARSE " in
	*" $line "*)
		try "$line: neither W=1 nor sparse finds anything" \
			build_clean "$line" C=2 CF=-D__CHECK_ENDIAN__
		;;
	*) try "$line: W=1 finds nothing" build_clean "$line" ;;
	esac
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
	tracked | grep -vE '^LICENSES/|/vectors/|/corpus/|\.json$|\.map$|\.abi$' |
		xargs -r codespell --ignore-words-list="$ALLOW_WORDS"
}
try "codespell" words

spdx()
{
	local bad=0 f
	while read -r f; do
		[ -s "$f" ] || continue
		head -n 2 "$f" | grep -q SPDX-License-Identifier || {
			echo "$f: no SPDX-License-Identifier in its first line"
			bad=1
		}
	done < <(tracked | grep -vE "$ALLOW_SPDX")
	return $bad
}
try "every file names its licence" spdx

yaml() { tracked '*.yaml' '*.yml' | xargs -r yamllint -d '{extends: relaxed, rules: {line-length: {max: 100}}}' -s; }
try "yamllint" yaml

manuals()
{
	local out
	out=$(tracked 'userspace/man/*.[1-9]' | xargs -r mandoc -T lint -W warning 2>&1)
	[ -z "$out" ] || { echo "$out"; return 1; }
}
try "manual pages" manuals

done_testing
