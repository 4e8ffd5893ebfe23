/* SPDX-License-Identifier: MIT */
#include "store/spool.h"

#include "base/clock.h"
#include "store/spool_parts.h"
#include "store/spool_state.h"
#include "store/sqlite_util.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define APPLICATION_ID	 0x44545350 /* "DTSP" */
#define USER_VERSION	 1
#define BUSY_MSECS	 5000
#define DEAD_LETTERS_MAX 100000

/* Users come in no order, so a transaction touches as many pages as it has rows. With the file of
 * 50,000 of them in memory, and the log given back after several transactions instead of after
 * each, that costs half. The log may have 16 MB then. */
#define SIZES "PRAGMA cache_size = -8000; PRAGMA wal_autocheckpoint = 4000"

/* All or nothing: half of it would be taken for another program's file. */
static const char schema[] =
	"BEGIN IMMEDIATE;"
	"PRAGMA application_id = 1146377040;"
	"CREATE TABLE pending (seq INTEGER PRIMARY KEY, key UNIQUE NOT NULL, value NOT NULL, "
	"time_ns INTEGER NOT NULL, parts TEXT NOT NULL, queued INTEGER NOT NULL);"
	"CREATE TABLE dead_letter (seq INTEGER PRIMARY KEY, key UNIQUE NOT NULL, value NOT NULL, "
	"time_ns INTEGER NOT NULL, parts TEXT NOT NULL, refused_ns INTEGER NOT NULL, "
	"reason TEXT NOT NULL);"
	"PRAGMA user_version = 1;"
	"COMMIT;";

static const char *const sql[STATEMENT_COUNT] = {
	[BEGIN] = "BEGIN IMMEDIATE",
	[COMMIT] = "COMMIT",
	[ROLLBACK] = "ROLLBACK",
	[COUNT] = "SELECT count(*) FROM pending",
	/* A row that came out of this table goes back behind the others. */
	[PUT_OFF] = "UPDATE pending SET seq = (SELECT max(seq) + 1 FROM pending) "
		    "WHERE key = ?1 AND time_ns = ?3",
	[KEEP] = "INSERT INTO pending (key, value, time_ns, parts, queued) "
		 "VALUES (?1, ?2, ?3, ?4, ?5) ON CONFLICT (key) DO UPDATE SET "
		 "value = excluded.value, time_ns = excluded.time_ns, parts = excluded.parts "
		 "WHERE time_ns < excluded.time_ns",
	[REMOVE] = "DELETE FROM pending WHERE key = ?1 AND time_ns <= ?3",
	[BURY] = "INSERT OR REPLACE INTO dead_letter "
		 "(key, value, time_ns, parts, refused_ns, reason) "
		 "VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
	[TRIM] = "DELETE FROM dead_letter WHERE seq <= (SELECT max(seq) FROM dead_letter) - ?1",
	[OLDEST] = "SELECT key, value, time_ns, parts FROM pending ORDER BY seq LIMIT ?1",
	[WRITTEN] = "SELECT at_ns, time_ns FROM written WHERE key = ?1",
	[NOTE] = "INSERT INTO written (key, time_ns, at_ns) VALUES (?1, ?3, ?5) "
		 "ON CONFLICT (key) DO UPDATE SET at_ns = excluded.at_ns, "
		 "time_ns = max(time_ns, excluded.time_ns)",
	[FORGET] = "DELETE FROM written WHERE at_ns <= ?1 OR at_ns > ?2",
	[HOLD] = "INSERT INTO held (key, value, time_ns, parts, due_ns) "
		 "VALUES (?1, ?2, ?3, ?4, ?6) ON CONFLICT (key) DO NOTHING",
	[HOLD_NEWER] = "UPDATE held SET value = ?2, time_ns = ?3, parts = ?4 "
		       "WHERE key = ?1 AND time_ns < ?3",
	[UNHOLD] = "DELETE FROM held WHERE key = ?1 AND time_ns <= ?3",
	/* Those that wait in "pending" already are brought up to date there. */
	[DUE_NEWER] = "UPDATE pending SET value = h.value, time_ns = h.time_ns, parts = h.parts "
		      "FROM held AS h WHERE h.key = pending.key AND "
		      "h.time_ns > pending.time_ns AND (h.due_ns <= ?1 OR h.due_ns > ?2)",
	[DUE_TO_PENDING] = "INSERT INTO pending (key, value, time_ns, parts, queued) "
			   "SELECT key, value, time_ns, parts, due_ns FROM held "
			   "WHERE due_ns <= ?1 OR due_ns > ?2 ORDER BY due_ns "
			   "ON CONFLICT (key) DO NOTHING",
	[REMOVE_DUE] = "DELETE FROM held WHERE due_ns <= ?1 OR due_ns > ?2",
	[HELD] = "SELECT count(*), min(due_ns) FROM held",
};

