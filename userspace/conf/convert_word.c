/* SPDX-License-Identifier: MIT */
#include "conf/convert_parts.h"
#include "conf/print.h"
#include "conf/settings.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

const struct convert_word *convert_word_v23(const struct convert_word *words, const char *name,
					    size_t len)
{
	for (; words->v24; words++) {
		if (words->v23 && strlen(words->v23) == len && memcmp(words->v23, name, len) == 0)
			return words;
	}
	return NULL;
}

const struct convert_word *convert_word_v24(const struct convert_word *words, const char *name)
{
	for (; words->v24; words++) {
		if (strcmp(words->v24, name) == 0 ||
		    (words->short_v24 && strcmp(words->short_v24, name) == 0))
			return words;
	}
	return NULL;
}

static int convert_text(const struct convert *convert, const char *value, struct buf *out,
			struct error *error_r)
{
	if (!strchr(value, '%'))
		return buf_append_str(out, value);
	return convert->options->translate(convert->options->context, value,
					   convert->options->to_v24, out, error_r);
}

/* Digits of 2.3 and a time with a unit of 2.4; factor is the unit of the digits in ms. */
static int convert_time(const struct convert *convert, const char *value, unsigned int factor,
			struct buf *out, struct error *error_r)
{
	static const struct conf_field digits = {.type = CONF_UINT}, time = {.type = CONF_TIME};
	uint64_t number;
	int ret;

	ret = conf_value_parse(convert->options->to_v24 ? &digits : &time, value, NULL, &number,
			       error_r);
	if (ret < 0)
		return ret;
	if (convert->options->to_v24)
		return buf_appendf(out, "%" PRIu64 "%s", number, factor == 1 ? "ms" : "s");
	if (number % factor != 0)
		return error_set(error_r, EINVAL,
				 "\"%s\" is no whole number of seconds; "
				 "2.3 knows no fraction",
				 value);
	return buf_appendf(out, "%" PRIu64, number / factor);
}

static int convert_time_text(const char *value, struct buf *out, struct error *error_r)
{
	static const struct conf_field time = {.type = CONF_TIME};
	uint64_t number;
	int ret = conf_value_parse(&time, value, NULL, &number, error_r);

	return ret < 0 ? ret : buf_append_str(out, value);
}

int convert_value(const struct convert *convert, enum convert_unit unit, const char *name,
		  const char *value, const struct conf_pos *pos, struct buf *out,
		  struct error *error_r)
{
	struct error why = {0};
	int ret = 0;

	if (unit == CONVERT_TEXT)
		ret = convert_text(convert, value, out, &why);
	else if (unit == CONVERT_MSECS || unit == CONVERT_SECS)
		ret = convert_time(convert, value, unit == CONVERT_SECS ? 1000 : 1, out, &why);
	else if (unit == CONVERT_TIME)
		ret = convert_time_text(value, out, &why);
	else
		ret = buf_append_str(out, value);
	return ret < 0 ? conf_error(pos, error_r, why.code ? why.code : -ret, "%s: %s", name,
				    why.text)
		       : 0;
}

static const char *flag_value(const struct convert_word *word)
{
	return word->unit == CONVERT_IF_NO ? "no" : "yes";
}

int convert_print_word(const struct convert *convert, const struct convert_word *word,
		       const char *value, const struct conf_pos *pos, struct error *error_r)
{
	bool flag = word->unit == CONVERT_IF_YES || word->unit == CONVERT_IF_NO;
	struct buf converted;
	int ret;

	buf_init(&converted, CONF_TREE_MAX);
	ret = convert_value(convert, word->unit, word->v23 ? word->v23 : word->v24,
			    flag ? flag_value(word) : value, pos, &converted, error_r);
	if (ret == 0)
		conf_print_setting(convert->out, convert->depth, 0, word->v24, buf_str(&converted),
				   pos);
	buf_release(&converted);
	return ret;
}
