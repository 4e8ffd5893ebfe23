/* SPDX-License-Identifier: MIT */
/*
 * Answers requests on a unix socket or a loopback address, and with TLS and a way to know who asks
 * (serve/security.h) on any address, in the caller's event loop:
 *
 *	/metrics  Prometheus text, or OpenMetrics for those who accept it
 *	/status   the same as JSON     /livez   200 while the loop runs
 *	/summary  for a person         /readyz  200 once ready, 503 before
 *
 * and pages and actions of the caller's own. libmicrohttpd does the protocol. A page is made on
 * request.
 */
#ifndef DOVETAP_HTTP_H
#define DOVETAP_HTTP_H

#include <stdbool.h>

#include "base/error.h"
#include "base/loop.h"
#include "serve/metrics.h"
#include "serve/peer.h"
#include "serve/security.h"

struct http;

/* A page of its own; the path of the last one is NULL. */
struct http_page {
	const char *path, *type;
	int (*make)(struct buf *out, void *context); /* 0 or a negative errno */
};

/* What somebody asks for with one argument, "PATH?of=...": by POST when it changes something. The
 * path of the last one is NULL. */
struct http_action {
	const char *path;
	bool post;
	bool readers; /* members of http_config.readers may do it, too */
	int (*run)(struct slice argument, struct buf *out,
		   void *context); /* 0 or a negative errno */
};

struct http_config {
	const char *listen; /* "/path" or "127.0.0.1:9190", "[::1]:9190", "0.0.0.0:9190" */
	const struct security_files *security; /* NULL: for this machine, without TLS */
	void (*metrics_collect)(struct metrics *metrics, void *context); /* the numbers of now */
	int (*summary)(struct buf *out, void *context);			 /* the same for a person */
	bool (*ready)(void *context);
	const struct http_page *more;	   /* or NULL */
	const struct http_action *actions; /* or NULL */
	unsigned int timeout_seconds; /* a client that is silent for so long is given up [10] */
	void *context;

	/* For a unix socket: the name of a group whose members may ask, beside root and this user;
	 * all others may connect and are refused. NULL: the socket is for its owner and root. */
	const char *readers;
	gid_t readers_gid;
};

/*
 * Errors: -EINVAL for no address, one that is not loopback without all that is wanted there, and
 * for files that are none; -EADDRINUSE when another
 * process answers there (a socket file that nobody answers on is replaced), errno of bind(2).
 */
int http_open(struct loop *loop, const struct http_config *config, struct http **http_r,
	      struct error *error_r);
void http_close(struct http **http); /* takes NULL, sets NULL; removes the socket file */

#endif