/* --- file ---------------------------------------------------------------------------------- */

static void disconnect(struct spool *spool)
{
	for (int i = 0; i < STATEMENT_COUNT; i++) {
		sqlite3_finalize(spool->statements[i]);
		spool->statements[i] = NULL;
	}
	sqlite3_close(spool->db);
	spool->db = NULL;
}

static int query_number(sqlite3 *db, const char *query, int64_t *number_r)
{
	sqlite3_stmt *statement = NULL;
	int code = sqlite3_prepare_v2(db, query, -1, &statement, NULL);

	if (code == SQLITE_OK)
		code = sqlite3_step(statement);
	if (code == SQLITE_ROW)
		*number_r = sqlite3_column_int64(statement, 0);
	sqlite3_finalize(statement);
	return code == SQLITE_ROW ? SQLITE_OK : code;
}

/* An empty file gets its tables; one of another version or program counts as damaged. */
static int prepare_schema(struct spool *spool, struct error *error_r)
{
	int64_t version = 0, application = 0, tables = 0;

	if (query_number(spool->db, "PRAGMA user_version", &version) != SQLITE_OK ||
	    query_number(spool->db, "PRAGMA application_id", &application) != SQLITE_OK ||
	    query_number(spool->db, "SELECT count(*) FROM sqlite_master", &tables) != SQLITE_OK)
		return sqlite_error(spool->db, spool->path, error_r);
	if (tables > 0 && (version != USER_VERSION || application != APPLICATION_ID))
		return error_set(error_r, EILSEQ, "%s: not a spool of this version", spool->path);
	if ((tables == 0 && sqlite3_exec(spool->db, schema, NULL, NULL, NULL) != SQLITE_OK) ||
	    sqlite3_exec(spool->db, spool_hold_schema, NULL, NULL, NULL) != SQLITE_OK)
		return sqlite_error(spool->db, spool->path, error_r);
	return 0;
}

static int prepare_statements(struct spool *spool, struct error *error_r)
{
	for (int i = 0; i < STATEMENT_COUNT; i++) {
		int code = sqlite3_prepare_v3(spool->db, sql[i], -1, SQLITE_PREPARE_PERSISTENT,
					      &spool->statements[i], NULL);

		/* A table or column that is not there: nothing that we made. */
		if (code == SQLITE_ERROR)
			return error_set(error_r, EILSEQ, "%s: %s", spool->path,
					 sqlite3_errmsg(spool->db));
		if (code != SQLITE_OK)
			return sqlite_error(spool->db, spool->path, error_r);
	}
	return 0;
}

void spool_set_count(struct spool *spool, uint64_t *count, uint64_t rows)
{
	if (rows > *count)
		spool->stats.found += rows - *count;
	else
		spool->stats.gone += *count - rows;
	*count = rows;
}

