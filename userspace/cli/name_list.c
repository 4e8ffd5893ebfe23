/* SPDX-License-Identifier: MIT */
#include "cli/name_list.h"

#include <errno.h>
#include <string.h>

#define NAME_MAX_BYTES (64U << 10)

void names_init(struct names *names, const struct names_options *options)
{
	*names = (struct names){.options = options};
	buf_init(&names->name, NAME_MAX_BYTES);
}

static void close_file(struct names *names)
{
	if (names->from && names->from != stdin)
		(void)fclose(names->from);
	names->from = NULL;
}

void names_release(struct names *names)
{
	close_file(names);
	buf_release(&names->name);
}

static int open_file(struct names *names, const char *path, struct error *error_r)
{
	bool is_stdin = strcmp(path, "-") == 0;

	names->path = is_stdin ? "standard input" : path;
	names->line = 0;
	names->from = is_stdin ? stdin : fopen(path, "re");
	return names->from ? 0 : error_set(error_r, NAMES_UNREADABLE, "%s: %m", path);
}

static void strip_mark(struct names *names)
{
	static const char mark[] = {'\xef', '\xbb', '\xbf'};
	struct buf *name = &names->name;

	if (names->options->nul || names->line != 1 || name->len < sizeof(mark) ||
	    memcmp(name->data, mark, sizeof(mark)) != 0)
		return;
	/* UNSAFE: the rest moves to the front. */
	memmove(name->data, name->data + sizeof(mark), name->len - sizeof(mark));
	name->len -= sizeof(mark);
}

/* 1, 0 at the end of the file, or a negative errno. */
static int read_name(struct names *names, struct error *error_r)
{
	int end = names->options->nul ? '\0' : '\n', c;

	buf_reset(&names->name);
	while ((c = getc(names->from)) != EOF && c != end)
		buf_append_char(&names->name, (char)c);
	if (ferror(names->from))
		return error_set(error_r, NAMES_UNREADABLE, "%s: %m", names->path);
	if (c == EOF && names->name.len == 0)
		return 0;
	names->line++;
	if (names->name.failed)
		return error_set(error_r, -names->name.failed, "%s:%lu: the name is too long",
				 names->path, names->line);
	strip_mark(names);
	return 1;
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r';
}

static struct slice without_blanks(struct slice text)
{
	while (text.len > 0 && is_blank(text.ptr[text.len - 1]))
		text.len--;
	while (text.len > 0 && is_blank(text.ptr[0]))
		text = (struct slice){text.ptr + 1, text.len - 1};
	return text;
}

/* Of a file. A line that begins with "#" is a remark: no name that Dovecot takes begins so. */
static struct slice name_of_line(const struct names *names)
{
	struct slice line = buf_slice(&names->name);

	if (names->options->nul)
		return line;
	line = without_blanks(line);
	return line.len > 0 && line.ptr[0] == '#' ? (struct slice){0} : line;
}

static int check_word(struct slice name, struct error *error_r)
{
	struct slice bare = without_blanks(name);

	if (name.len == 0)
		return error_set(error_r, EINVAL, "a name is empty");
	if (bare.len == name.len)
		return 1;
	return error_set(error_r, EINVAL,
			 "the name \"%.*s\" begins or ends with a blank or a carriage return: take "
			 "it off, or read the list by --from FILE",
			 (int)bare.len, bare.ptr);
}

/* From what is open, else from the next word. 2: again. */
static int next(struct names *names, struct slice *name_r, struct error *error_r)
{
	const struct names_options *options = names->options;
	int ret;

	if (!names->from && options->file && !names->file_done) {
		names->file_done = true;
		ret = open_file(names, options->file, error_r);
		return ret < 0 ? ret : 2;
	}
	if (names->from) {
		ret = read_name(names, error_r);
		if (ret == 0)
			close_file(names);
		*name_r = name_of_line(names);
		return ret == 0 ? 2 : ret;
	}
	if (names->next == options->word_count)
		return 0;
	if (strcmp(options->words[names->next], "-") == 0) {
		ret = open_file(names, options->words[names->next++], error_r);
		return ret < 0 ? ret : 2;
	}
	*name_r = slice_str(options->words[names->next++]);
	return options->nul && name_r->len > 0 ? 1 : check_word(*name_r, error_r);
}

int names_next(struct names *names, struct slice *name_r, struct error *error_r)
{
	int ret;

	do {
		ret = next(names, name_r, error_r);
	} while (ret == 2 || (ret == 1 && name_r->len == 0));
	return ret;
}
