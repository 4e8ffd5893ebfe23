/* SPDX-License-Identifier: MIT */
#include "cli/roster.h"

#include <errno.h>
#include <stdlib.h>

#include "store/sqlite_util.h"

/* No user has a record of this class: it stands for a user without one. */
#define NO_RECORD SERVICE_CLASSES

static const char schema[] = "PRAGMA temp_store = FILE;"
			     "PRAGMA journal_mode = OFF;"
			     "PRAGMA synchronous = OFF;"
			     "CREATE TABLE record (user, class INTEGER, service, remote_ip,"
			     " time_ns INTEGER, value,"
			     " PRIMARY KEY (user, class, service, remote_ip)) WITHOUT ROWID;"
			     "CREATE TABLE waiting (user, class INTEGER, service, remote_ip,"
			     " time_ns INTEGER, value,"
			     " PRIMARY KEY (user, class, service, remote_ip)) WITHOUT ROWID;"
			     "BEGIN";

#define NEWEST_WINS                                                                                \
	" ON CONFLICT DO UPDATE SET time_ns = excluded.time_ns, value = excluded.value "           \
	"WHERE excluded.time_ns > time_ns"

enum statement { ADD, ADD_WAITING, TAKE, TAKE_ALL, STATEMENTS };

static const char *const texts[STATEMENTS] = {
	[ADD] = "INSERT INTO record VALUES (?1, ?2, ?3, ?4, ?5, ?6)" NEWEST_WINS,
	[ADD_WAITING] = "INSERT INTO waiting VALUES (?1, ?2, ?3, ?4, ?5, ?6)" NEWEST_WINS,
	[TAKE] = "INSERT INTO record SELECT ?2, class, service, remote_ip, time_ns, value "
		 "FROM waiting WHERE user = ?1" NEWEST_WINS,
	[TAKE_ALL] = "INSERT INTO record SELECT * FROM waiting WHERE true" NEWEST_WINS,
};

struct roster {
	sqlite3 *db;
	sqlite3_stmt *statements[STATEMENTS];
};

_Static_assert(NO_RECORD == 3, "a statement below has this number");

static int fail(struct roster *roster, struct error *error_r)
{
	return sqlite_error(roster->db, "temporary file of the records", error_r);
}

int roster_new(struct roster **roster_r, struct error *error_r)
{
	struct roster *roster = calloc(1, sizeof(*roster));
	int ret = 0;

	if (!roster)
		return error_set(error_r, ENOMEM, "out of memory");
	if (sqlite3_open("", &roster->db) != SQLITE_OK ||
	    sqlite3_exec(roster->db, schema, NULL, NULL, NULL) != SQLITE_OK)
		ret = fail(roster, error_r);
	for (unsigned int i = 0; i < STATEMENTS && ret == 0; i++) {
		if (sqlite3_prepare_v2(roster->db, texts[i], -1, &roster->statements[i], NULL) !=
		    SQLITE_OK)
			ret = fail(roster, error_r);
	}
	if (ret < 0)
		roster_free(&roster);
	else
		*roster_r = roster;
	return ret;
}

void roster_free(struct roster **roster)
{
	if (!*roster)
		return;
	for (unsigned int i = 0; i < STATEMENTS; i++)
		(void)sqlite3_finalize((*roster)->statements[i]);
	(void)sqlite3_close((*roster)->db);
	free(*roster);
	*roster = NULL;
}

/* --- taking in -------------------------------------------------------------------------------- */

static int bind_bytes(sqlite3_stmt *stmt, int index, struct slice text)
{
	return sqlite3_bind_blob64(stmt, index, text.ptr ? text.ptr : "", text.len, SQLITE_STATIC);
}

static int run(struct roster *roster, enum statement which, struct error *error_r)
{
	int code = sqlite3_step(roster->statements[which]);

	(void)sqlite3_reset(roster->statements[which]);
	return code == SQLITE_DONE ? 0 : fail(roster, error_r);
}

static int add(struct roster *roster, enum statement which, const struct roster_record *record,
	       struct error *error_r)
{
	sqlite3_stmt *stmt = roster->statements[which];