static int count_rows(struct spool *spool)
{
	int code = sqlite3_step(spool->statements[COUNT]);

	if (code == SQLITE_ROW)
		spool_set_count(spool, &spool->count,
				(uint64_t)sqlite3_column_int64(spool->statements[COUNT], 0));
	sqlite3_reset(spool->statements[COUNT]);
	return code == SQLITE_ROW ? SQLITE_OK : code;
}

static int connect_file(struct spool *spool, struct error *error_r)
{
	int ret;

	if (spool->db)
		return 0;
	ret = sqlite_open_file(spool->path, spool->synchronous, &spool->db, error_r);
	if (ret == 0 && sqlite3_exec(spool->db, SIZES, NULL, NULL, NULL) != SQLITE_OK)
		ret = sqlite_error(spool->db, spool->path, error_r);
	if (ret == 0)
		ret = prepare_schema(spool, error_r);
	if (ret == 0)
		ret = prepare_statements(spool, error_r);
	if (ret == 0 && (count_rows(spool) != SQLITE_OK || spool_count_held(spool) != SQLITE_OK))
		ret = sqlite_error(spool->db, spool->path, error_r);
	if (ret == 0)
		sqlite3_busy_timeout(spool->db, BUSY_MSECS);
	else
		disconnect(spool);
	return ret;
}

static bool is_sound(struct spool *spool)
{
	sqlite3_stmt *check = NULL;
	bool sound = sqlite3_prepare_v2(spool->db, "PRAGMA quick_check(1)", -1, &check, NULL) ==
			     SQLITE_OK &&
		     sqlite3_step(check) == SQLITE_ROW &&
		     strcmp((const char *)sqlite3_column_text(check, 0), "ok") == 0;

	sqlite3_finalize(check);
	return sound;
}

/* SQLite also takes it for damage when a read fails once: a fresh connection must say the same. */
static bool is_damaged(struct spool *spool)
{
	int ret;

	disconnect(spool);
	ret = connect_file(spool, NULL);
	return ret == -EILSEQ || (ret == 0 && !is_sound(spool));
}

/* The -wal and -shm files belong to the file that goes; SQLite must not apply them to a new one. */
static void move_aside(struct spool *spool)
{
	static const char *const suffixes[] = {"", "-wal", "-shm"};
	char from[4096], to[4096];
	int64_t now = clock_wall_ns();

	disconnect(spool);
	for (size_t i = 0; i < sizeof(suffixes) / sizeof(suffixes[0]); i++) {
		snprintf(from, sizeof(from), "%s%s", spool->path, suffixes[i]);
		snprintf(to, sizeof(to), "%s.damaged-%lld%s", spool->path, (long long)now,
			 suffixes[i]);
		if (rename(from, to) < 0 && errno != ENOENT)
			(void)unlink(from);
	}
	spool->stats.lost += spool->count + spool->held;
	spool->stats.damaged++;
	spool->count = spool->held = 0;
	spool->due_ns = INT64_MAX;
}

int spool_connect(struct spool *spool, struct error *error_r)
{
	int ret = connect_file(spool, error_r);

	if (ret != -EILSEQ)
		return ret;
	if (!is_damaged(spool))
		return spool->db ? 0 : error_set(error_r, EIO, "%s: cannot be read", spool->path);
	move_aside(spool);
	return ret;
}

/* --- life ---------------------------------------------------------------------------------- */

static int check_options(const struct spool_options *options, struct error *error_r)
{
	static const char *const levels[] = {"full", "normal", "off"};
	bool known = !options->synchronous;

	for (size_t i = 0; i < sizeof(levels) / sizeof(levels[0]) && !known; i++)
		known = strcmp(levels[i], options->synchronous) == 0;
	if (!known)
		return error_set(error_r, EINVAL, "Invalid synchronous: %s (full, normal or off)",
				 options->synchronous);
	for (const char *p = options->name; *p; p++) {
		if (!isalnum((unsigned char)*p) && !strchr("-_.", *p))
			known = false;
	}
	if (!known || options->name[0] == '\0' || options->name[0] == '.')
		return error_set(error_r, EINVAL,
				 "Invalid spool name: %s (letters, digits, \"-\", \"_\", \".\")",
				 options->name);
	return 0;
}

