/* SPDX-License-Identifier: GPL-2.0-only */
/* the owner of a file's signals became allocated when there is one */
#ifndef _COMPAT_LINUX_FS_H
#define _COMPAT_LINUX_FS_H

#include_next <linux/fs.h>
#include "tcpcrypt-config.h"

#ifndef TCPCRYPT_HAVE_FILE_F_OWNER
static inline const struct fown_struct *file_f_owner(const struct file *file)
{
	return &file->f_owner;
}
#endif

#endif /* _COMPAT_LINUX_FS_H */