	if (bind_bytes(stmt, 1, record->user) != SQLITE_OK ||
	    sqlite3_bind_int(stmt, 2, (int)record->class) != SQLITE_OK ||
	    bind_bytes(stmt, 3, record->service) != SQLITE_OK ||
	    bind_bytes(stmt, 4, record->remote_ip) != SQLITE_OK ||
	    sqlite3_bind_int64(stmt, 5, record->time_ns) != SQLITE_OK ||
	    bind_bytes(stmt, 6, record->value) != SQLITE_OK)
		return fail(roster, error_r);
	return run(roster, which, error_r);
}

int roster_add(struct roster *roster, const struct roster_record *record, struct error *error_r)
{
	return add(roster, ADD, record, error_r);
}

int roster_add_waiting(struct roster *roster, const struct roster_record *record,
		       struct error *error_r)
{
	return add(roster, ADD_WAITING, record, error_r);
}

int roster_take_waiting(struct roster *roster, struct slice user, struct slice as,
			struct error *error_r)
{
	sqlite3_stmt *stmt = roster->statements[TAKE];

	if (bind_bytes(stmt, 1, user) != SQLITE_OK || bind_bytes(stmt, 2, as) != SQLITE_OK)
		return fail(roster, error_r);
	return run(roster, TAKE, error_r);
}

int roster_take_all_waiting(struct roster *roster, struct error *error_r)
{
	return run(roster, TAKE_ALL, error_r);
}

int roster_add_user(struct roster *roster, struct slice user, struct error *error_r)
{
	const struct roster_record record = {.user = user, .time_ns = -1, .class = NO_RECORD};

	return roster_add(roster, &record, error_r);
}

/* --- handing out ------------------------------------------------------------------------------ */

static struct roster_record record_of(sqlite3_stmt *stmt)
{
	return (struct roster_record){
		.user = sqlite_column_bytes_slice(stmt, 0),
		.class = (enum service_class)sqlite3_column_int(stmt, 1),
		.service = sqlite_column_bytes_slice(stmt, 2),
		.remote_ip = sqlite_column_bytes_slice(stmt, 3),
		.time_ns = sqlite3_column_int64(stmt, 4),
		.value = sqlite_column_bytes_slice(stmt, 5),
	};
}

static int prepare(struct roster *roster, const char *text, const struct roster_query *query,
		   sqlite3_stmt **stmt_r, struct error *error_r)
{
	if (sqlite3_prepare_v2(roster->db, text, -1, stmt_r, NULL) != SQLITE_OK)
		return fail(roster, error_r);
	(void)sqlite3_bind_text(*stmt_r, 1, query->mask ? query->mask : "", -1, SQLITE_STATIC);
	(void)sqlite3_bind_int64(*stmt_r, 2, query->limit > 0 ? query->limit : -1);
	(void)sqlite3_bind_int64(*stmt_r, 3, query->older_than_ns);
	return 0;
}

/* Ends the statement with what its last step has returned. */
static int finish(struct roster *roster, sqlite3_stmt *stmt, int code, struct error *error_r)
{
	int ret = code == SQLITE_DONE || code == SQLITE_ROW ? 0 : fail(roster, error_r);

	(void)sqlite3_finalize(stmt);
	return ret;
}

#define MASKED	"(?1 = '' OR CAST(user AS TEXT) GLOB ?1)"
#define COLUMNS "user, class, service, remote_ip, time_ns, value"

/* Those who are only asked for have a row as long as there is no other. */
#define RECORDS                                                                                    \
	"SELECT " COLUMNS " FROM record AS r WHERE " MASKED " AND ?3 = ?3 AND (class < 3 OR NOT "  \
	"EXISTS (SELECT 1 FROM record WHERE user = r.user AND class < 3)) ORDER BY "
#define TIME_OF(class) "CASE class WHEN " #class " THEN time_ns END"
#define BEHIND	       ", time_ns DESC, service, remote_ip LIMIT ?2"

