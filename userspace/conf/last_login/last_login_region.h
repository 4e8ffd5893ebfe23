/* SPDX-License-Identifier: MIT */
/*
 * Inside of last_login: the sets of filters that logins can match together.
 *
 * Networks lie inside one another or apart, so of n networks there are at most n + 1 sets; the same
 * holds for names. The sets are enumerated by regions (conf_filter_covers()), not by subsets.
 */
#ifndef DOVETAP_CONF_LAST_LOGIN_LAST_LOGIN_REGION_H
#define DOVETAP_CONF_LAST_LOGIN_LAST_LOGIN_REGION_H

#include "conf/last_login/last_login_rule.h"

#define LAST_LOGIN_REGIONS_MAX 1000000U /* of one service */

/* Returns 0 to go on; filters has LAST_LOGIN_WORDS(rules) words and is valid during the call. */
typedef int last_login_region_fn(const uint64_t *filters, void *context);

/* Calls back for every region of the service, until that returns something else, which is returned.
 * -E2BIG for too many, -ENOMEM. */
int last_login_each_region(const struct last_login_rules *rules, const char *service,
			   last_login_region_fn *fn, void *context);

/* The filters that a login matches. */
void last_login_filters_of(const struct last_login_rules *rules, const struct conf_peer *peer,
			   uint64_t *filters);

#endif
