/* SPDX-License-Identifier: MIT */
/* A question to the running collector, on its control socket. */
#ifndef DOVETAP_CLI_CONTROL_H
#define DOVETAP_CLI_CONTROL_H

#include "base/buf.h"
#include "base/error.h"

#define CONTROL_DEFAULT	   "/run/dovetap/control.sock"
#define CONTROL_ANSWER_MAX (2U << 20)

/*
 * Appends the answer's body to out. page is "/metrics" (the Prometheus text) or "/status" (JSON).
 * Returns 0 or a negative errno.
 */
int control_get(const char *control, const char *page, struct buf *out, struct error *error_r);

/*
 * Asks for the action on the argument, which may be any bytes: "/forget" on a user. -ENOENT,
 * -ECONNREFUSED: nobody is there.
 */
int control_act(const char *control, bool post, const char *action, struct slice argument,
		struct buf *out, struct error *error_r);

/*
 * Where the collector answers: given, if that is not NULL; else control_socket of the configuration
 * at config. When that is NULL, of the one that is there by default, and CONTROL_DEFAULT where
 * there is none, or this user may not read it. It stays. Errors: those of a file that was named,
 * -EINVAL.
 */
int control_find(const char *given, const char *config, const char **control_r,
		 struct error *error_r);

/* The exit status for what these return. */
int control_status(int ret);

/* The value of a metric without labels in the Prometheus text, or fallback. */
double control_metric(const struct buf *text, const char *name, double fallback);

#endif
