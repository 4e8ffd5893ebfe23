/* SPDX-License-Identifier: MIT */
#include "store/drivers/sql/statement.h"

/* What a statement is made of; the small writers below share it. */
struct writer {
	struct buf *out;
	enum sql_dialect dialect;
	const struct sql_map *map;
	const struct sql_plan *plan;
	bool quoted; /* names in quotes; the strict forms have them as in the map file */
};

static void put(const struct writer *w, const char *text)
{
	buf_append_str(w->out, text);
}

static void put_name(const struct writer *w, const char *name)
{
	if (w->quoted)
		sql_name_quote(w->out, w->dialect, name);
	else
		put(w, name);
}

static void put_column(const struct writer *w, const char *before, size_t column, const char *after)
{
	put(w, before);
	put_name(w, w->map->columns[column].name);
	put(w, after);
}

static void put_into(const struct writer *w, const char *alias)
{
	put(w, "INSERT INTO ");
	put_name(w, w->map->table);
	put(w, alias);
	put(w, " (");
	for (size_t i = 0; i < w->map->column_count; i++)
		put_column(w, i ? "," : "", i, "");
	put(w, ")");
}

/* --- placeholders -----------------------------------------------------------------------------*/

static void put_placeholder(const struct writer *w, size_t column)
{
	bool hex = w->map->columns[column].type == SQL_TYPE_HEXBLOB;

	switch (w->dialect) {
	case SQL_MYSQL:
		put(w, hex ? "UNHEX(?)" : "?");
		break;
	case SQL_PGSQL:
		buf_appendf(w->out, "$%zu", column + 1);
		break;
	default:
		buf_appendf(w->out, "?%zu", column + 1);
	}
}

static void put_values(const struct writer *w, size_t rows)
{
	put(w, " VALUES ");
	for (size_t row = 0; row < rows; row++) {
		put(w, row ? ",(" : "(");
		for (size_t i = 0; i < w->map->column_count; i++) {
			put(w, i ? "," : "");
			put_placeholder(w, i);
		}
		put(w, ")");
	}
}

/* One array per column: the same statement for any number of rows. The element type is the
 * column's without its length, so that a value too long is refused instead of cut. */
static void put_unnest(const struct writer *w)
{
	put(w, " SELECT * FROM unnest(");
	for (size_t i = 0; i < w->map->column_count; i++)
		buf_appendf(w->out, "%s$%zu::%s[]", i ? "," : "", i + 1, w->plan->columns[i].type);
	put(w, ")");
}

/* --- newest wins ------------------------------------------------------------------------------*/

/* Values that are no digits (double) compare as they are. */
static bool has_digits(const struct writer *w)
{
	enum sql_type type = w->map->columns[0].type;

	return type == SQL_TYPE_INT || type == SQL_TYPE_UINT || type == SQL_TYPE_STRING;
}

/*
 * A time of 10 to 19 digits, filled up to nanoseconds, so that times of another precision compare
 * rightly: an operator who goes back from "ms" to "s" shall not freeze all rows. The texts have the
 * same length, so they compare like numbers.
 */
static void put_time(const struct writer *w, const char *before, const char *after)
{
	static const char *const open[] = {"RPAD(", "rpad(", "substr("};
	static const char *const close[] = {",19,'0')", "::text,19,'0')", "||'000000000',1,19)"};

	put(w, has_digits(w) ? open[w->dialect] : "");
	put_column(w, before, 0, after);
	put(w, has_digits(w) ? close[w->dialect] : "");
}

/* The same of what is stored. What is no time, such as "never", 0 or -1, is older than any: the
 * empty text. */
static void put_kept_time(const struct writer *w, const char *before)
{
	static const char *const open[] = {"IF(CONVERT(", "CASE WHEN ", "CASE WHEN "};
	static const char *const test[] = {" USING utf8mb4) REGEXP '^[0-9]{10,19}$',",
					   "::text~'^[0-9]{10,19}$' THEN ",
					   " NOT GLOB '*[^0-9]*' AND length("};
	static const char *const close[] = {",'')", " ELSE '' END", " ELSE '' END"};

	put(w, has_digits(w) ? open[w->dialect] : "");
	if (has_digits(w)) {
		put_column(w, before, 0, test[w->dialect]);
		if (w->dialect == SQL_SQLITE)
			put_column(w, before, 0, ") BETWEEN 10 AND 19 THEN ");
	}
	put_time(w, before, "");
	put(w, has_digits(w) ? close[w->dialect] : "");
}

