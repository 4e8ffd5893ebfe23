/* SPDX-License-Identifier: MIT */
#include "store/drivers/sql/dialect.h"

#include <ctype.h>

#define NAME_MAX_LEN 256

static const struct {
	const char *name;
	char quote;
	bool folds; /* bare words are taken as lower case */
	bool exact; /* column names are compared byte for byte */
} dialects[SQL_DIALECT_COUNT] = {
	[SQL_MYSQL] = {"mysql", '`', false, false},
	[SQL_PGSQL] = {"pgsql", '"', true, true},
	[SQL_SQLITE] = {"sqlite", '"', false, false},
};

/* One word of a name, cut off its front. */
struct word {
	struct slice text; /* without the quotes */
	bool quoted;
};

const char *sql_dialect_name(enum sql_dialect dialect)
{
	return dialects[dialect].name;
}

static bool is_bare(char c)
{
	return isalnum((unsigned char)c) || (unsigned char)c > 127 || strchr("_$-", c) != NULL;
}

/* Returns what stands behind the word, or NULL when there is none. */
static const char *cut_word(const char *p, struct word *word_r)
{
	const char *start = p;

	if (*p == '`' || *p == '"') {
		const char *end = strchr(p + 1, *p);

		if (!end || end == p + 1)
			return NULL;
		*word_r = (struct word){{p + 1, (size_t)(end - p) - 1}, true};
		return end + 1;
	}
	while (*p != '\0' && is_bare(*p))
		p++;
	*word_r = (struct word){{start, (size_t)(p - start)}, false};
	return p > start ? p : NULL;
}

bool sql_name_valid(const char *name, unsigned int words)
{
	struct word word;
	const char *p = name;

	if (strlen(name) > NAME_MAX_LEN)
		return false;
	for (unsigned int i = 0; i < words; i++) {
		p = cut_word(p, &word);
		if (!p || *p == '\0')
			return p != NULL;
		if (*p++ != '.')
			return false;
	}
	return false;
}

static void append_word(struct buf *out, enum sql_dialect dialect, const struct word *word,
			char quote)
{
	bool fold = dialects[dialect].folds && !word->quoted;

	for (size_t i = 0; i < word->text.len; i++) {
		char c = word->text.ptr[i];

		if (c == quote)
			buf_append_char(out, c);
		if (fold)
			c = (char)tolower((unsigned char)c);
		buf_append_char(out, c);
	}
}

int sql_name_quote(struct buf *out, enum sql_dialect dialect, const char *name)
{
	char quote = dialects[dialect].quote;
	struct word word;

	for (const char *p = cut_word(name, &word); p; p = cut_word(p + 1, &word)) {
		buf_append_char(out, quote);
		append_word(out, dialect, &word, quote);
		buf_append_char(out, quote);
		if (*p != '.')
			break;
		buf_append_char(out, '.');
	}
	return out->failed;
}

int sql_name_word(struct buf *out, enum sql_dialect dialect, const char *name, bool last)
{
	struct word word;
	const char *p = cut_word(name, &word);

	if (!p || (!last && *p != '.'))
		return out->failed;
	while (last && *p == '.')
		p = cut_word(p + 1, &word);
	append_word(out, dialect, &word, '\0');
	return out->failed;
}

bool sql_name_is(enum sql_dialect dialect, const char *name, const char *column)
{
	struct buf word;
	bool same;

	buf_init(&word, NAME_MAX_LEN);
	sql_name_word(&word, dialect, name, true);
	same = dialects[dialect].exact ? strcmp(buf_str(&word), column) == 0
				       : strcasecmp(buf_str(&word), column) == 0;
	buf_release(&word);
	return same;
}
