/* SPDX-License-Identifier: MIT */
/* Since when "no record" means "no login". */
#ifndef DOVETAP_CLI_SINCE_WHEN_H
#define DOVETAP_CLI_SINCE_WHEN_H

#include <argp.h>

#include "plan/plan.h"

/* The exit status of a question that reaches back to before the recording began. */
#define EXIT_TOO_EARLY 3

/*
 * When the last of all that records logins began (pipeline/since.h), in ns; the other services are
 * passed over. -ENOENT when that is not known; -ESTALE when nothing works there any more; with a
 * reason and what to do.
 */
int since_when(const struct plan *plan, const char *const *judged, int64_t *from_ns_r,
	       struct error *error_r);

/* The time of "--since 2026-01-31" (local midnight), of RFC 3339 ("2026-01-31T08:00:00Z") or of
 * "@1767225600"; ends the program when it is none. */
int64_t since_parse_time(const char *arg, struct argp_state *state);

#endif
