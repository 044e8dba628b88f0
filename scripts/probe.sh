#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
# What does the kernel being built against look like?
#
#	probe.sh OUTPUT COMPILER FLAG...
#
# Writes the header OUTPUT with one "#define TCPCRYPT_HAVE_xxx 1" for every
# feature found.  COMPILER and its FLAGs have to be the ones the module itself
# is built with.  A version number would not do: stable releases backport, and
# distributions more so.
#
# All probes are functions of one translation unit, each under a file name of
# its own (#line), and a feature is there when no error is reported under its
# name.  That is one run of the compiler, about a second, where a run for each
# probe would take half a minute.  The probes SELF_GOOD and SELF_BAD prove that
# reading the errors works; an error in any other place is the end.
#
# Plain POSIX shell: it runs wherever the kernel can be built.

set -u
LC_ALL=C
export LC_ALL

die()
{
	echo "tcpcrypt: $1" >&2
	[ ! -s "${log:-/dev/null}" ] || sed 's/^/    | /' "$log" | head -n 40 >&2
	exit 1
}

[ $# -ge 2 ] || die "usage: probe.sh OUTPUT COMPILER FLAG..."
out=$1
shift

# Our own stand-ins for headers are not the kernel's.
for arg; do
	shift
	case $arg in
	-I*/include/compat) ;;
	*) set -- "$@" "$arg" ;;
	esac
done

mkdir -p "$(dirname "$out")" || die "cannot make the directory of $out"
src=$out.$$.c
log=$out.$$.log
new=$out.$$.new
trap 'rm -f "$src" "$log" "$new"' EXIT
trap 'exit 1' HUP INT TERM

names=
needs=

# have NAME CODE: TCPCRYPT_HAVE_NAME when CODE compiles as a function's body
have()
{
	names="$names $1"
	printf '#line 1 "probe_%s"\nvoid probe_%s(void);\nvoid probe_%s(void) { %s }\n' \
		"$1" "$1" "$1" "$2"
}

# member NAME TYPE MEMBER: TYPE has MEMBER, which may be a bit field
member() { have "$1" "(void)((($2 *)0)->$3);"; }

# same NAME EXPRESSION TYPE: EXPRESSION has exactly TYPE
same()
{
	have "$1" \
	     "_Static_assert(__builtin_types_compatible_p(__typeof__($2), $3), \"\");"
}

# macro NAME CONDITION: a condition for the preprocessor
macro()
{
	names="$names $1"
	printf '#if !(%s)\n#line 1 "probe_%s"\n#error no\n#endif\n' "$2" "$1"
}

# need NAME: the module cannot be built without the probe just made
need() { needs="$needs $1"; }

includes()
{
	cat <<-'END'
	#include <linux/version.h>
	#include <linux/module.h>
	#include <linux/net.h>
	#include <linux/netfilter.h>
	#include <linux/shrinker.h>
	#include <linux/skbuff.h>
	#include <linux/socket.h>
	#include <linux/sysctl.h>
	#include <linux/tcp.h>
	#include <linux/timer.h>
	#include <linux/workqueue.h>
	#include <net/genetlink.h>
	#include <net/inet6_hashtables.h>
	#include <net/inet_connection_sock.h>
	#include <net/inet_hashtables.h>
	#include <net/sock.h>
	#include <net/tcp.h>
	#include <crypto/curve25519.h>
	#include <crypto/ecdh.h>
	#include <crypto/internal/ecc.h>
	#include <crypto/sha2.h>
	END
}

