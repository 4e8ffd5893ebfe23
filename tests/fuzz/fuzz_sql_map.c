/* SPDX-License-Identifier: MIT */
/* Any map file, and any key with any parts through what it compiles to. The input is the file, a
 * line "--", and the key; the key's first bytes also say where its parts lie. */
#include <stdint.h>

#include "conf/parse.h"
#include "store/drivers/sql/map.h"
#include "store/drivers/sql/statement.h"
#include "store/drivers/sql/words.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void match(const struct sql_map_set *set, struct slice text)
{
	struct key_part parts[3] = {{"service", 0, 0}, {"user", 0, 0}, {"remote_ip", 0, 0}};
	struct sql_key key = {text, parts, text.len >= 6 ? 3 : 0};
	struct slice values[SQL_COLUMNS_MAX];
	uint32_t at = 0;

	/* Parts follow each other and stay inside the key, as the pipeline's do. */
	for (size_t i = 0; i < key.part_count; i++) {
		uint32_t left = (uint32_t)text.len - at;

		at += (uint8_t)text.ptr[2 * i] % (left + 1);
		parts[i].offset = at;
		parts[i].len = (uint8_t)text.ptr[2 * i + 1] % ((uint32_t)text.len - at + 1);
		at += parts[i].len;
	}
	for (int strict = 0; strict < 2; strict++) {
		const struct sql_map *map = sql_map_set_find(set, &key, strict, values);

		for (size_t i = 1; map && i < map->column_count; i++)
			if (values[i].len > 0 &&
			    (values[i].ptr < text.ptr ||
			     values[i].ptr + values[i].len > text.ptr + text.len))
				__builtin_trap();
	}
}

static void write_statements(const struct sql_map *map)
{
	struct sql_plan plan = {.columns[0].type = "bigint"};
	struct buf out;

	buf_init(&out, 1U << 20);
	for (enum sql_dialect dialect = 0; dialect < SQL_DIALECT_COUNT; dialect++) {
		sql_statement_insert(&out, dialect, SQL_FORM_NEWEST, map, &plan, 2);
		sql_statement_insert(&out, dialect, SQL_FORM_UPSERT, map, NULL, 1);
		sql_statement_select(&out, dialect, map, map->column_count - 1);
	}
	buf_release(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *end = memmem(data, size, "\n--\n", 4);
	struct slice file = {(const char *)data, end ? (size_t)(end - (const char *)data) : size};
	struct slice key = {end ? end + 4 : "", end ? size - file.len - 4 : 0};
	struct conf_section *root = NULL;
	struct sql_map_set set;
	struct error error;

	if (conf_parse_text(file, "fuzz", CONF_PARSE_MAP, &root, &error) < 0)
		return 0;
	if (sql_map_set_load_file(&set, root, &error) == 0) {
		match(&set, key);
		for (size_t i = 0; i < set.count; i++)
			write_statements(&set.maps[i]);
		sql_map_set_release(&set);
	}
	if (sql_map_set_load_block(&set, root, &error) == 0) {
		match(&set, key);
		sql_map_set_release(&set);
	}
	conf_free(&root);
	return 0;
}
