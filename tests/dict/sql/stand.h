/* SPDX-License-Identifier: MIT */
/* One SQL server with one table and one dict on it, for the stories in conformance.c. */
#ifndef DOVETAP_SQL_STAND_H
#define DOVETAP_SQL_STAND_H

#include "store/dict.h"

#include "../../unit/cmocka_all.h"

struct stand {
	const char *name;
	const struct dict_driver *driver;
	const char *script;	/* in tests/servers: what starts, stops and asks the server */
	const char *connect[2]; /* around the directory */
	const char *hex[2];	/* around a column, for its bytes in hex */
	char dir[64];
	struct dict *dict;
};

/* Starts and ends the server itself. */
void stand_start(struct stand *stand);
void stand_stop(struct stand *stand);

/* A verb of the script: "kill", "start", "pause", "resume". */
void stand_do(const struct stand *stand, const char *verb);

/* Runs statements as administrator through the server's own client; returns what it printed,
 * rows as lines, columns split by tabs; valid until the next call. */
const char *stand_sql(const struct stand *stand, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

/* Opens the dict with this map; connect NULL means the stand's own. Closes the one before. */
void stand_open(struct stand *stand, const char *maps, const char *connect, const char *version);
void stand_close(struct stand *stand);

/* A login on its way into the dict. */
struct login {
	const char *service, *user, *remote_ip;
	int64_t ms;
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
int stand_write(struct stand *stand, struct batch *batch);
int stand_write_until(struct stand *stand, struct batch *batch, int64_t ms);

/* One login with this outcome; returns the reason in a static buffer. */
const char *stand_expect(struct stand *stand, struct login login, enum dict_outcome expected);

void assert_outcome(enum dict_outcome got, enum dict_outcome expected, const char *reason);

#endif
