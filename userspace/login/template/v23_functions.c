/* SPDX-License-Identifier: MIT */
#include "login/template/v23.h"

#include <errno.h>

#include "login/template/functions.h"
#include "login/template/hash.h"
#include "login/template/names.h"

enum hash_format { HASH_HEX, HASH_BASE64 };

struct v23_hash {
	struct hasher *hasher; /* NULL for pkcs5 */
	struct piece data;
	struct piece_list salt;
	uint64_t rounds, truncate_bits;
	enum hash_format format;
};

#define IF_PARAMETERS 5

struct v23_if {
	struct piece_list parameters[IF_PARAMETERS]; /* a, operator, b, then, else */
	const struct comparison *comparison;	     /* NULL when a variable names it */
	const regex_t *regex;			     /* NULL when there is none, or none yet */
};

static int evaluate_hash(const void *program, struct template_run *run, struct slice *value_r)
{
	const struct v23_hash *hash = program;
	struct slice data = {"", 0}, salt = {"", 0}, digest;
	int ret = run_piece(run, &hash->data, &data);

	if (ret == 0)
		ret = run_pieces(run, &hash->salt, &salt);
	if (ret < 0)
		return ret;
	ret = hash->hasher ? hasher_digest(hash->hasher, run, hash->rounds, salt, data, &digest)
			   : hash_pbkdf2(run, (unsigned int)hash->rounds, salt, data, &digest);
	if (ret < 0)
		return ret;
	if (hash->truncate_bits > 0)
		hash_keep_bits((char *)digest.ptr, &digest.len, hash->truncate_bits);
	return hash->format == HASH_HEX ? hash_hex(run, digest, value_r)
					: hash_base64(run, digest, value_r);
}

/* "name" is text up to the separator, or all of it; text moves behind the separator. */
static struct slice split(struct slice *text, char separator)
{
	const char *at = text->len > 0 ? memchr(text->ptr, separator, text->len) : NULL;
	struct slice name = *text;

	if (at)
		name.len = (size_t)(at - text->ptr);
	text->len -= name.len + (at != NULL);
	text->ptr = at ? at + 1 : text->ptr + name.len;
	return name;
}

static int parse_number(struct compiler *compiler, struct slice value, uint64_t *number_r)
{
	char *text = pool_strndup(compiler->pool, value.ptr, value.len);

	if (!text)
		return compiler_no_memory(compiler);
	if (!text_to_unsigned(text, number_r) || *number_r >= UINT32_MAX)
		return compiler_refuse(compiler, "'%s' is no number for a hash function", text);
	return 0;
}

static int parse_rounds(struct compiler *compiler, struct slice value, struct v23_hash *hash)
{
	int ret = parse_number(compiler, value, &hash->rounds);

	if (ret == 0 && (hash->rounds < 1 || hash->rounds > TEMPLATE_ROUNDS_MAX))
		return compiler_refuse(compiler, "hash rounds must be 1 to %u",
				       TEMPLATE_ROUNDS_MAX);
	return ret;
}

static int parse_truncate(struct compiler *compiler, struct slice value, struct v23_hash *hash)
{
	size_t digest = hash->hasher ? hasher_size(hash->hasher) : 32;
	int ret = parse_number(compiler, value, &hash->truncate_bits);

	if (ret == 0 && hash->truncate_bits > digest * 8)
		hash->truncate_bits = digest * 8;
	return ret;
}

static int parse_format(struct compiler *compiler, struct slice value, struct v23_hash *hash)
{
	if (slice_is(value, "base64"))
		hash->format = HASH_BASE64;
	else if (slice_is(value, "hex") || slice_is(value, "hexuc")) /* lower case, both */
		hash->format = HASH_HEX;
	else
		return compiler_refuse(compiler,
				       "'%.*s' is no hash format; use hex, hexuc or base64",
				       (int)value.len, value.ptr);
	return 0;
}

static int compile_copy(struct compiler *compiler, struct slice text, struct piece_list *list)
{
	char *copy = pool_strndup(compiler->pool, text.ptr, text.len);

	*list = (struct piece_list){0};
	return copy ? v23_compile(compiler, copy, list) : compiler_no_memory(compiler);
}

