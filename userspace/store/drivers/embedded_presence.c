/* SPDX-License-Identifier: MIT */
/* Is the embedded dict's file there, one of ours, and not empty? */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "store/drivers/embedded_private.h"

#define STATEMENT_SIZE 128

static bool has_table(struct embedded *sqlite, const char *name)
{
	return sqlite3_table_column_metadata(sqlite_handle_db(sqlite->file), NULL, name, NULL, NULL,
					     NULL, NULL, NULL, NULL) != SQLITE_ERROR;
}

/* Without any table of ours the file is another one, or has lost everything. */
static int find_tables(struct embedded *sqlite, struct dict_presence *presence)
{
	static const char *const names[] = {"last_login", "last_auth", "last_failure"};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (has_table(sqlite, names[i]))
			return dict_presence_set(presence, DICT_EMPTY, "%s: no table %s yet",
						 sqlite->settings.path, sqlite->table->name);
	}
	return dict_presence_set(presence, DICT_ABSENT, "%s: it has no table %s",
				 sqlite->settings.path, sqlite->table->name);
}

static int take_row(struct embedded *sqlite, sqlite3_stmt *stmt, struct dict_presence *presence,
		    struct error *error_r)
{
	int code = sqlite3_step(stmt);

	if (code != SQLITE_ROW && code != SQLITE_DONE)
		return embedded_fail(sqlite, code, error_r);
	return dict_presence_set(presence, code == SQLITE_ROW ? DICT_PRESENT : DICT_EMPTY,
				 "%s: table %s is empty", sqlite->settings.path,
				 sqlite->table->name);
}

static int find_row(struct embedded *sqlite, struct dict_presence *presence, struct error *error_r)
{
	char text[STATEMENT_SIZE];
	sqlite3_stmt *stmt = NULL;
	int code, ret;

	if (!has_table(sqlite, sqlite->table->name))
		return find_tables(sqlite, presence);
	(void)snprintf(text, sizeof(text), "SELECT userid, service, time_ns FROM %s LIMIT 1",
		       sqlite->table->name);
	code = sqlite3_prepare_v2(sqlite_handle_db(sqlite->file), text, -1, &stmt, NULL);
	ret = code == SQLITE_OK ? take_row(sqlite, stmt, presence, error_r)
				: embedded_fail(sqlite, code, error_r);
	(void)sqlite3_finalize(stmt);
	return ret;
}

int embedded_presence(struct dict *dict, const struct dict_key *keys, size_t key_count,
		      int64_t deadline_ns, struct dict_presence *presence_r, struct error *error_r)
{
	struct embedded *sqlite = (struct embedded *)dict;
	struct error error = {0};
	int ret = embedded_begin(sqlite, SQLITE_HANDLE_READ, deadline_ns, &error);

	(void)keys;
	(void)key_count;
	if (ret == -ENOENT)
		return dict_presence_set(presence_r, DICT_ABSENT, "%s: %s", sqlite->settings.path,
					 strerrordesc_np(ENOENT));
	if (ret < 0 && error_r)
		*error_r = error;
	if (ret < 0)
		return ret;
	ret = find_row(sqlite, presence_r, error_r);
	embedded_end(sqlite, ret);
	return ret;
}
