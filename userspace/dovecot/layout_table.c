/* SPDX-License-Identifier: MIT */
#include "dovecot/layout_table.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>

#define WORDS_MAX 3

struct parser {
	const char *file;
	unsigned int line;
	struct slice words[WORDS_MAX + 1]; /* one more, to notice too many */
	size_t word_count;
	struct slice rest; /* of the line behind the first word, without a comment */
	struct layout_table *table;
	struct layout_struct *current; /* NULL before the first "struct" line */
	struct error *error_r;
};

static const struct type_word {
	const char *word;
	enum layout_type type;
	uint32_t size;
} type_words[] = {
	{"ptr", LAYOUT_PTR, 8}, {"u8", LAYOUT_U8, 1},	     {"u16", LAYOUT_U16, 2},
	{"u32", LAYOUT_U32, 4}, {"u64", LAYOUT_U64, 8},	     {"s32", LAYOUT_S32, 4},
	{"bit", LAYOUT_BIT, 1}, {"struct", LAYOUT_GROUP, 0},
};

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

static int fail(const struct parser *parser, int code, const char *what, struct slice word,
		const char *right)
{
	return error_set(parser->error_r, code, "%s:%u: %s '%.*s'; %s", parser->file, parser->line,
			 what, (int)(word.len > 80 ? 80 : word.len), word.ptr ? word.ptr : "",
			 right);
}

static bool is_space(char c)
{
	return c == ' ' || c == '\t' || c == '\r';
}

static void split_words(struct parser *parser, struct slice line)
{
	size_t i = 0;

	parser->word_count = 0;
	while (parser->word_count < ARRAY_SIZE(parser->words)) {
		struct slice *word = &parser->words[parser->word_count];

		while (i < line.len && is_space(line.ptr[i]))
			i++;
		if (i == line.len || line.ptr[i] == '#')
			return;
		word->ptr = line.ptr + i;
		while (i < line.len && !is_space(line.ptr[i]))
			i++;
		word->len = (size_t)(line.ptr + i - word->ptr);
		parser->word_count++;
	}
}

/* A decimal number up to max that makes up the whole word. */
static bool parse_number(struct slice word, uint32_t max, uint32_t *number_r)
{
	uint32_t number = 0;

	if (word.len == 0 || word.len > 9)
		return false;
	for (size_t i = 0; i < word.len; i++) {
		if (word.ptr[i] < '0' || word.ptr[i] > '9')
			return false;
		number = number * 10 + (uint32_t)(word.ptr[i] - '0');
	}
	if (number > max)
		return false;
	*number_r = number;
	return true;
}

/* Printable ASCII that fits, so that names can be C strings and appear in messages. */
static int parse_text(const struct parser *parser, struct slice text, char *text_r, size_t size)
{
	if (text.len >= size)
		return fail(parser, EINVAL, "name too long", text,
			    size == ABI_MAX ? "at most 79 bytes" : "at most 47 bytes");
	for (size_t i = 0; i < text.len; i++) {
		if (text.ptr[i] < ' ' || text.ptr[i] > '~')
			return fail(parser, EINVAL, "strange byte in name", text,
				    "printable ASCII only");
	}
	memcpy(text_r, text.ptr, text.len);
	text_r[text.len] = '\0';
	return 0;
}

static int parse_name(const struct parser *parser, struct slice word, char name_r[LAYOUT_NAME_MAX])
{
	return parse_text(parser, word, name_r, LAYOUT_NAME_MAX);
}

static const struct layout_member *member_find(const struct layout_struct *layout,
					       struct slice name)
{
	for (size_t i = 0; i < layout->member_count; i++) {
		if (slice_is(name, layout->members[i].name))
			return &layout->members[i];
	}
	return NULL;
}

static int parse_struct(struct parser *parser)
{
	struct layout_struct *layout;
	int ret;

	if (parser->table->count == LAYOUT_STRUCTS_MAX)
		return fail(parser, E2BIG, "too many structs at", parser->words[1], "at most 128");
	layout = &parser->table->structs[parser->table->count];
	*layout = (struct layout_struct){0};
	ret = parse_name(parser, parser->words[1], layout->name);
	if (ret < 0)
		return ret;
	if (!parse_number(parser->words[2], LAYOUT_SIZE_MAX, &layout->size) || layout->size == 0)
		return fail(parser, EINVAL, "bad size", parser->words[2],
			    "a number of bytes from 1 to 65536");
	parser->current = layout;
	parser->table->count++;
	return 0;
}

