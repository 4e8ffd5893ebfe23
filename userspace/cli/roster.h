/* SPDX-License-Identifier: MIT */
/*
 * The records that were found, of any number of users, in a temporary file of SQLite's: what comes
 * from several dicts in any order is put together by user, and memory does not grow.
 */
#ifndef DOVETAP_CLI_ROSTER_H
#define DOVETAP_CLI_ROSTER_H

#include <stdint.h>

#include "base/error.h"
#include "base/slice.h"
#include "cli/service_class.h"

struct roster;

struct roster_record {
	struct slice user, service, remote_ip, value;
	int64_t time_ns; /* -1: the value is no time */
	enum service_class class;
};

/* The newest record of a class; none when value.ptr is NULL. */
struct roster_seen {
	struct slice service, remote_ip, value;
	int64_t time_ns;
};

struct roster_person {
	struct slice user;
	struct roster_seen seen[SERVICE_CLASSES];
};

enum roster_order { ROSTER_BY_USER, ROSTER_BY_LOGIN, ROSTER_BY_DELIVERY, ROSTER_ORDERS };

/* Whom to ask for; valid during the call. */
struct roster_query {
	const char *mask;      /* "*@example.com", or NULL */
	int64_t older_than_ns; /* whose newest login is older; INT64_MAX: all */
	enum roster_order order;
	bool reverse;
	int64_t limit; /* 0: none */
};

int roster_new(struct roster **roster_r, struct error *error_r);
void roster_free(struct roster **roster); /* takes NULL, sets NULL */

/* Of records with the same user, service and address the newest stays. Returns 0 or a negative
 * errno. */
int roster_add(struct roster *roster, const struct roster_record *record, struct error *error_r);

/* A user is known without any record. */
int roster_add_user(struct roster *roster, struct slice user, struct error *error_r);

/* The same for what a dict does not have: it waits until somebody is asked for whom it is. */
int roster_add_waiting(struct roster *roster, const struct roster_record *record,
		       struct error *error_r);

/* Takes in what waits for user, under the name of as; and all that waits. */
int roster_take_waiting(struct roster *roster, struct slice user, struct slice as,
			struct error *error_r);
int roster_take_all_waiting(struct roster *roster, struct error *error_r);

/* Texts are valid during the call. Returns 0 to go on, 1 to stop. */
typedef int roster_record_cb(const struct roster_record *record, void *context);
typedef int roster_person_cb(const struct roster_person *person, void *context);

/* In the order of the query, records that are no login (delivery) first where that is a time, and
 * those of a user newest first; a user without records has one of class SERVICE_CLASSES. */
int roster_each_record(struct roster *roster, const struct roster_query *query,
		       roster_record_cb *cb, void *context, struct error *error_r);

int roster_each_person(struct roster *roster, const struct roster_query *query,
		       roster_person_cb *cb, void *context, struct error *error_r);

#endif
