/* SPDX-License-Identifier: MIT */
#include "conf/settings.h"

#include <errno.h>
#include <string.h>

#include "base/buf.h"

#define WORD_MAX 64 /* longer words are not compared */

static size_t min_of(size_t a, size_t b)
{
	return a < b ? a : b;
}

/* Levenshtein's distance in one row. */
static size_t distance(const char *a, const char *b)
{
	size_t row[WORD_MAX + 1], len = strlen(b);

	if (strlen(a) > WORD_MAX || len > WORD_MAX)
		return WORD_MAX;
	for (size_t j = 0; j <= len; j++)
		row[j] = j;
	for (size_t i = 0; a[i] != '\0'; i++) {
		size_t diagonal = row[0];

		row[0] = i + 1;
		for (size_t j = 0; j < len; j++) {
			size_t change = diagonal + (a[i] != b[j]);

			diagonal = row[j + 1];
			row[j + 1] = min_of(change, min_of(row[j], row[j + 1]) + 1);
		}
	}
	return row[len];
}

/* Keeps the nearest word seen so far; half of the letters may be wrong at most. */
static void consider(const char *word, const char *known, const char **best, size_t *best_distance)
{
	size_t d = distance(word, known);

	if (d < *best_distance && d <= strlen(known) / 2) {
		*best = known;
		*best_distance = d;
	}
}

const char *conf_nearest(const char *word, const char *const *words)
{
	const char *best = NULL;
	size_t best_distance = WORD_MAX;

	for (; *words; words++)
		consider(word, *words, &best, &best_distance);
	return best;
}

static int unknown(const struct conf_pos *pos, const char *name, const struct conf_field *fields,
		   const char *label, struct error *error_r)
{
	const char *best = NULL;
	size_t best_distance = WORD_MAX;

	for (; fields->name; fields++)
		consider(name, fields->name, &best, &best_distance);
	if (!best)
		return conf_error(pos, error_r, EINVAL, "unknown setting \"%s\" in %s", name,
				  label);
	return conf_error(pos, error_r, EINVAL,
			  "unknown setting \"%s\" in %s; did you mean \"%s\"?", name, label, best);
}

static const struct conf_field *field_find(const struct conf_field *fields, const char *name)
{
	for (; fields->name; fields++) {
		if (strcmp(fields->name, name) == 0)
			return fields;
	}
	return NULL;
}

static int read_value(const struct conf_field *field, const char *value, const struct conf_pos *pos,
		      const struct conf_section *owner, void *out, struct error *error_r)
{
	struct error why = {0};
	int ret = conf_value_parse(field, value, owner, (char *)out + field->offset, &why);

	return ret < 0 ? conf_error(pos, error_r, -ret, "%s: %s", field->name, why.text) : 0;
}

int conf_settings_default(const struct conf_field *fields, const struct conf_section *owner,
			  void *out, struct error *error_r)
{
	const struct conf_pos pos = {.file = "default"};
	int ret = 0;

	for (; fields->name && ret == 0; fields++) {
		if (fields->otherwise || fields->type == CONF_LIST)
			ret = read_value(fields, fields->otherwise ? fields->otherwise : "", &pos,
					 owner, out, error_r);
	}
	return ret;
}

static int read_settings(const struct conf_section *section, const struct conf_field *fields,
			 const char *label, const struct conf_section *owner, void *out,
			 struct error *error_r)
{
	const struct conf_setting *setting;
	int ret = 0;

	for (setting = section->settings; setting && ret == 0; setting = setting->next) {
		const struct conf_field *field = field_find(fields, setting->key);

		if (!field)
			return unknown(&setting->pos, setting->key, fields, label, error_r);
		ret = read_value(field, setting->value, &setting->pos, owner, out, error_r);
	}
	return ret;
}

/* "key { a = yes }" as the list "a". */
static int read_block(const struct conf_section *block, const struct conf_field *field,
		      const struct conf_section *owner, void *out, struct error *error_r)
{
	const struct conf_setting *setting;
	struct buf list;
	int ret;

	buf_init(&list, CONF_TREE_MAX);
	for (setting = block->settings; setting; setting = setting->next) {
		if (strcmp(setting->value, "no") != 0)
			buf_appendf(&list, "%s ", setting->key);
	}
	ret = list.failed ? conf_error(&block->pos, error_r, ENOMEM, "out of memory")
			  : read_value(field, buf_str(&list), &block->pos, owner, out, error_r);
	buf_release(&list);
	return ret;
}

static int read_blocks(const struct conf_section *section, const struct conf_field *fields,
		       const char *label, const struct conf_section *owner, void *out,
		       struct error *error_r)
{
	const struct conf_section *block;
	int ret = 0;

	for (block = section->sections; block && ret == 0; block = block->next) {
		const struct conf_field *field = field_find(fields, block->type);

		if (!field)
			return unknown(&block->pos, block->type, fields, label, error_r);
		if (field->type != CONF_LIST)
			return conf_error(&block->pos, error_r, EINVAL,
					  "%s is no section; \"%s = value\" would be right",
					  field->name, field->name);
		ret = read_block(block, field, owner, out, error_r);
	}
	return ret;
}

int conf_settings_read(const struct conf_section *section, const struct conf_field *fields,
		       const char *label, const struct conf_section *owner, void *out,
		       struct error *error_r)
{
	int ret = 0;

	for (; section && ret == 0; section = conf_section_next(section, section->type, NULL)) {
		ret = read_settings(section, fields, label, owner, out, error_r);
		if (ret == 0)
			ret = read_blocks(section, fields, label, owner, out, error_r);
	}
	return ret;
}