# Each line says which side of a change in the kernel it recognises.
probes()
{
	have SELF_GOOD '(void)sizeof(struct sock);'
	have SELF_BAD '(void)((struct sock *)0)->tcpcrypt_no_such_member;'

	# --- struct proto -------------------------------------------------
	same RECVMSG_ADDR_LEN '((struct proto *)0)->recvmsg' \
		'int (*)(struct sock *, struct msghdr *, size_t, int, int *)'
	member PROTO_SENDPAGE 'struct proto' sendpage
	# TCP takes MSG_SPLICE_PAGES since it lost sendpage.  The bare macro
	# says nothing: 6.1-stable defines it and TCP there does not know it.
	have SPLICE_PAGES '(void)MSG_SPLICE_PAGES; (void)skb_splice_from_iter;'
	same IOCTL_KARG '((struct proto *)0)->ioctl' \
		'int (*)(struct sock *, int, int *)'
	same ACCEPT_ARG '((struct proto *)0)->accept' \
		'struct sock *(*)(struct sock *, struct proto_accept_arg *)'
	same SOCKADDR_UNSIZED '((struct proto *)0)->connect' \
		'int (*)(struct sock *, struct sockaddr_unsized *, int)'
	member PROTO_FORWARD_ALLOC_GET 'struct proto' forward_alloc_get
	member PROTO_SOCK_IS_READABLE 'struct proto' sock_is_readable
	same PSOCK_UPDATE_SK_PROT '((struct proto *)0)->psock_update_sk_prot' \
		'int (*)(struct sock *, struct sk_psock *, bool)'

	# --- struct proto_ops, struct socket ------------------------------
	member OPS_SET_RCVBUF 'struct proto_ops' set_rcvbuf
	member OPS_SET_RCVLOWAT 'struct proto_ops' set_rcvlowat
	member OPS_SENDPAGE 'struct proto_ops' sendpage
	member OPS_SPLICE_EOF 'struct proto_ops' splice_eof
	member OPS_READ_SKB 'struct proto_ops' read_skb
	member OPS_GETSOCKOPT_ITER 'struct proto_ops' getsockopt_iter
	same OPS_ACCEPT_ARG '((struct proto_ops *)0)->accept' \
		'int (*)(struct socket *, struct socket *, struct proto_accept_arg *)'
	have SOCK_SUPPORT_ZC '(void)SOCK_SUPPORT_ZC;'

	have ZEROCOPY_DEVMEM '(void)msg_zerocopy_realloc(0, 0, 0, false);'
	have FILE_F_OWNER '(void)file_f_owner;'

	# --- struct sock, struct tcp_sock ---------------------------------
	member USE_TASK_FRAG 'struct sock' sk_use_task_frag
	member RECVMSG_INQ 'struct tcp_sock' recvmsg_inq

	# --- the upper-layer-protocol interface ---------------------------
	same ULP_INFO_NET_ADMIN '((struct tcp_ulp_ops *)0)->get_info' \
		'int (*)(struct sock *, struct sk_buff *, bool)'
	same ULP_CLONE '((struct tcp_ulp_ops *)0)->clone' \
		'void (*)(const struct request_sock *, struct sock *, const gfp_t)'
	need ULP_CLONE
	member PSP 'struct sock' psp_assoc

	# --- socket look-up -----------------------------------------------
	# exactly one of: hashinfo and plain net, hashinfo and const net,
	# const net alone
	same LOOKUP_HASHINFO_NET '__inet_lookup_established' \
		'struct sock *(struct net *, struct inet_hashinfo *, const __be32, const __be16, const __be32, const u16, const int, const int)'
	same LOOKUP_HASHINFO_CONST_NET '__inet_lookup_established' \
		'struct sock *(const struct net *, struct inet_hashinfo *, const __be32, const __be16, const __be32, const u16, const int, const int)'
	same LOOKUP_NO_HASHINFO '__inet_lookup_established' \
		'struct sock *(const struct net *, const __be32, const __be16, const __be32, const u16, const int, const int)'
	have SYN_RECV_SOCK_CHILD_INIT \
		'(void)((struct inet_connection_sock_af_ops *)0)->syn_recv_sock(0, 0, 0, 0, 0, 0, 0);'

	# --- timers, work, netlink, sysctl, netfilter ---------------------
	macro TIMER_CONTAINER_OF 'defined(timer_container_of)'
	have TIMER_DELETE '(void)timer_delete_sync;'
	have DISABLE_WORK '(void)disable_work_sync;'
	have SYSTEM_PERCPU_WQ '(void)system_percpu_wq;'
	have GENL_SPLIT_OPS '(void)sizeof(struct genl_split_ops);'
	have GENL_INFO_DUMP '(void)genl_info_dump;'
	# arrays of struct ctl_table end without a sentinel
	macro SYSCTL_SZ 'defined(register_net_sysctl)'
	have CTL_TABLE_CONST \
		'extern const struct ctl_table tcpcrypt_t[]; (void)__register_sysctl_table(0, "", tcpcrypt_t, 0);'
	same NF_HOOK '((struct nf_hook_ops *)0)->hook' \
		'unsigned int (*)(void *, struct sk_buff *, const struct nf_hook_state *)'
	need NF_HOOK
	have SHRINKER_ALLOC '(void)shrinker_alloc;'
	have GET_RANDOM_U32_BELOW '(void)get_random_u32_below(3);'
	macro LINUX_UNALIGNED '__has_include(<linux/unaligned.h>)'

	# --- crypto -------------------------------------------------------
	# ecc_make_pub_key() and crypto_ecdh_shared_secret() take the private
	# key as a number; before the release with this function, they took it
	# as a big-endian string.
	have ECC_NATIVE_PRIVKEY '(void)ecc_digits_from_bytes;'
	have HMAC_SHA256 '(void)hmac_sha256_usingrawkey;'

	# --- configuration ------------------------------------------------
	macro CONFIG_NET 'IS_ENABLED(CONFIG_INET) && IS_ENABLED(CONFIG_NETFILTER)'
	need CONFIG_NET
	macro CONFIG_CRYPTO 'IS_REACHABLE(CONFIG_CRYPTO_LIB_CURVE25519) && IS_ENABLED(CONFIG_CRYPTO_GCM) && IS_ENABLED(CONFIG_CRYPTO_HMAC)'
	need CONFIG_CRYPTO
	# NIST curves are optional (RFC 8548 section 5, table 2)
	macro ECC 'IS_REACHABLE(CONFIG_CRYPTO_ECC) && IS_REACHABLE(CONFIG_MPILIB)'
}