static const char *const record_texts[ROSTER_ORDERS][2] = {
	[ROSTER_BY_USER] = {RECORDS "user" BEHIND, RECORDS "user DESC" BEHIND},
	[ROSTER_BY_LOGIN] = {RECORDS TIME_OF(0) ", user" BEHIND,
			     RECORDS TIME_OF(0) " DESC, user" BEHIND},
	[ROSTER_BY_DELIVERY] = {RECORDS TIME_OF(1) ", user" BEHIND,
				RECORDS TIME_OF(1) " DESC, user" BEHIND},
};

int roster_each_record(struct roster *roster, const struct roster_query *query,
		       roster_record_cb *cb, void *context, struct error *error_r)
{
	sqlite3_stmt *stmt;
	int code, ret = prepare(roster, record_texts[query->order][query->reverse], query, &stmt,
				error_r);

	if (ret < 0)
		return ret;
	while ((code = sqlite3_step(stmt)) == SQLITE_ROW) {
		const struct roster_record record = record_of(stmt);

		if (cb(&record, context) != 0)
			break;
	}
	return finish(roster, stmt, code, error_r);
}

/*
 * A user's newest login, delivery and other record side by side. SQLite gives the other columns of
 * the row that has the maximum; each class is read in the order of its key, and nothing is sorted
 * but for another order.
 */
#define NEWEST(class, alias)                                                                       \
	" LEFT JOIN record AS " alias " ON " alias ".user = u.user AND " alias ".class = " #class  \
		" AND NOT EXISTS (SELECT 1 FROM record AS n WHERE n.user = u.user AND "            \
		"n.class = " #class " AND (n.time_ns, n.service, n.remote_ip) > (" alias           \
				    ".time_ns, " alias ".service, " alias ".remote_ip))"
#define SEEN(alias) alias ".service, " alias ".remote_ip, " alias ".time_ns, " alias ".value"
#define PERSONS                                                                                    \
	"SELECT u.user, " SEEN("l") ", " SEEN("d") ", " SEEN(                                      \
		"o") " FROM (SELECT DISTINCT user "                                                \
		     "FROM record) AS u" NEWEST(0, "l") NEWEST(1, "d")                             \
			     NEWEST(2, "o") " WHERE (?1 = '' OR CAST(u.user AS TEXT) GLOB ?1) "    \
					    "AND COALESCE(l.time_ns, -1) < ?3 ORDER BY "

static const char *const person_texts[ROSTER_ORDERS][2] = {
	[ROSTER_BY_USER] = {PERSONS "u.user LIMIT ?2", PERSONS "u.user DESC LIMIT ?2"},
	[ROSTER_BY_LOGIN] = {PERSONS "l.time_ns, u.user LIMIT ?2",
			     PERSONS "l.time_ns DESC, u.user LIMIT ?2"},
	[ROSTER_BY_DELIVERY] = {PERSONS "d.time_ns, u.user LIMIT ?2",
				PERSONS "d.time_ns DESC, u.user LIMIT ?2"},
};

static struct roster_seen seen_of(sqlite3_stmt *stmt, int column)
{
	if (sqlite3_column_type(stmt, column + 2) == SQLITE_NULL)
		return (struct roster_seen){.time_ns = -1};
	return (struct roster_seen){
		.service = sqlite_column_bytes_slice(stmt, column),
		.remote_ip = sqlite_column_bytes_slice(stmt, column + 1),
		.time_ns = sqlite3_column_int64(stmt, column + 2),
		.value = sqlite_column_bytes_slice(stmt, column + 3),
	};
}

int roster_each_person(struct roster *roster, const struct roster_query *query,
		       roster_person_cb *cb, void *context, struct error *error_r)
{
	sqlite3_stmt *stmt;
	int code, ret = prepare(roster, person_texts[query->order][query->reverse], query, &stmt,
				error_r);

	if (ret < 0)
		return ret;
	while ((code = sqlite3_step(stmt)) == SQLITE_ROW) {
		struct roster_person person = {.user = sqlite_column_bytes_slice(stmt, 0)};

		for (int i = 0; i < SERVICE_CLASSES; i++)
			person.seen[i] = seen_of(stmt, 1 + 4 * i);
		if (cb(&person, context) != 0)
			break;
	}
	return finish(roster, stmt, code, error_r);
}