static struct spool *spool_alloc(const struct spool_options *options)
{
	struct spool *spool = calloc(1, sizeof(*spool));

	if (!spool)
		return NULL;
	spool->dead_letters_max =
		options->dead_letters_max ? options->dead_letters_max : DEAD_LETTERS_MAX;
	spool->min_interval_ns = options->min_interval_ns;
	spool->now = options->now ? options->now : clock_wall_ns;
	spool->due_ns = INT64_MAX;
	spool->synchronous = strdup(options->synchronous ? options->synchronous : "full");
	if (asprintf(&spool->path, "%s/%s.spool", options->dir, options->name) < 0)
		spool->path = NULL;
	if (!spool->path || !spool->synchronous)
		spool_close(&spool);
	return spool;
}

int spool_open(const struct spool_options *options, struct spool **spool_r, struct error *error_r)
{
	struct spool *spool;
	int ret = check_options(options, error_r);

	if (ret < 0)
		return ret;
	spool = spool_alloc(options);
	if (!spool)
		return error_set(error_r, ENOMEM, "out of memory");
	*spool_r = spool;
	ret = spool_connect(spool, error_r);
	if (ret != -EILSEQ)
		return ret < 0;
	(void)connect_file(spool, NULL);
	return 1;
}

bool spool_ready(const struct spool *spool)
{
	return spool->db != NULL;
}

void spool_close(struct spool **spool)
{
	if (!*spool)
		return;
	disconnect(*spool);
	free((*spool)->path);
	free((*spool)->synchronous);
	free(*spool);
	*spool = NULL;
}

uint64_t spool_count(const struct spool *spool)
{
	return spool->count;
}

const struct spool_stats *spool_stats(const struct spool *spool)
{
	return &spool->stats;
}

/* --- settling ------------------------------------------------------------------------------ */

int spool_run(struct spool *spool, enum spool_statement which)
{
	int code = sqlite3_step(spool->statements[which]);

	sqlite3_reset(spool->statements[which]);
	return code == SQLITE_DONE || code == SQLITE_ROW ? SQLITE_OK : code;
}

/* Binds what the statement has of ?1 to ?5. */
static int bind_row(const struct spool *spool, sqlite3_stmt *statement,
		    const struct dict_entry *entry, struct slice parts)
{
	int parameters = sqlite3_bind_parameter_count(statement);
	int code = sqlite_bind_bytes(statement, 1, entry->key);

	if (code == SQLITE_OK)
		code = sqlite3_bind_int64(statement, 3, entry->time_ns);
	if (code == SQLITE_OK && parameters >= 4)
		code = sqlite_bind_bytes(statement, 2, entry->value);
	if (code == SQLITE_OK && parameters >= 4)
		code = sqlite_bind_bytes(statement, 4, parts);
	if (code == SQLITE_OK && parameters >= 5)
		code = sqlite3_bind_int64(statement, 5, spool->now());
	return code;
}

/* Runs one statement on the row; changed_r is how many rows it changed. */
int spool_run_row(struct spool *spool, enum spool_statement which, const struct dict_entry *entry,
		  struct slice parts, int *changed_r)
{
	sqlite3_stmt *statement = spool->statements[which];
	int code = bind_row(spool, statement, entry, parts);

	if (code == SQLITE_OK && which == BURY)
		code = sqlite_bind_bytes(statement, 6, slice_str(entry->reason));
	if (code == SQLITE_OK)
		code = spool_run(spool, which);
	*changed_r = code == SQLITE_OK ? sqlite3_changes(spool->db) : 0;
	return code;
}

static int remove_row(struct spool *spool, const struct dict_entry *entry)
{
	int changed, code = spool_run_row(spool, REMOVE, entry, (struct slice){0}, &changed);

	spool->count -= (uint64_t)changed;
	spool->stats.removed += (uint64_t)changed;
	return code;
}