static void put_mysql_move(const struct writer *w, size_t column)
{
	put_column(w, "", column, "=IF(");
	put_kept_time(w, "");
	put(w, ">");
	put_time(w, "VALUES(", ")");
	put_column(w, ",", column, ",VALUES(");
	put_column(w, "", column, "))");
}

static void put_mysql_update(const struct writer *w)
{
	put(w, " ON DUPLICATE KEY UPDATE ");
	for (size_t i = 1; i < w->map->column_count; i++) {
		if (w->plan->columns[i].in_key)
			continue;
		put_mysql_move(w, i);
		put(w, ",");
	}
	put_mysql_move(w, 0);
}

/* (kept.a,kept.b) */
static void put_tuple(const struct writer *w, const char *from)
{
	size_t count = 0;

	for (size_t i = 1; i < w->map->column_count; i++) {
		if (w->plan->columns[i].in_key)
			continue;
		put(w, count++ ? "," : "(");
		put_column(w, from, i, "");
	}
	put(w, ")");
}

static bool has_companions(const struct writer *w)
{
	for (size_t i = 1; i < w->map->column_count; i++)
		if (!w->plan->columns[i].in_key)
			return true;
	return false;
}

static void put_comparison(const struct writer *w, const char *operator)
{
	put_time(w, "excluded.", "");
	put(w, operator);
	put_kept_time(w, "kept.");
}

static void put_condition(const struct writer *w)
{
	put_column(w, " WHERE kept.", 0, " IS NULL OR ");
	put_comparison(w, ">");
	if (!has_companions(w))
		return;
	put(w, " OR (");
	put_comparison(w, "=");
	put(w, " AND ");
	put_tuple(w, "excluded.");
	put(w, w->dialect == SQL_PGSQL ? " IS DISTINCT FROM " : " IS NOT ");
	put_tuple(w, "kept.");
	put(w, ")");
}

static void put_conflict_update(const struct writer *w)
{
	size_t count = 0;

	put(w, " ON CONFLICT (");
	for (size_t i = 1; i < w->map->column_count; i++)
		if (w->plan->columns[i].in_key)
			put_column(w, count++ ? "," : "", i, "");
	put(w, ") DO UPDATE SET ");
	count = 0;
	for (size_t i = 0; i < w->map->column_count; i++) {
		if (w->plan->columns[i].in_key)
			continue;
		put_column(w, count++ ? "," : "", i, "=");
		put_column(w, "excluded.", i, "");
	}
	put_condition(w);
}

static void put_newest(const struct writer *w, size_t rows)
{
	switch (w->dialect) {
	case SQL_MYSQL:
		put_into(w, "");
		put_values(w, rows);
		put_mysql_update(w);
		break;
	case SQL_PGSQL:
		put_into(w, " AS kept");
		put_unnest(w);
		put_conflict_update(w);
		break;
	default:
		put_into(w, " AS kept");
		put_values(w, 1);
		put_conflict_update(w);
	}
}

/* --- of a history -----------------------------------------------------------------------------*/

static void put_add(const struct writer *w, size_t rows)
{
	size_t key = 1;

	put_into(w, "");
	if (w->dialect == SQL_PGSQL)
		put_unnest(w);
	else
		put_values(w, w->dialect == SQL_MYSQL ? rows : 1);
	if (w->dialect != SQL_MYSQL) {
		put(w, " ON CONFLICT DO NOTHING");
		return;
	}
	while (!w->plan->columns[key].in_key)
		key++;
	put_column(w, " ON DUPLICATE KEY UPDATE ", key, "=");
	put_column(w, "", key, "");
}

bool sql_form_is_for_many(enum sql_form form)
{
	return form == SQL_FORM_NEWEST || form == SQL_FORM_ADD;
}

/* --- strict -----------------------------------------------------------------------------------*/

enum sql_form sql_form_of_dovecot(enum sql_dialect dialect, const char *version)
{
	unsigned int major, minor, patch;

