/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef LIBTCPCRYPT_INTERNAL_H
#define LIBTCPCRYPT_INTERNAL_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

#include "tcpcrypt.h"

/*
 * Longest wait for a handshake to settle, in milliseconds: more than the
 * module's kex_timeout, which bounds it for the kernel.
 */
#define SETTLE_MS	30000

/* What the linker script exports; all else stays inside */
#define EXPORT		__attribute__((visibility("default")))

int64_t lib_now_ms(void);
int lib_poll(int fd, short events, int64_t deadline);
int lib_send_all(int fd, const void *buf, size_t len, int64_t deadline);
int lib_recv_all(int fd, void *buf, size_t len, int64_t deadline);
bool lib_connected(int fd);

#endif /* LIBTCPCRYPT_INTERNAL_H */
