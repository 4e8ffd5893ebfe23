/* SPDX-License-Identifier: MIT */
/*
 * min_interval. A key's life, from one write to the next:
 *
 *	written at 10:00 ──> login 10:02 held, due 10:10 ──> login 10:07 takes its place
 *	       ──> 10:10 due: it waits, is written ──> login 10:12 held, due 10:20 ...
 *
 * The wall clock decides, for it goes on while nothing runs. After a step back a time in the future
 * counts for nothing, so that no login is held longer than the interval and the step.
 */
#include "store/spool/spool_state.h"
#include "store/sqlite_util.h"

#define FORGET_MIN_NS (60LL * 1000000000LL)

uint64_t spool_held(const struct spool *spool)
{
	return spool->held;
}

bool spool_has_min_interval(const struct spool *spool)
{
	return spool->min_interval_ns > 0;
}

int64_t spool_due_in_ns(const struct spool *spool)
{
	return spool->held > 0 ? spool->due_ns - spool->now() : INT64_MAX;
}

/* --- after a write -------------------------------------------------------------------------- */

int spool_note(struct spool *spool, const struct dict_entry *entry)
{
	int changed = 0, code = SQLITE_OK;

	if (spool->held > 0)
		code = spool_run_row(spool, UNHOLD, entry, (struct slice){0}, &changed);
	spool->held -= (uint64_t)changed;
	spool->stats.coalesced += (uint64_t)changed;
	if (code == SQLITE_OK && spool->min_interval_ns > 0)
		code = spool_run_row(spool, NOTE, entry, (struct slice){0}, &changed);
	return code;
}

/* --- instead of a write --------------------------------------------------------------------- */

struct written {
	int64_t at_ns, time_ns;
};

static int find_written(struct spool *spool, struct slice key, struct written *written_r)
{
	sqlite3_stmt *find = spool->statements[WRITTEN];
	int code = sqlite_bind_bytes(find, 1, key);

	*written_r = (struct written){0};
	if (code == SQLITE_OK)
		code = sqlite3_step(find);
	if (code == SQLITE_ROW)
		*written_r = (struct written){sqlite3_column_int64(find, 0),
					      sqlite3_column_int64(find, 1)};
	sqlite3_reset(find);
	return code == SQLITE_ROW || code == SQLITE_DONE ? SQLITE_OK : code;
}

/* The newest of the key stays; the other one is coalesced. */
static int hold_row(struct spool *spool, const struct dict_entry *entry, int64_t due_ns,
		    struct buf *parts)
{
	int changed = 0, code = spool_format_parts(parts, entry);

	if (code == SQLITE_OK)
		code = sqlite3_bind_int64(spool->statements[HOLD], 6, due_ns);
	if (code == SQLITE_OK)
		code = spool_run_row(spool, HOLD, entry, buf_slice(parts), &changed);
	if (changed > 0) {
		spool->held++;
		spool->due_ns = due_ns < spool->due_ns ? due_ns : spool->due_ns;
	} else if (code == SQLITE_OK) {
		spool->stats.coalesced++;
		code = spool_run_row(spool, HOLD_NEWER, entry, buf_slice(parts), &changed);
	}
	return code;
}

static int hold_one(struct spool *spool, struct dict_entry *entry, int64_t now, struct buf *parts)
{
	struct written written;
	int code = find_written(spool, entry->key, &written);

	if (code != SQLITE_OK || written.at_ns == 0 || written.at_ns > now ||
	    now - written.at_ns >= spool->min_interval_ns)
		return code;
	if (entry->time_ns <= written.time_ns)
		spool->stats.coalesced++; /* the dict has it, or a newer one */
	else
		code = hold_row(spool, entry, written.at_ns + spool->min_interval_ns, parts);
	if (code == SQLITE_OK)
		dict_entry_set(entry, DICT_DONE, "%s", "");
	return code;
}

static int hold_all(struct spool *spool, struct dict_entry *entries, size_t count)
{
	int64_t now = spool->now();
	struct buf parts;
	int code = spool_run(spool, BEGIN);

	buf_init(&parts, SPOOL_PARTS_TEXT_MAX);
	for (size_t i = 0; i < count && code == SQLITE_OK; i++)
		code = hold_one(spool, &entries[i], now, &parts);
	buf_release(&parts);
	return code == SQLITE_OK ? spool_run(spool, COMMIT) : code;
}

int spool_hold(struct spool *spool, struct dict_entry *entries, size_t count, struct error *error_r)
{
	const struct spool_stats stats = spool->stats;
	uint64_t held = spool->held;
	int code, ret;

	if (spool->min_interval_ns == 0)
		return 0;
	ret = spool_connect(spool, error_r);
	if (ret < 0)
		return ret;
	code = hold_all(spool, entries, count);
	if (code == SQLITE_OK)
		return 0;
	for (size_t i = 0; i < count; i++)
		dict_entry_set(&entries[i], DICT_PENDING, "%s", "");
	spool->held = held;
	spool->stats = stats;
	return spool_give_up(spool, code, error_r);
}

/* --- when the interval is over -------------------------------------------------------------- */

static int run_between(struct spool *spool, enum spool_statement which, int64_t from, int64_t to)
{
	int code = sqlite3_bind_int64(spool->statements[which], 1, from);

	if (code == SQLITE_OK)
		code = sqlite3_bind_int64(spool->statements[which], 2, to);
	return code == SQLITE_OK ? spool_run(spool, which) : code;
}

/* Seldom, for it looks at all rows. */
int spool_forget(struct spool *spool)
{
	int64_t now = spool->now(), pause = spool->min_interval_ns;

	if (pause == 0)
		return SQLITE_OK;
	pause = pause > FORGET_MIN_NS ? pause : FORGET_MIN_NS;
	if (now < spool->forget_ns && spool->forget_ns - now <= pause)
		return SQLITE_OK;
	spool->forget_ns = now + pause;
	return run_between(spool, FORGET, now - spool->min_interval_ns, now);
}

/* Due until now, or later than can be: the clock was set back, or the interval made shorter. What
 * cannot be put beside a row of its key is one with it. */
static int move(struct spool *spool, int64_t now, int64_t latest)
{
	uint64_t inserted = 0, moved = 0;
	int code = spool_run(spool, BEGIN);

	if (code == SQLITE_OK)
		code = run_between(spool, DUE_NEWER, now, latest);
	if (code == SQLITE_OK)
		code = run_between(spool, DUE_TO_PENDING, now, latest);
	if (code == SQLITE_OK)
		inserted = (uint64_t)sqlite3_changes(spool->db);
	if (code == SQLITE_OK)
		code = run_between(spool, REMOVE_DUE, now, latest);
	if (code == SQLITE_OK)
		moved = (uint64_t)sqlite3_changes(spool->db);
	if (code == SQLITE_OK)
		code = spool_run(spool, COMMIT);
	if (code != SQLITE_OK)
		return code;
	spool->count += inserted;
	spool->held -= moved;
	spool->stats.coalesced += moved - inserted;
	return spool_count_held(spool);
}

int spool_move_due(struct spool *spool)
{
	int64_t now = spool->now(), latest = now + spool->min_interval_ns;

	if (spool->held == 0 || (spool->due_ns > now && spool->due_ns <= latest))
		return SQLITE_OK;
	return move(spool, now, latest);
}

int spool_release_held(struct spool *spool, struct error *error_r)
{
	int code, ret = spool_connect(spool, error_r);

	if (ret < 0 || spool->held == 0)
		return ret;
	code = move(spool, INT64_MAX, INT64_MAX);
	return code == SQLITE_OK ? 0 : spool_give_up(spool, code, error_r);
}
