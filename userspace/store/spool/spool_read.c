/* SPDX-License-Identifier: MIT */
/* The oldest rows as a batch. */
#include <errno.h>
#include <stdlib.h>

#include "store/spool/spool_parts.h"
#include "store/spool/spool_state.h"
#include "store/sqlite_util.h"

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
		spool_find_oldest(spool);
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
