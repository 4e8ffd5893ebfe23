/* SPDX-License-Identifier: MIT */
/* One SQL server with one table and one dict on it, for the scenarios in conformance.c. */
#ifndef DOVETAP_SQL_HARNESS_H
#define DOVETAP_SQL_HARNESS_H

#include "../../unit/cmocka_all.h"
#include "store/dict.h"

struct sql_harness {
	const char *name;
	const struct dict_driver *driver;
	const char *script;	/* in tests/servers: what starts, stops and asks the server */
	const char *connect[2]; /* around the directory */
	const char *hex[2];	/* around a column, for its bytes in hex */
	char dir[64];
	struct dict *dict;
};

/* Starts and ends the server itself. */
void sql_harness_start(struct sql_harness *harness);
void sql_harness_stop(struct sql_harness *harness);

/* A verb of the script: "kill", "start", "pause", "resume". */
void sql_harness_do(const struct sql_harness *harness, const char *verb);

/* Runs statements as administrator through the server's own client; returns what it printed,
 * rows as lines, columns split by tabs; valid until the next call. */
const char *sql_harness_ask(const struct sql_harness *harness, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

/* Opens the dict with this map; connect NULL means the harness's own. Closes the one before. */
void sql_harness_open(struct sql_harness *harness, const char *maps, const char *connect,
		      const char *version);
void sql_harness_close(struct sql_harness *harness);

/* A login on its way into the dict. */
struct login {
	const char *service, *user, *remote_ip;
	int64_t value; /* of any precision */
};

#define LOGINS_MAX 1000

struct batch {
	struct dict_entry entries[LOGINS_MAX];
	struct key_part parts[LOGINS_MAX][3];
	char *keys[LOGINS_MAX];
	char values[LOGINS_MAX][24];
	size_t count;
	struct error error;
};

void batch_add(struct batch *batch, const struct login *login);
void batch_clear(struct batch *batch);

/* Writes with a deadline that only a hanging server reaches. */
int sql_harness_write(struct sql_harness *harness, struct batch *batch);
int sql_harness_write_until(struct sql_harness *harness, struct batch *batch, int64_t ms);

/* One login with this outcome; returns the reason in a static buffer. */
const char *sql_harness_expect(struct sql_harness *harness, struct login login,
			       enum dict_outcome expected);

void assert_outcome(enum dict_outcome got, enum dict_outcome expected, const char *reason);

#endif