static int parse_abi(struct parser *parser)
{
	struct layout_struct *layout = parser->current;
	struct slice word = parser->rest;
	char abi[ABI_MAX];
	int ret;

	if (!layout)
		return fail(parser, EINVAL, "abi before any struct:", word, "begin with 'struct'");
	if (layout->abi_count == LAYOUT_ABIS_MAX)
		return fail(parser, E2BIG, "too many ABI strings at", word, "at most 64");
	ret = parse_text(parser, word, abi, sizeof(abi));
	if (ret < 0)
		return ret;
	if (layout_table_find(parser->table, abi, layout->name))
		return fail(parser, EINVAL, "second layout of this struct for ABI", word,
			    "an ABI string has one");
	memcpy(layout->abis[layout->abi_count++], abi, sizeof(abi));
	return 0;
}

static int parse_type(const struct parser *parser, struct slice word, struct layout_member *member)
{
	for (size_t i = 0; i < ARRAY_SIZE(type_words); i++) {
		if (slice_is(word, type_words[i].word)) {
			member->type = type_words[i].type;
			return 0;
		}
	}
	if (word.len > 4 && memcmp(word.ptr, "u8[", 3) == 0 && word.ptr[word.len - 1] == ']') {
		member->type = LAYOUT_U8_ARRAY;
		if (parse_number((struct slice){word.ptr + 3, word.len - 4}, LAYOUT_SIZE_MAX,
				 &member->count) &&
		    member->count > 0)
			return 0;
		return fail(parser, EINVAL, "bad type", word, "u8[N] with N of at least 1");
	}
	member->type = LAYOUT_NAMED;
	return parse_name(parser, word, member->type_name);
}

/* BYTE or, for a bit, BYTE.BIT. */
static int parse_place(const struct parser *parser, struct slice word, struct layout_member *member)
{
	struct slice byte = word;
	const char *dot = memchr(word.ptr, '.', word.len);
	bool good = true;

	if (dot) {
		struct slice bit = {dot + 1, (size_t)(word.ptr + word.len - dot - 1)};

		byte.len = (size_t)(dot - word.ptr);
		good = parse_number(bit, 7, &member->bit);
	}
	if (!good || !parse_number(byte, LAYOUT_SIZE_MAX, &member->byte))
		return fail(parser, EINVAL, "bad offset", word,
			    "BYTE, or BYTE.BIT with BIT 0 to 7");
	if ((dot != NULL) != (member->type == LAYOUT_BIT))
		return fail(parser, EINVAL, "offset does not suit the type:", word,
			    "a bit has BYTE.BIT, everything else BYTE");
	return 0;
}

/* A nested member needs its group in front, a plain one must not repeat a name. */
static int check_name(const struct parser *parser, struct slice word,
		      const struct layout_member *member)
{
	const char *dot = memchr(word.ptr, '.', word.len);
	const struct layout_member *group;

	if (member_find(parser->current, word))
		return fail(parser, EINVAL, "member listed twice:", word, "once per struct");
	if (!dot)
		return 0;
	group = member_find(parser->current, (struct slice){word.ptr, (size_t)(dot - word.ptr)});
	if (!group || group->type != LAYOUT_GROUP || group->byte > member->byte)
		return fail(parser, EINVAL, "no enclosing struct for", word,
			    "list the part before the dot first, with type struct");
	if (member->type == LAYOUT_GROUP || memchr(dot + 1, '.', word.len - (dot + 1 - word.ptr)))
		return fail(parser, EINVAL, "nested too deep:", word, "one level");
	return 0;
}

static int parse_member(struct parser *parser)
{
	struct layout_struct *layout = parser->current;
	struct layout_member *member;
	int ret;

	if (!layout)
		return fail(parser, EINVAL, "member before any struct:", parser->words[0],
			    "begin with 'struct NAME SIZE'");
	if (layout->member_count == LAYOUT_MEMBERS_MAX)
		return fail(parser, E2BIG, "too many members at", parser->words[0], "at most 64");
	member = &layout->members[layout->member_count];
	*member = (struct layout_member){0};
	ret = parse_name(parser, parser->words[0], member->name);
	if (ret == 0)
		ret = parse_type(parser, parser->words[2], member);
	if (ret == 0)
		ret = parse_place(parser, parser->words[1], member);
	if (ret == 0)
		ret = check_name(parser, parser->words[0], member);
	if (ret < 0)
		return ret;
	layout->member_count++;
	return 0;
}

