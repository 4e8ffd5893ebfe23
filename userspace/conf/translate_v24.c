/* SPDX-License-Identifier: MIT */
/* Templates of 2.3 in the language of 2.4. */
#include "conf/translate_words.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* %[-][0][OFFSET.]WIDTH MODIFIERS name */
struct v23_use {
	const char *begin, *end; /* "%...name" */
	bool zero, has_offset;
	long offset, width;
	const char *modifiers;
	size_t modifier_count;
	const char *name;
	size_t name_len;
};

static const char *read_number(const char *p, long *number)
{
	char *end;

	*number = strtol(p, &end, 10);
	return end;
}

static bool parse_v23(const char *p, struct v23_use *use)
{
	*use = (struct v23_use){.begin = p++};
	use->zero = *p == '0';
	p = read_number(p, &use->width);
	if (*p == '.') {
		use->has_offset = true;
		use->offset = use->width;
		p = read_number(p + 1, &use->width);
	}
	use->modifiers = p;
	while (*p != '\0' && strchr("LUERTDXMHN", *p))
		p++;
	use->modifier_count = (size_t)(p - use->modifiers);
	use->name = *p == '{' ? p + 1 : p;
	use->name_len = *p == '{' ? strcspn(use->name, "}") : *p != '\0';
	use->end = use->name + use->name_len;
	if (*p == '{' && *use->end++ != '}')
		return false;
	return use->name_len > 0;
}

static const struct translate_variable *variable_v23(const char *name, size_t len, bool is_letter)
{
	for (size_t i = 0; i < TRANSLATE_VARIABLES; i++) {
		if (is_letter ? translate_variables[i].letter == name[0]
			      : strlen(translate_variables[i].v23) == len &&
					memcmp(translate_variables[i].v23, name, len) == 0)
			return &translate_variables[i];
	}
	return NULL;
}

/* userdb:NAME[:DEFAULT] and env:NAME */
static bool name_with_argument(const char *name, size_t len, struct buf *out)
{
	const char *colon;

	if (len > 4 && memcmp(name, "env:", 4) == 0)
		return buf_append(out, name, len) == 0;
	if (len <= 7 || memcmp(name, "userdb:", 7) != 0)
		return false;
	colon = memchr(name + 7, ':', len - 7);
	if (!colon)
		return buf_append(out, name, len) == 0;
	if (memchr(colon, '"', len - (size_t)(colon - name)))
		return false;
	return buf_appendf(out, "%.*s | default(\"%.*s\")", (int)(colon - name), name,
			   (int)(name + len - colon - 1), colon + 1) == 0;
}

static bool name_to_v24(const char *name, size_t len, bool is_letter, struct buf *out)
{
	const struct translate_variable *variable = variable_v23(name, len, is_letter);

	if (!variable)
		return !is_letter && name_with_argument(name, len, out);
	buf_append_str(out, variable->v24);
	if (variable->filter)
		buf_appendf(out, " | %s", variable->filter);
	return true;
}

/* "sha1:user" and the like. */
static bool function_to_v24(const char *name, size_t len, struct buf *out)
{
	const char *colon = memchr(name, ':', len);

	for (size_t i = 0; colon && i < TRANSLATE_FILTERS; i++) {
		size_t function_len = (size_t)(colon - name);

		if (!translate_filters[i].function ||
		    strlen(translate_filters[i].function) != function_len ||
		    memcmp(translate_filters[i].function, name, function_len) != 0)
			continue;
		return name_to_v24(colon + 1, len - function_len - 1, false, out) &&
		       buf_appendf(out, " | %s", translate_filters[i].v24) == 0;
	}
	return false;
}

static bool modifiers_to_v24(const struct v23_use *use, struct buf *out)
{
	for (size_t i = 0; i < use->modifier_count; i++) {
		const struct translate_filter *filter = NULL;

		for (size_t j = 0; j < TRANSLATE_FILTERS; j++) {
			if (translate_filters[j].modifier == use->modifiers[i])
				filter = &translate_filters[j];
		}
		/* in 2.4 a filter behind a hash works on its bytes, not on hex digits */
		if (!filter || (filter->modifier == 'M' && i + 1 < use->modifier_count))
			return false;
		buf_appendf(out, " | %s", filter->v24);
	}
	return true;
}

static bool slice_to_v24(const struct v23_use *use, struct buf *out)
{
	bool hashed = use->modifier_count > 0 && use->modifiers[use->modifier_count - 1] == 'M';

	if (use->width == 0 && !use->has_offset)
		return true;
	if (hashed || memchr(use->name, ':', use->name_len) || use->offset != 0 || use->width <= 0)
		return false;
	if (use->zero && !use->has_offset)
		return buf_appendf(out, " | lfill(%ld, \"0\")", use->width) == 0;
	return buf_appendf(out, " | truncate(%ld)", use->width) == 0;
}

/* Percent signs in front of a program would escape it; as a program of their own they do not. */
static void shield_percents(struct buf *out)
{
	size_t count = 0;

	while (count < out->len && out->data[out->len - 1 - count] == '%')
		count++;
	if (count == 0)
		return;
	out->len -= count;
	buf_append_str(out, "%{literal(\"");
	while (count-- > 0)
		buf_append_char(out, '%');
	buf_append_str(out, "\")}");
}

/* One "%..." at *p, which moves behind it. */
static int use_to_v24(const char **p, struct buf *out, struct error *error_r)
{
	struct v23_use use;
	bool is_letter;

	if (!parse_v23(*p, &use))
		return translate_no_form(error_r, *p, strlen(*p), "2.4");
	is_letter = use.name[-1] != '{';
	shield_percents(out);
	buf_append_str(out, "%{");
	if ((!is_letter && use.modifier_count == 0 &&
	     function_to_v24(use.name, use.name_len, out)) ||
	    name_to_v24(use.name, use.name_len, is_letter, out)) {
		if (modifiers_to_v24(&use, out) && slice_to_v24(&use, out)) {
			*p = use.end;
			return buf_append_char(out, '}');
		}
	}
	return translate_no_form(error_r, use.begin, (size_t)(use.end - use.begin), "2.4");
}

/* Text of 2.3 that 2.4 would read as the begin of a program is escaped. */
static int text_to_v24(struct buf *out, char c, char next)
{
	return buf_append_str(out, c == '%' && next == '{' ? "%%" : (const char[]){c, '\0'});
}

int translate_to_v24(const char *p, struct buf *out, struct error *error_r)
{
	int ret = 0;

	while (*p != '\0' && ret == 0) {
		if (*p != '%') {
			ret = text_to_v24(out, *p++, '\0');
		} else if (p[1] == '%') {
			ret = text_to_v24(out, '%', p[2]);
			p += 2;
		} else if (p[1] == '\0') {
			p++; /* a lone "%" at the end vanishes in 2.3 */
		} else {
			ret = use_to_v24(&p, out, error_r);
		}
	}
	return ret;
}
