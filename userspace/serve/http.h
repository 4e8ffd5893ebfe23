/* SPDX-License-Identifier: MIT */
/*
 * Answers GET requests on a unix socket or a loopback address, in the caller's event loop:
 *
 *	/metrics  Prometheus text      /livez   200 while the loop runs
 *	/status   the same as JSON     /readyz  200 once ready, 503 before
 *	/summary  for a person
 *
 * libmicrohttpd does the protocol. The page is made when it is asked for.
 */
#ifndef DOVETAP_HTTP_H
#define DOVETAP_HTTP_H

#include "base/error.h"
#include "base/loop.h"
#include "serve/metrics.h"

#include <stdbool.h>

struct http;

struct http_config {
	const char *listen; /* "/path" or "127.0.0.1:9190", "[::1]:9190" */
	void (*gather)(struct metrics *metrics, void *context); /* the numbers of now */
	int (*summary)(struct buf *out, void *context);		/* the same for a person */
	bool (*ready)(void *context);
	void *context;
};

/*
 * Errors: -EINVAL for an address that is not loopback or no address, -EADDRINUSE when another
 * process answers there (a socket file that nobody answers on is replaced), errno of bind(2).
 */
int http_open(struct loop *loop, const struct http_config *config, struct http **http_r,
	      struct error *error_r);
void http_close(struct http **http); /* takes NULL, sets NULL; removes the socket file */

#endif