/* An ABI string may have spaces in its parenthesis. */
static void find_rest(struct parser *parser, struct slice line)
{
	const char *end = line.ptr + line.len, *comment;

	parser->rest = (struct slice){NULL, 0};
	if (parser->word_count < 2)
		return;
	parser->rest.ptr = parser->words[1].ptr;
	comment = memchr(parser->rest.ptr, '#', (size_t)(end - parser->rest.ptr));
	if (comment)
		end = comment;
	while (is_space(end[-1]))
		end--;
	parser->rest.len = (size_t)(end - parser->rest.ptr);
}

static int parse_line(struct parser *parser, struct slice line)
{
	split_words(parser, line);
	find_rest(parser, line);
	if (parser->word_count == 0)
		return 0;
	if (slice_is(parser->words[0], "abi") && parser->word_count > 1)
		return parse_abi(parser);
	if (slice_is(parser->words[0], "struct") && parser->word_count == 3)
		return parse_struct(parser);
	if (parser->word_count == 3)
		return parse_member(parser);
	return fail(parser, EINVAL, "cannot read the line that begins with", parser->words[0],
		    "'struct NAME SIZE', 'abi STRING' or 'MEMBER BYTE TYPE'");
}

/* What can be judged only when all structs are known. */
static int check_struct(struct parser *parser, const struct layout_struct *layout)
{
	for (size_t i = 0; i < layout->member_count; i++) {
		const struct layout_member *member = &layout->members[i];

		for (size_t j = 0; member->type == LAYOUT_NAMED && j < layout->abi_count; j++) {
			if (!layout_table_find(parser->table, layout->abis[j], member->type_name) ||
			    strcmp(member->type_name, layout->name) == 0)
				return error_set(parser->error_r, EINVAL,
						 "%s: struct %s, member %s: no type '%s' for ABI "
						 "%s; list that struct too",
						 parser->file, layout->name, member->name,
						 member->type_name, layout->abis[j]);
		}
		for (size_t j = 0; j < layout->abi_count; j++) {
			if (member->byte +
				    layout_member_size(parser->table, layout->abis[j], member) >
			    layout->size)
				return error_set(parser->error_r, EINVAL,
						 "%s: struct %s of %u bytes, member %s lies "
						 "outside; one of the two is wrong",
						 parser->file, layout->name, layout->size,
						 member->name);
		}
	}
	return 0;
}

int layout_table_parse(struct slice text, const char *file, struct layout_table *table_r,
		       struct error *error_r)
{
	struct layout_table table = {.structs = calloc(LAYOUT_STRUCTS_MAX, sizeof(*table.structs))};
	struct parser parser = {.file = file, .table = &table, .error_r = error_r};
	int ret = 0;

	if (!table.structs)
		return error_set(error_r, ENOMEM, "%s: out of memory", file);
	while (ret == 0 && text.len > 0) {
		const char *end = memchr(text.ptr, '\n', text.len);
		struct slice line = {text.ptr, end ? (size_t)(end - text.ptr) : text.len};

		parser.line++;
		ret = parse_line(&parser, line);
		text.ptr += line.len + (end ? 1 : 0);
		text.len -= line.len + (end ? 1 : 0);
	}
	for (size_t i = 0; ret == 0 && i < table.count; i++)
		ret = check_struct(&parser, &table.structs[i]);
	if (ret < 0) {
		layout_table_release(&table);
		return ret;
	}
	*table_r = table;
	return 0;
}

void layout_table_release(struct layout_table *table)
{
	if (!table)
		return;
	free(table->structs);
	*table = (struct layout_table){0};
}

const struct layout_struct *layout_table_find(const struct layout_table *table, const char *abi,
					      const char *name)
{
	for (size_t i = 0; i < table->count; i++) {
		const struct layout_struct *layout = &table->structs[i];

		if (strcmp(layout->name, name) != 0)
			continue;
		for (size_t j = 0; j < layout->abi_count; j++) {
			if (strcmp(layout->abis[j], abi) == 0)
				return layout;
		}
	}
	return NULL;
}

uint32_t layout_member_size(const struct layout_table *table, const char *abi,
			    const struct layout_member *member)
{
	const struct layout_struct *named;

	if (member->type == LAYOUT_U8_ARRAY)
		return member->count;
	if (member->type == LAYOUT_NAMED) {
		named = layout_table_find(table, abi, member->type_name);
		return named ? named->size : 0;
	}
	for (size_t i = 0; i < ARRAY_SIZE(type_words); i++) {
		if (type_words[i].type == member->type)
			return type_words[i].size;
	}
	return 0;
}
