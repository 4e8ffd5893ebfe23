/* SPDX-License-Identifier: MIT */
#include "conf/print.h"

#include <ctype.h>
#include <string.h>

#define PLACE_COLUMN 56

static const char hidden[] = "****";

static bool is_secret_name(const char *key)
{
	static const char *const words[] = {"password", "passwd", "secret", NULL};

	for (size_t i = 0; words[i]; i++) {
		if (strcasestr(key, words[i]))
			return true;
	}
	return false;
}

/* Behind "password=" at p: the length of the secret. URIs split at ":", connect strings at blanks;
 * libpq's quotes may hold blanks. */
static size_t secret_len(const char *p, bool is_uri)
{
	const char *end;

	if (is_uri)
		return strcspn(p, ":");
	if (*p != '\'')
		return strcspn(p, " \t");
	for (end = p + 1; *end != '\0' && *end != '\''; end++)
		end += *end == '\\' && end[1] != '\0';
	return (size_t)(end - p) + (*end == '\'');
}

/* The length of "password=" or the like at p, which begins a word; 0 when it is something else. */
static size_t secret_word(const char *p)
{
	static const char *const words[] = {
		"password",	     "passwd", "pass", "sslpassword", "ssl_private_key_password",
		"sentinel_password", NULL};

	for (size_t i = 0; words[i]; i++) {
		size_t len = strlen(words[i]), blanks;

		if (strncasecmp(p, words[i], len) != 0)
			continue;
		blanks = strspn(p + len, " \t");
		if (p[len + blanks] == '=')
			return len + blanks + 1 + strspn(p + len + blanks + 1, " \t");
	}
	return 0;
}

/* For "user:password@" at p, behind "//": where the password is. False when there is none. */
static bool find_password(const char *p, const char **begin_r, const char **end_r)
{
	size_t authority = strcspn(p, "/?# ");
	const char *end = memrchr(p, '@', authority);
	const char *begin = end ? memchr(p, ':', (size_t)(end - p)) : NULL;

	if (!begin)
		return false;
	*begin_r = begin + 1;
	*end_r = end;
	return true;
}

static bool begins_word(const char *value, const char *p)
{
	return p == value || strchr(" \t:;,&?", p[-1]);
}

void conf_mask(struct buf *out, const char *key, const char *value)
{
	bool is_uri = strcmp(key, "connect") != 0;
	const char *p = value, *begin, *end;
	size_t skip;

	if (is_secret_name(key) && *value != '\0') {
		buf_append_str(out, hidden);
		return;
	}
	while (*p != '\0') {
		if (begins_word(value, p) && (skip = secret_word(p)) > 0) {
			buf_append(out, p, skip);
			buf_append_str(out, hidden);
			p += skip + secret_len(p + skip, is_uri);
		} else if (strncmp(p, "//", 2) == 0 && find_password(p + 2, &begin, &end)) {
			buf_append(out, p, (size_t)(begin - p));
			buf_append_str(out, hidden);
			p = end;
		} else {
			buf_append_char(out, *p++);
		}
	}
}

/* Where there is a "$", blanks are put together and some words replaced. */
static bool would_be_expanded(const char *value)
{
	return strchr(value, '$') && (strstr(value, "$ENV:") || strstr(value, "$SET:") ||
				      strstr(value, "  ") || strchr(value, '\t'));
}

/* A plain value would be read differently: as a comment, a file, a variable, without its blanks. */
static bool needs_quotes(const char *value)
{
	size_t len = strlen(value);

	if (len == 0)
		return false;
	return strchr("\"'< \t", value[0]) || strchr("\\ \t", value[len - 1]) ||
	       strpbrk(value, "#\r\n") || would_be_expanded(value);
}

static void print_quoted(struct buf *out, const char *text)
{
	buf_append_char(out, '"');
	for (; *text != '\0'; text++) {
		if (*text == '"' || *text == '\\')
			buf_append_char(out, '\\');
		if (*text == '\n') /* a line cannot hold it; only "key = <file" brings it in */
			buf_append_char(out, ' ');
		else
			buf_append_char(out, *text);
	}
	buf_append_char(out, '"');
}

static void indent(struct buf *out, unsigned int depth)
{
	buf_appendf(out, "%*s", (int)(2 * depth), "");
}

/* Aligned, as long as the line is short. */
static void print_place(struct buf *out, size_t line_start, const struct conf_pos *pos)
{
	size_t width = out->len - line_start;

	buf_appendf(out, "%*s# %s", width < PLACE_COLUMN ? (int)(PLACE_COLUMN - width) : 2, "",
		    pos->file);
	if (pos->line > 0)
		buf_appendf(out, ":%u", pos->line);
}

static void print_value(struct buf *out, const char *value)
{
	if (needs_quotes(value))
		print_quoted(out, value);
	else
		buf_append_str(out, value);
}

/* A key, or the type or name of a section. */
static void print_word(struct buf *out, const char *word)
{
	if (strpbrk(word, " \t\r\n\"'\\#={}"))
		print_quoted(out, word);
	else
		buf_append_str(out, word);
}

void conf_print_setting(struct buf *out, unsigned int depth, unsigned int flags, const char *key,
			const char *value, const struct conf_pos *pos)
{
	size_t start = out->len;
	struct buf masked;

	buf_init(&masked, CONF_TREE_MAX);
	if (flags & CONF_PRINT_MASK)
		conf_mask(&masked, key, value);
	else
		buf_append_str(&masked, value);
	indent(out, depth);
	print_word(out, key);
	buf_append_str(out, *value == '\0' ? " =" : " = ");
	print_value(out, buf_str(&masked));
	if (flags & CONF_PRINT_PLACES)
		print_place(out, start, pos);
	buf_append_char(out, '\n');
	if (masked.failed)
		out->failed = masked.failed;
	buf_release(&masked);
}

void conf_print_begin(struct buf *out, unsigned int depth, const char *type, const char *name)
{
	indent(out, depth);
	print_word(out, type);
	if (*name != '\0')
		buf_append_char(out, ' ');
	print_word(out, name);
	buf_append_str(out, " {\n");
}

void conf_print_end(struct buf *out, unsigned int depth)
{
	indent(out, depth);
	buf_append_str(out, "}\n");
}

void conf_print_section(struct buf *out, unsigned int depth, unsigned int flags,
			const struct conf_section *section)
{
	const struct conf_setting *setting;
	const struct conf_section *child;

	conf_print_begin(out, depth, section->type, section->name);
	for (setting = section->settings; setting; setting = setting->next)
		conf_print_setting(out, depth + 1, flags, setting->key, setting->value,
				   &setting->pos);
	for (child = section->sections; child; child = child->next)
		conf_print_section(out, depth + 1, flags, child);
	conf_print_end(out, depth);
}
