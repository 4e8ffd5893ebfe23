/* SPDX-License-Identifier: MIT */
/*
 * The failures of a history, added up by the network, address or user that they are of: who tries
 * many accounts from one place, and who got in after that.
 */
#ifndef DOVETAP_CLI_ATTEMPTS_H
#define DOVETAP_CLI_ATTEMPTS_H

#include "cli/history_list.h"
#include "login/ip_mask.h"

enum attempts_by {
	ATTEMPTS_BY_NETWORK, /* /24 and /48 */
	ATTEMPTS_BY_ADDRESS,
	ATTEMPTS_BY_USER,
};

struct attempts_group {
	struct slice name; /* "192.0.2.0/24", "192.0.2.7", the user; empty: no address is known */
	uint64_t failures;
	uint64_t users, addresses; /* different ones that failed */
	uint64_t successes; /* users who failed and after that logged in, from there (of a user:
			     * from anywhere) */
	int64_t first_ns, last_ns; /* of the failures */
};

struct attempts {
	struct attempts_group *groups; /* most users first, then most failures */
	size_t count;
	struct attempt *all;
	char (*networks)[IP_NETWORK_TEXT_MAX]; /* texts of names */
};

/*
 * Adds up the failures from since_ns on; logins before are none after a failure. Failures of the
 * mail server itself (internal_failure) are left out. The list must stay. Returns 0 or -ENOMEM.
 */
int attempts_make(const struct history_list *list, enum attempts_by by, int64_t since_ns,
		  struct attempts *attempts_r, struct error *error_r);
void attempts_release(struct attempts *attempts); /* also a zeroed one */

#endif
