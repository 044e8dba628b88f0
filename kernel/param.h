/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Bounds of what an administrator can set, the same for the module parameters
 * and for the sysctls.
 */
#ifndef _TCPCRYPT_PARAM_H
#define _TCPCRYPT_PARAM_H

#define TCPCRYPT_KEX_TIMEOUT_MIN	1	/* seconds */
#define TCPCRYPT_KEX_TIMEOUT_MAX	300
#define TCPCRYPT_MAX_HALFOPEN_MIN	16	/* entries */
#define TCPCRYPT_MAX_HALFOPEN_MAX	1048576
#define TCPCRYPT_MAX_FRAME_MIN		64	/* bytes of application data */
#define TCPCRYPT_MAX_FRAME_MAX		65000

#endif /* _TCPCRYPT_PARAM_H */
