/* SPDX-License-Identifier: MIT */
/*
 * What conformance.c puts to the test: a driver with its store.
 *
 * A new driver needs a struct subject (in a file of its own or in subjects.c) and a line in
 * subjects[] there. The same cases then run against it; traits tell where it may differ.
 */
#ifndef DOVETAP_TEST_SUBJECT_H
#define DOVETAP_TEST_SUBJECT_H

#include "server.h"
#include "store/dict.h"

enum trait {
	TRAIT_SERVER = 1 << 0,	  /* harness->server can be paused, killed and started again */
	TRAIT_ANY_VALUE = 1 << 1, /* values need not be numbers */
	TRAIT_ROW = 1 << 2,	  /* one row per user and service; lookup returns the address */
	TRAIT_FORGETS = 1 << 3,	  /* a restarted server has lost its records */
	TRAIT_PRECISION = 1 << 4, /* times of different precision compare rightly */
	TRAIT_BLIND = 1 << 5,	  /* keeps the newest without telling which one that was */
	TRAIT_SLOW = 1 << 6,	  /* rewrites all it has for each record: no batch of 5,000 */
	TRAIT_EXPIRES = 1 << 7,	  /* removes old records when asked, as DICT_CAP_EXPIRE says */
	TRAIT_VOLATILE = 1 << 8,  /* a dict that is closed has lost its records */
	TRAIT_LEARNS =
		1 << 9, /* waits, once opened and at each ping, for a refusal that may come */
	TRAIT_HISTORY = 1 << 10, /* keeps a history (dict_config.history) */
	TRAIT_RECENT = 1 << 11,	 /* and finds the newest rows of all users */
};

struct harness {
	const struct subject *subject;
	struct server server;
	struct dict *dict;
	char dir[64];  /* temporary, removed afterwards */
	char uri[512]; /* what start() opened; conformance.c opens it again for some cases */
	struct dict_config config;
};

struct subject {
	const char *name;
	unsigned int traits;

	/* Starts the store and fills uri or config. Returns NULL, or why it cannot run here. */
	const char *(*start)(struct harness *harness);

	/* Optional. Is this user name one that the store cannot take? Then the outcome must be
	 * REFUSED; otherwise it must come back byte for byte. */
	bool (*refuses)(struct slice key);

	void (*stop)(struct harness *harness); /* optional; the server is killed without it */
};

/* Is the user longer than the VARBINARY(255) of the tables here? */
bool mysql_refuses(struct slice key);

/* Every driver there is; ends with NULL. */
extern const struct subject *const subjects[];

#endif