# The kernel's flags leave the number of errors at the compiler's default,
# which is 20 for clang.
compile() { "$@" -DMODULE -DKBUILD_MODNAME='"tcpcrypt"' -w -fmax-errors=0 \
	-fno-diagnostics-color -fsyntax-only -x c "$src" 2>"$log" </dev/null; }

failed() { grep -q "^probe_$1:.*error:" "$log"; }

includes >"$src" || die "cannot write $src"
compile "$@" || die "the compiler cannot build anything with this kernel's headers:"

# Not in a subshell: probes() collects names.
probes >>"$src"
compile "$@"

if ! failed SELF_BAD || failed SELF_GOOD ||
   grep 'error:' "$log" | grep -q -v '^probe_[A-Z0-9_]*:'; then
	die "the probes of the kernel's features went wrong:"
fi

for n in $needs; do
	! failed "$n" || case $n in
	CONFIG_NET)
		die "this kernel needs CONFIG_INET and CONFIG_NETFILTER" ;;
	CONFIG_CRYPTO)
		die "this kernel needs CONFIG_CRYPTO_LIB_CURVE25519, _GCM and _HMAC" ;;
	*)
		die "this kernel is not supported, see probe $n in probe.sh:" ;;
	esac
done

{
	echo "/* SPDX-License-Identifier: GPL-2.0-only */"
	echo "/* Made by scripts/probe.sh for one kernel; do not edit. */"
	echo "#ifndef _TCPCRYPT_CONFIG_H"
	echo "#define _TCPCRYPT_CONFIG_H"
	echo
	for n in $names; do
		case $n in SELF_*) continue ;; esac
		if failed "$n"; then
			echo "/* TCPCRYPT_HAVE_$n is not set */"
		else
			echo "#define TCPCRYPT_HAVE_$n 1"
		fi
	done
	echo
	echo "#endif /* _TCPCRYPT_CONFIG_H */"
} >"$new" || die "cannot write $new"

# Unchanged, keep the time stamp: nothing has to be built again.
cmp -s "$new" "$out" || mv -f "$new" "$out" || die "cannot write $out"
exit 0
