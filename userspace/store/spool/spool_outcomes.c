/* SPDX-License-Identifier: MIT */
/* What became of a batch: each row removed, kept for later or buried as a dead letter. */
#include "store/spool/spool_parts.h"
#include "store/spool/spool_state.h"
#include "store/sqlite_util.h"

static int remove_row(struct spool *spool, const struct dict_entry *entry)
{
	int changed, code = spool_run_row(spool, REMOVE, entry, (struct slice){0}, &changed);

	spool->count -= (uint64_t)changed;
	spool->stats.removed += (uint64_t)changed;
	return code;
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

static int apply_one(struct spool *spool, const struct dict_entry *entry, struct buf *text)
{
	int code;

	switch (entry->outcome) {
	case DICT_STORED:
	case DICT_UNCHANGED:
		code = remove_row(spool, entry);
		return code == SQLITE_OK ? spool_note(spool, entry) : code;
	case DICT_REFUSED:
		return bury(spool, entry, text);
	case DICT_DONE:
	case DICT_OUTCOMES:
		return SQLITE_OK;
	case DICT_PENDING:
	case DICT_RETRY:
	case DICT_UNCERTAIN:
		break;
	}
	return keep(spool, entry, text);
}

static int apply_all(struct spool *spool, const struct dict_entry *entries, size_t count)
{
	struct buf text;
	int code = spool_run(spool, BEGIN);

	buf_init(&text, SPOOL_PARTS_TEXT_MAX);
	for (size_t i = 0; i < count && code == SQLITE_OK; i++)
		code = apply_one(spool, &entries[i], &text);
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

int spool_apply_outcomes(struct spool *spool, const struct dict_entry *entries, size_t count,
			 struct error *error_r)
{
	int code, ret = spool_connect(spool, error_r);
	const struct spool before = *spool;

	if (ret < 0)
		return ret;
	code = apply_all(spool, entries, count);
	if (code == SQLITE_OK) {
		spool_find_oldest(spool);
		return 0;
	}
	spool->count = before.count;
	spool->held = before.held;
	spool->stats = before.stats;
	return spool_give_up(spool, code, error_r);
}