/* Behind "salt=" Dovecot reads no further option; what it does not know, or without "=", it
 * skips. */
static int parse_options(struct compiler *compiler, struct slice options, struct v23_hash *hash)
{
	int ret = 0;

	while (options.len > 0 && ret == 0) {
		struct slice value = split(&options, ',');
		bool has_value = value.len > 0 && memchr(value.ptr, '=', value.len);
		struct slice key = split(&value, '=');

		if (!has_value)
			continue;
		if (slice_is(key, "salt"))
			return compile_copy(compiler, value, &hash->salt);
		if (slice_is(key, "rounds"))
			ret = parse_rounds(compiler, value, hash);
		else if (slice_is(key, "truncate"))
			ret = parse_truncate(compiler, value, hash);
		else if (slice_is(key, "format"))
			ret = parse_format(compiler, value, hash);
	}
	return ret;
}

static int compile_hash(struct compiler *compiler, struct slice name, struct slice options,
			struct slice data, struct piece *piece_r)
{
	struct v23_hash *hash = pool_alloc(compiler->pool, sizeof(*hash));
	int ret = 0;

	if (!hash)
		return compiler_no_memory(compiler);
	hash->rounds = 1;
	if (slice_is(name, "pkcs5")) {
		hash->rounds = 2048;
		ret = compiler_add_literal(compiler, &hash->salt, data.ptr, data.len);
	} else {
		ret = hasher_new(compiler, name, &hash->hasher);
	}
	if (ret == 0)
		ret = v23_compile_long(compiler, data, &hash->data);
	if (ret == 0)
		ret = parse_options(compiler, options, hash);
	*piece_r = (struct piece){VARIABLE_NONE, evaluate_hash, hash, {NULL, 0}};
	return ret;
}

static int find_comparison(const struct v23_if *test, struct template_run *run, const char *name,
			   const struct comparison **comparison_r)
{
	*comparison_r = test->comparison ? test->comparison : comparison_find(name);
	return *comparison_r ? 0 : run_fail(run, "if: '%s' is no operator", name);
}

static int compare(const struct v23_if *test, struct template_run *run,
		   const struct slice values[IF_PARAMETERS])
{
	const struct comparison *comparison;
	const char *a = values[0].ptr, *b = values[2].ptr;
	int64_t number_a, number_b;
	int ret = find_comparison(test, run, values[1].ptr, &comparison);

	if (ret < 0)
		return ret;
	if (comparison->kind != COMPARE_NUMBERS)
		return comparison_of_texts(comparison, run, a, b, test->regex);
	if (!text_to_number(a, &number_a) || !text_to_number(b, &number_b))
		return run_fail(run, "if: '%s' %s '%s' compares what is no number", a,
				comparison->name, b);
	return comparison_of_numbers(comparison, number_a, number_b);
}

/* All parameters are expanded, as in Dovecot: an error in the branch not taken counts. */
static int evaluate_if(const void *program, struct template_run *run, struct slice *value_r)
{
	const struct v23_if *test = program;
	struct slice values[IF_PARAMETERS];
	int ret = 0;

	for (unsigned int i = 0; i < IF_PARAMETERS && ret == 0; i++)
		ret = run_pieces(run, &test->parameters[i], &values[i]);
	if (ret == 0)
		ret = compare(test, run, values);
	if (ret < 0)
		return ret;
	*value_r = values[ret ? 3 : 4];
	return 0;
}

/*
 * Moves one parameter from text to out, up to an unescaped ";" outside of %{...}, and returns what
 * ended it: ';', ':' or 0. A backslash vanishes; the byte behind it means nothing special. A
 * percent sign is remembered until the next brace, even over the end of its parameter.
 */
