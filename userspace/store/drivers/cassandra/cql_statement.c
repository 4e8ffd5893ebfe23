/* SPDX-License-Identifier: MIT */
#include "store/drivers/cassandra/cql_statement.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "store/drivers/cassandra/cql_settings.h"
#include "store/drivers/cassandra/murmur3.h"
#include "store/drivers/cassandra/types.h"

#define TEXT_MAX    4096
#define ROUTING_MAX (256U << 10)

static int insert_text(struct cql_statement *statement, const struct cql_settings *settings)
{
	const struct sql_map *map = statement->map;
	struct buf text;
	size_t i;

	buf_init(&text, TEXT_MAX);
	buf_append_str(&text, "INSERT INTO ");
	if (!strchr(map->table, '.'))
		buf_appendf(&text, "%s.", settings->keyspace);
	buf_appendf(&text, "%s (", map->table);
	for (i = 0; i < map->column_count; i++)
		buf_appendf(&text, i > 0 ? ",%s" : "%s", map->columns[i].name);
	buf_append_str(&text, ") VALUES (");
	for (i = 0; i < map->column_count; i++)
		buf_append_str(&text, i > 0 ? ",?" : "?");
	buf_append_str(&text, ")");
	if (settings->ttl_ns > 0)
		buf_appendf(&text, " USING TTL %lld", settings->ttl_ns / NS_PER_SEC);
	statement->text = text.failed ? NULL : strdup(buf_str(&text));
	buf_release(&text);
	return statement->text ? 0 : -ENOMEM;
}

int cql_statements_init(struct cql_statements *statements_r, const struct sql_map_set *maps,
			const struct cql_settings *settings, struct error *error_r)
{
	struct cql_statements statements = {calloc(maps->count + 1, sizeof(*statements.list)), 0};
	struct cql_statement *statement;

	while (statements.list && statements.count < maps->count) {
		statement = &statements.list[statements.count];
		statement->map = &maps->maps[statements.count++];
		statement->where = statement->map->where;
		if (insert_text(statement, settings) < 0)
			goto nomem;
	}
	if (!statements.list)
		goto nomem;
	*statements_r = statements;
	return 0;
nomem:
	cql_statements_release(&statements);
	return error_set(error_r, ENOMEM, "out of memory");
}

void cql_statements_release(struct cql_statements *statements)
{
	size_t i;

	for (i = 0; statements->list && i < statements->count; i++)
		free(statements->list[i].text);
	free(statements->list);
	*statements = (struct cql_statements){0};
}

static int check_column(const struct cql_statement *statement, size_t index, uint16_t type,
			struct error *error_r)
{
	const struct sql_column *column = &statement->map->columns[index];

	if (cql_type_takes(type, column->type))
		return 0;
	return error_set(
		error_r, EINVAL,
		"%s: column %s of %s has the type %s, which cannot hold a %s; change %s or "
		"the column",
		statement->where, column->name, statement->map->table, cql_type_name(type),
		sql_type_name(column->type), column->variable ? "fields" : "value_type");
}

int cql_statement_learn(struct cql_statement *statement, const struct cql_prepared *prepared,
			struct error *error_r)
{
	size_t count = statement->map->column_count, i;

	if (prepared->column_count != count)
		return error_set(error_r, EPROTO, "%s: the server found %u markers in %zu columns",
				 statement->where, prepared->column_count, count);
	for (i = 0; i < count; i++) {
		if (check_column(statement, i, prepared->columns[i].type, error_r) < 0)
			return -EINVAL;
	}
	for (i = 0; i < count; i++)
		statement->types[i] = prepared->columns[i].type;
	statement->key_count = prepared->key_count;
	memcpy(statement->key, prepared->key, sizeof(statement->key));
	statement->known = true;
	return 0;
}

static int bind_column(const struct cql_statement *statement, size_t index,
		       const struct cql_row *row, struct buf *out, struct error *error_r)
{
	const struct sql_column *column = &statement->map->columns[index];
	uint16_t type = statement->types[index];
	struct slice text = row->values[index];
	char millis[24];

	if (!column->variable && type == CQL_TYPE_TIMESTAMP && !row->strict) {
		snprintf(millis, sizeof(millis), "%lld", row->time_ns / NS_PER_MSEC);
		text = slice_str(millis);
	}
	if (cql_value_put(out, type, column->type, text, error_r) < 0)
		return error_prefix(error_r, "column %s", column->name);
	return 0;
}

/*
 * The token is made of the partition key's columns: alone as it is, several as [short length,
 * bytes, 0] each. offsets has the start of each [value].
 */
static int row_token(const struct cql_statement *statement, struct slice values,
		     const size_t *offsets, int64_t *token_r, struct error *error_r)
{
	struct buf composite;
	struct cql_bytes part;
	struct cql_reader reader;
	uint16_t i;

	buf_init(&composite, ROUTING_MAX);
	for (i = 0; i < statement->key_count; i++) {
		size_t offset = offsets[statement->key[i]];

		cql_reader_init(&reader, (struct slice){values.ptr + offset, values.len - offset});
		part = cql_read_bytes(&reader);
		if (part.null || part.data.len > UINT16_MAX ||
		    (part.data.len == 0 && statement->key_count == 1)) {
			buf_release(&composite);
			return error_set(error_r, EINVAL, "column %s of the partition key: %s",
					 statement->map->columns[statement->key[i]].name,
					 part.data.len ? "longer than 65535 bytes" : "empty");
		}
		if (statement->key_count == 1) {
			*token_r = cql_murmur3(part.data);
			return 0;
		}
		cql_put_string(&composite, part.data);
		cql_put_byte(&composite, 0);
	}
	*token_r = cql_murmur3(buf_slice(&composite));
	buf_release(&composite);
	return 0;
}

int cql_statement_bind(const struct cql_statement *statement, const struct cql_row *row,
		       struct buf *out, bool *routed_r, int64_t *token_r, struct error *error_r)
{
	size_t offsets[SQL_COLUMNS_MAX], start = out->len, i;
	int ret;

	for (i = 0; i < statement->map->column_count; i++) {
		offsets[i] = out->len - start;
		ret = bind_column(statement, i, row, out, error_r);
		if (ret < 0)
			return ret;
	}
	if (out->failed)
		return error_set(error_r, -out->failed, "the record is too large");
	*routed_r = statement->key_count > 0;
	if (!*routed_r)
		return 0;
	return row_token(statement, (struct slice){out->data + start, out->len - start}, offsets,
			 token_r, error_r);
}
