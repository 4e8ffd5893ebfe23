/* SPDX-License-Identifier: MIT */
#include "conf/lex.h"

#include <errno.h>

void conf_lex_init(struct conf_lex *lex, struct slice text)
{
	*lex = (struct conf_lex){.rest = text};
	buf_init(&lex->text, CONF_LINE_MAX);
}

void conf_lex_release(struct conf_lex *lex)
{
	buf_release(&lex->text);
}

static bool is_white(char c)
{
	return c == ' ' || c == '\t';
}

static char *skip_white(char *p)
{
	while (is_white(*p))
		p++;
	return p;
}

static char *skip_word(char *p)
{
	while (*p != '\0' && !is_white(*p))
		p++;
	return p;
}

static struct slice trim(struct slice text)
{
	while (text.len > 0 && is_white(text.ptr[0])) {
		text.ptr++;
		text.len--;
	}
	while (text.len > 0 && is_white(text.ptr[text.len - 1]))
		text.len--;
	return text;
}

/* The physical line at the front, without its line end. */
static struct slice take_line(struct conf_lex *lex)
{
	const char *end = memchr(lex->rest.ptr, '\n', lex->rest.len);
	size_t len = end ? (size_t)(end - lex->rest.ptr) : lex->rest.len;
	struct slice line = {lex->rest.ptr, len};

	len += end != NULL;
	lex->rest.ptr += len;
	lex->rest.len -= len;
	lex->line++;
	if (line.len > 0 && line.ptr[line.len - 1] == '\r')
		line.len--;
	return line;
}

/* The offset behind the quoted text that begins at i, or len when it is never closed. */
static size_t skip_quoted(struct slice line, size_t i)
{
	char quote = line.ptr[i++];

	for (; i < line.len && line.ptr[i] != quote; i++) {
		if (line.ptr[i] == '\\')
			i++;
	}
	return i < line.len ? i + 1 : line.len;
}

static struct slice cut_comment(struct slice line)
{
	size_t i = 0;

	while (i < line.len && line.ptr[i] != '#') {
		if (line.ptr[i] == '"' || line.ptr[i] == '\'')
			i = skip_quoted(line, i);
		else
			i++;
	}
	line.len = i;
	return line;
}

/* Collects one logical line into lex->text. A blank line or a comment ends a continuation. */
static int join_lines(struct conf_lex *lex, unsigned int *line_r, struct error *error_r)
{
	bool more = true;
	int ret = 0;

	buf_reset(&lex->text);
	while (more && lex->rest.len > 0 && ret == 0) {
		struct slice line = trim(cut_comment(take_line(lex)));

		if (line.len > 0 && memchr(line.ptr, '\0', line.len))
			return error_set(error_r, EINVAL, "a NUL byte is not text; remove it");
		if (lex->text.len == 0)
			*line_r = lex->line;
		more = line.len > 0 ? line.ptr[line.len - 1] == '\\' : lex->text.len == 0;
		if (more && line.len > 0)
			line.len--;
		line = trim(line);
		ret = buf_append_slice(&lex->text, line);
		if (more && line.len > 0)
			ret = buf_append_char(&lex->text, ' ');
	}
	if (ret == -E2BIG)
		return error_set(error_r, E2BIG, "line is longer than %d bytes", CONF_LINE_MAX);
	if (ret < 0)
		return error_set(error_r, -ret, "out of memory");
	return lex->text.len > 0;
}

/* Removes backslashes up to the NUL; any byte behind one is kept. */
static char *unescape(char *text)
{
	char *from = text, *to = text;

	while (*from != '\0') {
		if (*from == '\\' && from[1] != '\0')
			from++;
		*to++ = *from++;
	}
	*to = '\0';
	return text;
}

static void read_value(char *p, struct conf_line *line)
{
	size_t len = strlen(p);

	line->type = *p == '<' ? CONF_LINE_FILE : CONF_LINE_SETTING;
	line->value = *p == '<' ? skip_white(p + 1) : p;
	line->quoted = len > 1 && (*p == '"' || *p == '\'') && p[len - 1] == *p;
	if (line->quoted) {
		p[len - 1] = '\0';
		line->value = unescape(p + 1);
	}
}

/* Ends the quoted text at p and returns what stands behind it. */
static char *close_quoted(char *p)
{
	char *text = p;

	while (*p != '"' && *p != '\0')
		p += *p == '\\' && p[1] != '\0' ? 2 : 1;
	if (*p == '"')
		*p++ = '\0';
	unescape(text);
	return p;
}

/* p stands behind "type ": an optional name, then "{". */
static int read_section(char *p, struct conf_line *line, struct error *error_r)
{
	char *end = p;

	line->type = CONF_LINE_BEGIN;
	line->value = "";
	if (*p == '"') {
		line->value = p + 1;
		end = close_quoted(p + 1);
	} else if (*p != '{') {
		line->value = p;
		end = skip_word(p);
		if (*p == '@' && strcmp(line->key, "group") == 0)
			end = skip_word(skip_white(end));
	}
	p = skip_white(end);
	if (*p != '{')
		return error_set(error_r, EINVAL,
				 "\"%s\" is neither a setting nor a section; "
				 "\"%s = value\" or \"%s [name] {\" would be right",
				 line->key, line->key, line->key);
	if (p[1] != '\0')
		return error_set(error_r, EINVAL,
				 "\"%s\" stands behind \"{\"; put it on a line of its own",
				 skip_white(p + 1));
	if (*line->value != '\0' && is_white(*end))
		*end = '\0';
	return 0;
}

/* Returns what stands behind the key, and behind "=" if there is one. */
static char *read_key(char *p, struct conf_line *line, bool *assigns_r)
{
	char *end = p, *rest;

	line->key = p;
	if (*p == '"') {
		line->key = p + 1;
		rest = skip_white(close_quoted(p + 1));
	} else {
		while (*end != '\0' && *end != '=' && !is_white(*end))
			end++;
		rest = skip_white(end);
	}
	*assigns_r = *rest == '=';
	if (*assigns_r)
		rest = skip_white(rest + 1);
	if (*p != '"')
		*end = '\0';
	return rest;
}

static int read_line(char *text, struct conf_line *line, struct error *error_r)
{
	static const struct {
		const char *word;
		enum conf_line_type type;
	} includes[] = {{"!include", CONF_LINE_INCLUDE}, {"!include_try", CONF_LINE_INCLUDE_TRY}};
	bool assigns;
	char *rest = read_key(text, line, &assigns);

	line->value = rest;
	line->quoted = false;
	for (size_t i = 0; i < sizeof(includes) / sizeof(includes[0]); i++) {
		if (strcmp(line->key, includes[i].word) == 0) {
			line->type = includes[i].type;
			return 0;
		}
	}
	if (*line->key == '\0')
		return error_set(error_r, EINVAL, "no name in front of \"%s\"",
				 assigns ? "=" : rest);
	if (assigns) {
		read_value(rest, line);
		return 0;
	}
	if (strcmp(line->key, "}") == 0 && *rest == '\0') {
		line->type = CONF_LINE_END;
		return 0;
	}
	return read_section(rest, line, error_r);
}

int conf_lex_next(struct conf_lex *lex, struct conf_line *line_r, struct error *error_r)
{
	struct conf_line line = {0};
	int ret;

	ret = join_lines(lex, &line.line, error_r);
	if (ret <= 0)
		return ret;
	ret = read_line(lex->text.data, &line, error_r);
	if (ret < 0)
		return ret;
	*line_r = line;
	return 1;
}