static char next_parameter(struct slice *text, bool *percent, struct buf *out)
{
	bool escaped = false;
	unsigned int depth = 0;

	for (; text->len > 0; text->ptr++, text->len--) {
		char c = *text->ptr;

		if (c == '\\') {
			escaped = true;
			continue;
		}
		if (escaped) {
			escaped = false;
		} else if (c == '%') {
			*percent = true;
		} else if (*percent && c == '{') {
			depth++;
			*percent = false;
		} else if (depth > 0 && c == '}') {
			depth--;
		} else if (depth == 0 && (c == ';' || c == ':')) {
			text->ptr++;
			text->len--;
			return c;
		}
		buf_append_char(out, c);
	}
	/* Dovecot sees the colon that separates a function from its field, here without a field. */
	if (escaped)
		buf_append_char(out, ':');
	return '\0';
}

/* Returns how many there were. An empty parameter at the end does not count. */
static int compile_parameters(struct compiler *compiler, struct slice text,
			      struct piece_list lists[IF_PARAMETERS])
{
	struct buf parameter;
	int count = 0, ret = 0;
	bool percent = false;
	char end = ';';

	buf_init(&parameter, TEMPLATE_TEXT_MAX);
	while (end == ';' && ret == 0) {
		buf_reset(&parameter);
		end = next_parameter(&text, &percent, &parameter);
		if (parameter.failed)
			ret = compiler_no_memory(compiler);
		if (ret < 0 || (end != ';' && parameter.len == 0))
			break;
		if (count < IF_PARAMETERS)
			ret = compile_copy(compiler, buf_slice(&parameter), &lists[count]);
		count++;
	}
	buf_release(&parameter);
	return ret < 0 ? ret : count;
}

static int precompile_if(struct compiler *compiler, struct v23_if *test)
{
	const char *name = pieces_constant(&test->parameters[1]);
	const char *pattern = pieces_constant(&test->parameters[2]);

	if (!name)
		return 0;
	test->comparison = comparison_find(name);
	if (!test->comparison)
		return compiler_refuse(compiler,
				       "'%s' is no operator of %%{if}; use == < <= > >= != eq lt "
				       "le gt ge ne * !* ~ !~",
				       name);
	if (test->comparison->kind != COMPARE_REGEX || !pattern)
		return 0;
	return regex_compile(compiler, pattern, &test->regex);
}

static int compile_if(struct compiler *compiler, struct slice parameters, struct piece *piece_r)
{
	struct v23_if *test = pool_alloc(compiler->pool, sizeof(*test));
	int count;

	if (!test)
		return compiler_no_memory(compiler);
	count = compile_parameters(compiler, parameters, test->parameters);
	if (count >= 0 && count != IF_PARAMETERS && count != IF_PARAMETERS - 1)
		return compiler_refuse(
			compiler, "%%{if;a;operator;b;then;else} has %d parameters, not 4 or 5",
			count);
	*piece_r = (struct piece){VARIABLE_NONE, evaluate_if, test, {NULL, 0}};
	return count < 0 ? count : precompile_if(compiler, test);
}

static int compile_function(struct compiler *compiler, struct slice name, struct piece *piece_r)
{
	struct slice rest = name, key = split(&rest, ':'), options = key, if_parameters = name;
	struct slice function = split(&options, ';');

	if (hash_is_known(function) || slice_is(function, "pkcs5"))
		return compile_hash(compiler, function, options, rest, piece_r);
	if (function.len == 2 && strncasecmp(function.ptr, "if", 2) == 0) {
		split(&if_parameters, ';');
		return compile_if(compiler, if_parameters, piece_r);
	}
	return v23_find_long(compiler, name, &piece_r->variable);
}

int v23_compile_long(struct compiler *compiler, struct slice name, struct piece *piece_r)
{
	int ret;

	*piece_r = (struct piece){.variable = VARIABLE_NONE};
	if (++compiler->depth > TEMPLATE_DEPTH_MAX)
		return compiler_refuse(compiler, "functions are nested more than %u deep",
				       TEMPLATE_DEPTH_MAX);
	ret = compile_function(compiler, name, piece_r);
	compiler->depth--;
	if (ret == 0 && piece_r->variable != VARIABLE_NONE)
		compiler->used[piece_r->variable]++;
	return ret;
}