	if (dialect == SQL_MYSQL || !version ||
	    sscanf(version, "%u.%u.%u", &major, &minor, &patch) != 3)
		return SQL_FORM_UPSERT;
	return major == 2 && minor == 3 && patch < 16 ? SQL_FORM_INSERT : SQL_FORM_UPSERT;
}

/* Everything behind the VALUES, up to the value itself. */
static void put_strict_update(const struct writer *w)
{
	if (w->dialect == SQL_MYSQL) {
		put_column(w, " ON DUPLICATE KEY UPDATE ", 0, "=");
		return;
	}
	put(w, " ON CONFLICT (");
	for (size_t i = 1; i < w->map->column_count; i++)
		put_column(w, i > 1 ? "," : "", i, "");
	put_column(w, ") DO UPDATE SET ", 0, "=");
}

static void put_mysql_escaped(const struct writer *w, struct slice text)
{
	static const char special[] = "\0\n\r\\'\"\032";
	static const char letter[] = "0nr\\'\"Z";

	for (size_t i = 0; i < text.len; i++) {
		const char *found = memchr(special, text.ptr[i], sizeof(special) - 1);

		char c = text.ptr[i];

		if (found) {
			buf_append_char(w->out, '\\');
			c = letter[found - special];
		}
		buf_append_char(w->out, c);
	}
}

static void put_doubled(const struct writer *w, struct slice text)
{
	for (size_t i = 0; i < text.len; i++) {
		if (text.ptr[i] == '\'')
			buf_append_char(w->out, '\'');
		buf_append_char(w->out, text.ptr[i]);
	}
}

static void put_literal(const struct writer *w, const struct sql_value *value)
{
	static const char *const hex[] = {"X'", "E'\\\\x", "x'"};
	char number[SQL_NUMBER_SIZE];
	struct slice text = sql_value_text(value, number);
	bool bare = value->type == SQL_TYPE_INT || value->type == SQL_TYPE_UINT ||
		    value->type == SQL_TYPE_DOUBLE;

	if (!bare)
		put(w, value->type == SQL_TYPE_HEXBLOB ? hex[w->dialect] : "'");
	if (bare || value->type == SQL_TYPE_HEXBLOB)
		buf_append_slice(w->out, text);
	else if (w->dialect == SQL_MYSQL)
		put_mysql_escaped(w, text);
	else
		put_doubled(w, text);
	if (!bare)
		put(w, "'");
}

/* --- the three statements ---------------------------------------------------------------------*/

int sql_statement_insert(struct buf *out, enum sql_dialect dialect, enum sql_form form,
			 const struct sql_map *map, const struct sql_plan *plan, size_t rows)
{
	struct writer w = {out, dialect, map, plan, sql_form_is_for_many(form)};

	if (form == SQL_FORM_NEWEST)
		put_newest(&w, rows);
	if (form == SQL_FORM_ADD)
		put_add(&w, rows);
	if (sql_form_is_for_many(form))
		return out->failed;
	put_into(&w, "");
	put_values(&w, 1);
	if (form == SQL_FORM_UPSERT) {
		put_strict_update(&w);
		put_placeholder(&w, 0);
	}
	return out->failed;
}

int sql_statement_text(struct buf *out, enum sql_dialect dialect, enum sql_form form,
		       const struct sql_map *map, const struct sql_value values[])
{
	struct writer w = {out, dialect, map, NULL, false};

	put_into(&w, "");
	put(&w, " VALUES (");
	for (size_t i = 0; i < map->column_count; i++) {
		put(&w, i ? "," : "");
		put_literal(&w, &values[i]);
	}
	put(&w, ")");
	if (form == SQL_FORM_UPSERT) {
		put_strict_update(&w);
		put_literal(&w, &values[0]);
	}
	return out->failed;
}

int sql_statement_select(struct buf *out, enum sql_dialect dialect, const struct sql_map *map,
			 size_t by)
{
	struct writer w = {out, dialect, map, NULL, true};

	put(&w, "SELECT ");
	for (size_t i = 0; i < map->column_count; i++)
		put_column(&w, i ? "," : "", i, "");
	put(&w, " FROM ");
	put_name(&w, map->table);
	put_column(&w, " WHERE ", by, "=");
	put(&w, dialect == SQL_PGSQL ? "$1" : "?");
	return out->failed;
}
