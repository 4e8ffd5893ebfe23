/* SPDX-License-Identifier: MIT */
/* Templates of 2.4 in the language of 2.3. */
#include "conf/translate_words.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static const char *skip_blanks(const char *p)
{
	return p + strspn(p, " \t");
}

static size_t word_len(const char *p)
{
	return strcspn(p, " \t|}(");
}

static bool is_word(const char *p, size_t len, const char *word)
{
	return word && strlen(word) == len && memcmp(word, p, len) == 0;
}

/* "| word" at p: its begin, or NULL. */
static const char *next_filter(const char *p)
{
	p = skip_blanks(p);
	return *p == '|' ? skip_blanks(p + 1) : NULL;
}

/* The variable at p, together with "| username" or "| domain" if that is what 2.3 has. */
static const char *variable_to_v23(const char *p, struct buf *name)
{
	size_t len = word_len(p);
	const char *filter = next_filter(p + len);
	const struct translate_variable *plain = NULL;

	for (size_t i = 0; i < TRANSLATE_VARIABLES; i++) {
		if (!is_word(p, len, translate_variables[i].v24))
			continue;
		if (filter && is_word(filter, word_len(filter), translate_variables[i].filter)) {
			buf_append_str(name, translate_variables[i].v23);
			return filter + word_len(filter);
		}
		if (!translate_variables[i].filter && !plain)
			plain = &translate_variables[i];
	}
	if (plain)
		buf_append_str(name, plain->v23);
	else if ((len > 7 && strncmp(p, "userdb:", 7) == 0) ||
		 (len > 4 && strncmp(p, "env:", 4) == 0))
		buf_append(name, p, len);
	else
		return NULL;
	return p + len;
}

/* What 2.3 writes in front of a name, and the name itself. */
struct v23_name {
	struct buf slice, modifiers, function, name;
};

/* "word(" at p; what stands behind it, or NULL. */
static const char *call_of(const char *p, const char *word)
{
	size_t len = strlen(word);

	return strncmp(p, word, len) == 0 && p[len] == '(' ? p + len + 1 : NULL;
}

/* "2, 3)" at p as "2.3"; what stands behind it, or NULL. */
static const char *substr_to_v23(const char *p, struct buf *slice)
{
	char *end;
	long offset = strtol(p, &end, 10), width;

	p = skip_blanks(end);
	if (*p != ',' || offset < 0)
		return NULL;
	width = strtol(p + 1, &end, 10);
	p = skip_blanks(end);
	if (*p != ')' || width <= 0)
		return NULL;
	return buf_appendf(slice, "%ld.%ld", offset, width) == 0 ? p + 1 : NULL;
}

static const char *truncate_to_v23(const char *p, struct buf *slice)
{
	char *end;
	long width = strtol(p, &end, 10);

	p = skip_blanks(end);
	if (*p != ')' || width <= 0)
		return NULL;
	return buf_appendf(slice, "%ld", width) == 0 ? p + 1 : NULL;
}

static const char *lfill_to_v23(const char *p, struct buf *slice)
{
	char *end;
	long width = strtol(p, &end, 10);

	p = skip_blanks(end);
	if (*p != ',' || width <= 0)
		return NULL;
	p = skip_blanks(p + 1);
	if (strncmp(p, "\"0\"", 3) != 0 || *skip_blanks(p + 3) != ')')
		return NULL;
	return buf_appendf(slice, "0%ld", width) == 0 ? skip_blanks(p + 3) + 1 : NULL;
}

static const char *slice_to_v23(const char *p, struct buf *slice)
{
	static const struct {
		const char *word;
		const char *(*read)(const char *p, struct buf *slice);
	} calls[] = {
		{"substr", substr_to_v23},
		{"truncate", truncate_to_v23},
		{"lfill", lfill_to_v23},
	};

	for (size_t i = 0; i < sizeof(calls) / sizeof(calls[0]); i++) {
		if (call_of(p, calls[i].word))
			return calls[i].read(call_of(p, calls[i].word), slice);
	}
	return NULL;
}

/* A filter that is a modifier, or a hash function that must be the first one. */
static const char *filter_to_v23(const char *p, struct v23_name *v23)
{
	size_t len = word_len(p);

	for (size_t i = 0; i < TRANSLATE_FILTERS; i++) {
		if (!is_word(p, len, translate_filters[i].v24))
			continue;
		if (translate_filters[i].modifier)
			buf_append_char(&v23->modifiers, translate_filters[i].modifier);
		else if (v23->modifiers.len > 0)
			return NULL;
		else
			buf_appendf(&v23->function, "%s:", translate_filters[i].function);
		return p + len;
	}
	return NULL;
}

/* "program}" at p: 2.3 slices last, hashes to hex digits, and has no other order. */
static const char *program_to_v23(const char *p, struct v23_name *v23)
{
	const char *filter;

	p = variable_to_v23(skip_blanks(p), &v23->name);
	while (p && (filter = next_filter(p))) {
		bool hashed = v23->function.len > 0 || strchr(buf_str(&v23->modifiers), 'M');

		if (v23->slice.len > 0 || hashed)
			return NULL;
		p = filter_to_v23(filter, v23);
		if (!p)
			p = slice_to_v23(filter, &v23->slice);
	}
	if (!p)
		return NULL;
	p = skip_blanks(p);
	return *p == '}' ? p + 1 : NULL;
}

static int use_to_v23(const char **p, struct buf *out, struct error *error_r)
{
	struct v23_name v23;
	const char *end;
	int ret;

	buf_init(&v23.slice, 64);
	buf_init(&v23.modifiers, 16);
	buf_init(&v23.function, 32);
	buf_init(&v23.name, 256);
	end = program_to_v23(*p + 2, &v23);
	if (end)
		ret = buf_appendf(out, "%%%s%s{%s%s}", buf_str(&v23.slice), buf_str(&v23.modifiers),
				  buf_str(&v23.function), buf_str(&v23.name));
	else
		ret = translate_no_form(error_r, *p, strcspn(*p, "}") + 1, "2.3");
	buf_release(&v23.name);
	buf_release(&v23.function);
	buf_release(&v23.modifiers);
	buf_release(&v23.slice);
	if (end)
		*p = end;
	return ret;
}

/* %{literal("...")} at p: what stands behind it, or NULL. */
static const char *literal_to_v23(const char *p, struct buf *out)
{
	static const char begin[] = "%{literal(\"";
	size_t len;

	if (strncmp(p, begin, sizeof(begin) - 1) != 0)
		return NULL;
	p += sizeof(begin) - 1;
	len = strcspn(p, "\"\\");
	if (strncmp(p + len, "\")}", 3) != 0)
		return NULL;
	for (size_t i = 0; i < len; i++)
		buf_append_str(out, p[i] == '%' ? "%%" : (const char[]){p[i], '\0'});
	return p + len + 3;
}

int translate_to_v23(const char *p, struct buf *out, struct error *error_r)
{
	const char *behind;
	int ret = 0;

	while (*p != '\0' && ret == 0) {
		behind = literal_to_v23(p, out);
		if (behind) {
			p = behind;
			continue;
		}
		if (strncmp(p, "%{", 2) == 0) {
			ret = use_to_v23(&p, out, error_r);
			continue;
		}
		if (strncmp(p, "%%{", 3) == 0)
			p++; /* an escaped "%{" */
		ret = *p == '%' ? buf_append_str(out, "%%") : buf_append_char(out, *p);
		p++;
	}
	return ret;
}
