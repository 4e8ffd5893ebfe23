/* SPDX-License-Identifier: MIT */
/*
 * The keys under which a user's logins may stand in a dict, for who asks afterwards: of every route
 * that leads there, whichever block it comes from, and for every service, whether it is recorded
 * now or was. What only a login knows is open in them (struct dict_key).
 */
#ifndef DOVETAP_PLAN_PLAN_SEARCH_H
#define DOVETAP_PLAN_PLAN_SEARCH_H

#include "plan/plan.h"

struct plan_search {
	struct dict_key *keys;
	const char **services; /* of each key; "" when the key does not depend on it */
	const char **served;   /* of each key: the services that its route records, "imap, pop3"; a
				* "*" among them is any other */
	size_t count;

	/* What the keys point to. */
	struct buf text;
	struct key_part *parts;
	size_t part_count, part_size;
};

/*
 * user.len 0: keys of nobody, for listings; the parts of the user are then open, too. services are
 * asked for beside those that Dovecot and the configuration have; ends with NULL, may be NULL.
 * Errors: -ENOMEM; -E2BIG for a name of hundreds of kilobytes; -EOPNOTSUPP when a key of the plan
 * does not show whose it is. *search_r is then empty.
 */
int plan_search_make(const struct plan *plan, size_t dict, struct slice user,
		     const char *const *services, struct plan_search *search_r,
		     struct error *error_r);

/* The same of all that is recorded of the user: failures, fields of logins. */
int plan_search_make_all(const struct plan *plan, size_t dict, struct slice user,
			 struct plan_search *search_r, struct error *error_r);
void plan_search_release(struct plan_search *search);

#endif
