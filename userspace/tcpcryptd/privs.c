// SPDX-License-Identifier: GPL-2.0-only
/*
 * Giving up what is not needed.
 */
#include <err.h>
#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <linux/capability.h>

#include "tcpcryptd.h"

/**
 * privs_only_cap() - give up all capabilities but one
 * @cap: the one; negative for none
 */
void privs_only_cap(int cap)
{
	struct __user_cap_header_struct hdr = {
		.version = _LINUX_CAPABILITY_VERSION_3,
	};
	struct __user_cap_data_struct data[2] = { 0 };

	if (cap >= 0) {
		data[CAP_TO_INDEX(cap)].effective = CAP_TO_MASK(cap);
		data[CAP_TO_INDEX(cap)].permitted = CAP_TO_MASK(cap);
	}
	if (syscall(SYS_capset, &hdr, data))
		err(1, "capset");
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
		err(1, "PR_SET_NO_NEW_PRIVS");
}

static const struct passwd *find_user(const char *user)
{
	const struct passwd *pw;

	errno = 0;
	pw = getpwnam(user);
	if (!pw)
		errx(1, "Can't find user '%s'", user);
	return pw;
}

static void become(const struct passwd *pw)
{
	if (initgroups(pw->pw_name, pw->pw_gid) ||
	    setresgid(pw->pw_gid, pw->pw_gid, pw->pw_gid) ||
	    setresuid(pw->pw_uid, pw->pw_uid, pw->pw_uid))
		err(1, "cannot become user '%s'", pw->pw_name);
}

/**
 * privs_drop() - become somebody who can no more than configure the network
 * @user: who
 * @jail: directory to be locked up in, or NULL
 *
 * Who does not start as root keeps the user it has.
 */
void privs_drop(const char *user, const char *jail)
{
	const struct passwd *pw;

	if (geteuid()) {
		privs_only_cap(CAP_NET_ADMIN);
		return;
	}
	say(1, "Attempting to drop privileges with chroot=%s and user=%s",
	    jail ? jail : "/", user);
	pw = find_user(user);
	if (jail && chroot(jail))
		err(1, "Could not chroot to %s", jail);
	if (chdir("/"))
		err(1, "/");
	if (prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0))
		err(1, "PR_SET_KEEPCAPS");
	become(pw);
	privs_only_cap(CAP_NET_ADMIN);
	/* The change of user made /proc/self root's, and us undumpable */
	prctl(PR_SET_DUMPABLE, 1, 0, 0, 0);
}

/**
 * privs_to_user() - become somebody who can nothing
 * @user: who; unless the process does not run as root anyway
 */
void privs_to_user(const char *user)
{
	if (!geteuid())
		become(find_user(user));
	privs_only_cap(-1);
}
