/* SPDX-License-Identifier: MIT */
/* Inside of last_login: from the filters that a login matches to its target, worked out before any
 * login comes. */
#ifndef DOVETAP_CONF_LAST_LOGIN_LAST_LOGIN_MATCH_H
#define DOVETAP_CONF_LAST_LOGIN_LAST_LOGIN_MATCH_H

#include "conf/last_login/last_login_resolve.h"

/* The outcomes so far. */
struct last_login_matches {
	const struct last_login_conf *conf;
	struct last_login_resolver resolver;
	struct match *known;
	struct last_login_target *targets;
	size_t target_count, target_room;
	const char *service; /* that is being added */
	struct error *error_r;
};

/* All: -ENOMEM, -EINVAL for a configuration that is wrong for such logins. To be released. */
int last_login_matches_init(struct last_login_matches *matches, struct last_login_conf *conf,
			    struct error *error_r);
/* Every outcome that logins of the service can have. */
int last_login_matches_add(struct last_login_matches *matches, const char *service,
			   struct error *error_r);
/* Moves targets and index into the configuration, in its memory. */
int last_login_matches_finish(struct last_login_matches *matches, struct last_login_conf *conf,
			      struct error *error_r);
void last_login_matches_release(struct last_login_matches *matches);

#endif
