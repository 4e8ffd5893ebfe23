/* SPDX-License-Identifier: MIT */
/*
 * Who may use how much of a table that anybody on the machine can add to, by making files that look
 * like Dovecot's. Files of root in the initial mount namespace have all of it; a container has a
 * part (its mount namespace), and so has each other user, and all of them together: whoever makes
 * files up uses up his own part, and the Dovecot that starts later is found.
 */
#ifndef DOVETAP_SEARCH_QUOTA_H
#define DOVETAP_SEARCH_QUOTA_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/error.h"

struct quota_limits {
	const char *what; /* "Dovecot files" */
	size_t all;
	size_t others;	      /* of all users but root together */
	size_t per_user;      /* of one user who is not root */
	size_t per_namespace; /* of one mount namespace other than ours, of any user */
};

/* Whose an entry is. Users are as this machine numbers them, also those of a user namespace. */
struct quota_owner {
	uid_t uid;
	uint64_t namespace; /* of mounts; 0: ours */
};

struct quota {
	const struct quota_limits *limits;
	struct quota_owner owner; /* of what is to be added */
	size_t all, others, of_user, of_namespace;
};

/* Counts begin at 0; limits stay the caller's. */
void quota_init(struct quota *quota, const struct quota_limits *limits,
		const struct quota_owner *owner);

/* For each entry that is there. */
void quota_count(struct quota *quota, const struct quota_owner *owner);

/* 0, or -EDQUOT with the limit that would be exceeded. */
int quota_check(const struct quota *quota, struct error *error_r);

#endif
