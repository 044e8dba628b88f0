// SPDX-License-Identifier: GPL-2.0-only
/*
 * The one place where the tracepoints of include/trace/events/tcpcrypt.h come
 * into being.
 */
#include "tcpcrypt.h"

#define CREATE_TRACE_POINTS
#include <trace/events/tcpcrypt.h>