int spool_format_parts(struct buf *text, const struct dict_entry *entry)
{
	buf_reset(text);
	return spool_parts_format(text, entry->parts, entry->part_count) < 0 ? SQLITE_NOMEM
									     : SQLITE_OK;
}

static int bury(struct spool *spool, const struct dict_entry *entry, struct buf *text)
{
	int changed, code = remove_row(spool, entry);

	if (code == SQLITE_OK)
		code = spool_format_parts(text, entry);
	return code == SQLITE_OK ? spool_run_row(spool, BURY, entry, buf_slice(text), &changed)
				 : code;
}

/* A new key gets a row, and an older row is brought up to date in its place; it takes one statement
 * to do either, for that is what a long outage consists of. A row of the same time is the one that
 * we read; a newer one stays. */
static int keep(struct spool *spool, const struct dict_entry *entry, struct buf *text)
{
	int changed = 0, code = spool_format_parts(text, entry);
	bool inserted;

	sqlite3_set_last_insert_rowid(spool->db, 0); /* an update leaves it so; seq begins at 1 */
	if (code == SQLITE_OK)
		code = spool_run_row(spool, KEEP, entry, buf_slice(text), &changed);
	inserted = changed > 0 && sqlite3_last_insert_rowid(spool->db) != 0;
	spool->count += inserted;
	spool->stats.inserted += inserted;
	if (code == SQLITE_OK && changed == 0)
		code = spool_run_row(spool, PUT_OFF, entry, buf_slice(text), &changed);
	return code;
}

static int settle_one(struct spool *spool, const struct dict_entry *entry, struct buf *text)
{
	int code;

	switch (entry->outcome) {
	case DICT_STORED:
	case DICT_UNCHANGED:
		code = remove_row(spool, entry);
		return code == SQLITE_OK ? spool_note(spool, entry) : code;
	case DICT_REFUSED:
		return bury(spool, entry, text);
	case DICT_PENDING:
	case DICT_RETRY:
	case DICT_UNCERTAIN:
		break;
	}
	return keep(spool, entry, text);
}

static int settle_all(struct spool *spool, const struct dict_entry *entries, size_t count)
{
	struct buf text;
	int code = spool_run(spool, BEGIN);

	buf_init(&text, SPOOL_PARTS_TEXT_MAX);
	for (size_t i = 0; i < count && code == SQLITE_OK; i++)
		code = settle_one(spool, &entries[i], &text);
	buf_release(&text);
	if (code == SQLITE_OK)
		code = spool_forget(spool);
	if (code == SQLITE_OK)
		code = sqlite3_bind_int64(spool->statements[TRIM], 1,
					  (int64_t)spool->dead_letters_max);
	if (code == SQLITE_OK)
		code = spool_run(spool, TRIM);
	return code == SQLITE_OK ? spool_run(spool, COMMIT) : code;
}

/* A damaged file makes room for a new one; after any other error we start from a fresh
 * connection, which also notices a disk that came back. */
int spool_give_up(struct spool *spool, int code, struct error *error_r)
{
	int ret = code == SQLITE_NOMEM ? error_set(error_r, ENOMEM, "out of memory")
				       : sqlite_error(spool->db, spool->path, error_r);

	if (!sqlite3_get_autocommit(spool->db))
		(void)spool_run(spool, ROLLBACK);
	if (ret != -EILSEQ) {
		if (ret != -EBUSY)
			disconnect(spool);
		return ret;
	}
	if (!is_damaged(spool))
		return error_set(error_r, EIO, "%s: a read failed", spool->path);
	move_aside(spool);
	return ret;
}

int spool_settle(struct spool *spool, const struct dict_entry *entries, size_t count,
		 struct error *error_r)
{
	int code, ret = spool_connect(spool, error_r);
	const struct spool before = *spool;

