/* SPDX-License-Identifier: MIT */
#include "cli/translate.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* A variable in both languages; what 2.3 has as a variable may be a filter in 2.4. */
static const struct variable {
	char letter; /* of 2.3, or 0 */
	const char *v23, *v24, *filter;
} variables[] = {
	{'u', "user", "user", NULL},
	{'n', "username", "user", "username"},
	{'d', "domain", "user", "domain"},
	{'s', "service", "service", NULL},
	{'h', "home", "home", NULL},
	{'l', "local_ip", "local_ip", NULL},
	{0, "lip", "local_ip", NULL},
	{'r', "remote_ip", "remote_ip", NULL},
	{0, "rip", "remote_ip", NULL},
	{'p', "pid", "process:pid", NULL},
	{0, "session", "session", NULL},
	{0, "auth_user", "auth_user", NULL},
	{0, "auth_username", "auth_user", "username"},
	{0, "auth_domain", "auth_user", "domain"},
	{0, "hostname", "hostname", NULL},
};

/* A 2.3 modifier or hash function and the filter that does the same. */
static const struct filter {
	char modifier;	      /* or 0 */
	const char *function; /* "%{sha1:user}", or NULL */
	const char *v24;
} filters[] = {
	{'L', NULL, "lower"},	 {'U', NULL, "upper"},	  {'R', NULL, "reverse"},
	{'M', "md5", "md5"},	 {0, "sha1", "sha1"},	  {0, "sha256", "sha256"},
	{0, "sha384", "sha384"}, {0, "sha512", "sha512"},
};

#define COUNT(table) (sizeof(table) / sizeof((table)[0]))

static int no_form(struct error *error_r, const char *begin, size_t len, const char *version)
{
	return error_set(error_r, EINVAL, "\"%.*s\" has no form in the template language of %s",
			 (int)len, begin, version);
}

/* --- 2.3 to 2.4 ----------------------------------------------------------------------------- */

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

static const struct variable *variable_v23(const char *name, size_t len, bool is_letter)
{
	for (size_t i = 0; i < COUNT(variables); i++) {
		if (is_letter ? variables[i].letter == name[0]
			      : strlen(variables[i].v23) == len &&
					memcmp(variables[i].v23, name, len) == 0)
			return &variables[i];
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
	const struct variable *variable = variable_v23(name, len, is_letter);

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

	for (size_t i = 0; colon && i < COUNT(filters); i++) {
		size_t function_len = (size_t)(colon - name);

		if (!filters[i].function || strlen(filters[i].function) != function_len ||
		    memcmp(filters[i].function, name, function_len) != 0)
			continue;
		return name_to_v24(colon + 1, len - function_len - 1, false, out) &&
		       buf_appendf(out, " | %s", filters[i].v24) == 0;
	}
	return false;
}

static bool modifiers_to_v24(const struct v23_use *use, struct buf *out)
{
	for (size_t i = 0; i < use->modifier_count; i++) {
		const struct filter *filter = NULL;

		for (size_t j = 0; j < COUNT(filters); j++) {
			if (filters[j].modifier == use->modifiers[i])
				filter = &filters[j];
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

/* One "%..." at *p, which moves behind it. */
static int use_to_v24(const char **p, struct buf *out, struct error *error_r)
{
	struct v23_use use;
	bool is_letter;

	if (!parse_v23(*p, &use))
		return no_form(error_r, *p, strlen(*p), "2.4");
	is_letter = use.name[-1] != '{';
	buf_append_str(out, "%{");
	if ((!is_letter && use.modifier_count == 0 &&
	     function_to_v24(use.name, use.name_len, out)) ||
	    name_to_v24(use.name, use.name_len, is_letter, out)) {
		if (modifiers_to_v24(&use, out) && slice_to_v24(&use, out)) {
			*p = use.end;
			return buf_append_char(out, '}');
		}
	}
	return no_form(error_r, use.begin, (size_t)(use.end - use.begin), "2.4");
}

/* Text of 2.3 that 2.4 would read as the begin of a program is escaped. */
static int text_to_v24(struct buf *out, char c, char next)
{
	return buf_append_str(out, c == '%' && next == '{' ? "%%" : (const char[]){c, '\0'});
}

static int to_v24(const char *p, struct buf *out, struct error *error_r)
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

/* --- 2.4 to 2.3 ----------------------------------------------------------------------------- */

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
	const struct variable *plain = NULL;

	for (size_t i = 0; i < COUNT(variables); i++) {
		if (!is_word(p, len, variables[i].v24))
			continue;
		if (filter && is_word(filter, word_len(filter), variables[i].filter)) {
			buf_append_str(name, variables[i].v23);
			return filter + word_len(filter);
		}
		if (!variables[i].filter && !plain)
			plain = &variables[i];
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

	for (size_t i = 0; i < COUNT(calls); i++) {
		if (call_of(p, calls[i].word))
			return calls[i].read(call_of(p, calls[i].word), slice);
	}
	return NULL;
}

/* A filter that is a modifier, or a hash function that must be the first one. */
static const char *filter_to_v23(const char *p, struct v23_name *v23)
{
	size_t len = word_len(p);

	for (size_t i = 0; i < COUNT(filters); i++) {
		if (!is_word(p, len, filters[i].v24))
			continue;
		if (filters[i].modifier)
			buf_append_char(&v23->modifiers, filters[i].modifier);
		else if (v23->modifiers.len > 0)
			return NULL;
		else
			buf_appendf(&v23->function, "%s:", filters[i].function);
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
		ret = no_form(error_r, *p, strcspn(*p, "}") + 1, "2.3");
	buf_release(&v23.name);
	buf_release(&v23.function);
	buf_release(&v23.modifiers);
	buf_release(&v23.slice);
	if (end)
		*p = end;
	return ret;
}

static int to_v23(const char *p, struct buf *out, struct error *error_r)
{
	int ret = 0;

	while (*p != '\0' && ret == 0) {
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

int translate_template(void *context, const char *text, bool v24, struct buf *out,
		       struct error *error_r)
{
	(void)context;
	return v24 ? to_v24(text, out, error_r) : to_v23(text, out, error_r);
}
