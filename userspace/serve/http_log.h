/* SPDX-License-Identifier: MIT */
/*
 * What libmicrohttpd reports of its clients, in the log: one line a minute, with how many were left
 * out before it. Anybody who may connect can cause as many as he likes.
 */
#ifndef DOVETAP_SERVE_HTTP_LOG_H
#define DOVETAP_SERVE_HTTP_LOG_H

#include <stdarg.h>
#include <stdint.h>

struct http_log {
	const char *listen; /* what the lines begin with; borrowed */
	int64_t next_ns;    /* monotonic: there is no line before; 0: there was none */
	uint64_t left_out;  /* since the last line */
};

/* For MHD_OPTION_EXTERNAL_LOGGER; context is the struct http_log. */
void http_log_line(void *context, const char *format, va_list arguments)
	__attribute__((format(printf, 2, 0)));

#endif