	if (ret < 0)
		return ret;
	code = settle_all(spool, entries, count);
	if (code == SQLITE_OK)
		return 0;
	spool->count = before.count;
	spool->held = before.held;
	spool->stats = before.stats;
	return spool_give_up(spool, code, error_r);
}

/* --- reading ------------------------------------------------------------------------------- */

static size_t row_size(sqlite3_stmt *row)
{
	return (size_t)sqlite3_column_bytes(row, 0) + (size_t)sqlite3_column_bytes(row, 1) +
	       (size_t)sqlite3_column_bytes(row, 3) + 1;
}

/* Each entry owns one block: its parts, then the text of the parts, key and value. Parts that do
 * not make sense are left out: most stores need none. */
static int read_row(sqlite3_stmt *row, struct dict_entry *entry)
{
	struct slice key = sqlite_column_bytes_slice(row, 0);
	struct slice value = sqlite_column_bytes_slice(row, 1);
	struct slice parts = sqlite_column_bytes_slice(row, 3);
	size_t max = parts.len < SPOOL_PARTS_TEXT_MAX ? SPOOL_PARTS_MAX : 0;
	struct key_part *block = malloc(max * sizeof(*block) + row_size(row));
	char *text = (char *)(block + max);
	int count;

	if (!block)
		return -ENOMEM;
	/* UNSAFE: row_size() made room for the three texts and a NUL. */
	memcpy(text, parts.ptr ? parts.ptr : "", parts.len);
	text[parts.len] = '\0';
	memcpy(text + parts.len + 1, key.ptr ? key.ptr : "", key.len);
	memcpy(text + parts.len + 1 + key.len, value.ptr ? value.ptr : "", value.len);
	count = spool_parts_parse(text, key.len, block, max);
	*entry = (struct dict_entry){
		.key = {text + parts.len + 1, key.len},
		.value = {text + parts.len + 1 + key.len, value.len},
		.time_ns = sqlite3_column_int64(row, 2),
		.parts = block,
		.part_count = count < 0 ? 0 : (size_t)count,
	};
	return 0;
}

/* Returns SQLITE_OK or another code of SQLite. */
static int read_rows(struct spool *spool, struct spool_batch *batch, size_t max)
{
	sqlite3_stmt *oldest = spool->statements[OLDEST];
	int code = sqlite3_bind_int64(oldest, 1, (int64_t)max);

	while (code == SQLITE_OK && batch->count < max &&
	       (code = sqlite3_step(oldest)) == SQLITE_ROW) {
		code = read_row(oldest, &batch->entries[batch->count]) < 0 ? SQLITE_NOMEM
									   : SQLITE_OK;
		batch->count += code == SQLITE_OK;
	}
	sqlite3_reset(oldest);
	return code == SQLITE_DONE ? SQLITE_OK : code;
}

int spool_read(struct spool *spool, size_t max, struct spool_batch *batch_r, struct error *error_r)
{
	struct spool_batch batch = {0};
	int code, ret = spool_connect(spool, error_r);

	if (ret < 0)
		return ret;
	batch.entries = calloc(max, sizeof(*batch.entries));
	if (!batch.entries)
		return error_set(error_r, ENOMEM, "out of memory");
	code = spool_move_due(spool);
	if (code == SQLITE_OK)
		code = read_rows(spool, &batch, max);
	if (code == SQLITE_OK) {
		/* "dovetap spool drain" may have taken some meanwhile. */
		if (batch.count < max)
			spool_set_count(spool, &spool->count, batch.count);
		*batch_r = batch;
		return 0;
	}
	spool_batch_release(&batch);
	return spool_give_up(spool, code, error_r);
}

void spool_batch_release(struct spool_batch *batch)
{
	for (size_t i = 0; i < batch->count; i++)
		free((void *)(uintptr_t)batch->entries[i].parts);
	free(batch->entries);
	*batch = (struct spool_batch){0};
}
