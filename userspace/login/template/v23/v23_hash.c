/* SPDX-License-Identifier: MIT */
/* The hash functions of 2.3: %{sha1;salt=x,rounds=2:user}. Bytes and truncation are those of
 * Dovecot. */
#include <errno.h>

#include "login/template/functions.h"
#include "login/template/names.h"
#include "login/template/template_hash.h"
#include "login/template/v23/v23.h"

#define PKCS5_LEN_2_3_13 256

enum hash_format { HASH_HEX, HASH_BASE64 };

struct v23_hash {
	struct hasher *hasher; /* NULL for pkcs5 */
	struct piece data;
	struct piece_list salt;
	uint64_t rounds, truncate_bits;
	size_t pkcs5_len; /* bytes of pkcs5: Dovecot derives as many as its largest state has */
	enum hash_format format;
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
	if (!hash->hasher)
		digest.len = hash->pkcs5_len;
	if (hash->truncate_bits > 0)
		hash_keep_bits((char *)digest.ptr, &digest.len, hash->truncate_bits);
	return hash->format == HASH_HEX ? hash_hex(run, digest, value_r)
					: hash_base64(run, digest, value_r);
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

/* Behind "salt=" Dovecot reads no further option; what it does not know, or without "=", it
 * skips. */
static int parse_options(struct compiler *compiler, struct slice options, struct v23_hash *hash)
{
	int ret = 0;

	while (options.len > 0 && ret == 0) {
		struct slice value = v23_split(&options, ',');
		bool has_value = value.len > 0 && memchr(value.ptr, '=', value.len);
		struct slice key = v23_split(&value, '=');

		if (!has_value)
			continue;
		if (slice_is(key, "salt"))
			return v23_compile_copy(compiler, value, &hash->salt);
		if (slice_is(key, "rounds"))
			ret = parse_rounds(compiler, value, hash);
		else if (slice_is(key, "truncate"))
			ret = parse_truncate(compiler, value, hash);
		else if (slice_is(key, "format"))
			ret = parse_format(compiler, value, hash);
	}
	return ret;
}

int v23_compile_hash(struct compiler *compiler, struct slice name, struct slice options,
		     struct slice data, struct piece *piece_r)
{
	struct v23_hash *hash = pool_alloc(compiler->pool, sizeof(*hash));
	int ret = 0;

	if (!hash)
		return compiler_no_memory(compiler);
	hash->rounds = 1;
	if (slice_is(name, "pkcs5")) {
		hash->rounds = 2048;
		hash->pkcs5_len =
			v23_is_before_2_3_14(compiler) ? PKCS5_LEN_2_3_13 : HASH_PBKDF2_SIZE;
		ret = compiler_add_literal(compiler, &hash->salt, data.ptr, data.len);
	} else {
		ret = hasher_new(compiler, name, &hash->hasher);
	}
	if (ret == 0)
		ret = v23_compile_long(compiler, data, &hash->data);
	if (ret == 0)
		ret = parse_options(compiler, options, hash);
	*piece_r =
		(struct piece){.variable = VARIABLE_NONE, .eval = evaluate_hash, .program = hash};
	return ret;
}
