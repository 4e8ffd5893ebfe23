/* SPDX-License-Identifier: MIT */
/*
 * The hash functions of both languages. A hasher is made when a template is compiled and lives in
 * its pool.
 */
#ifndef DOVETAP_LOGIN_TEMPLATE_TEMPLATE_HASH_H
#define DOVETAP_LOGIN_TEMPLATE_TEMPLATE_HASH_H

#include "login/template/compile.h"

#define HASH_SIZE_MAX	 64
#define HASH_PBKDF2_SIZE 336 /* bytes that Dovecot's pkcs5 derives: sizeof its SHA-512 state */

struct hasher;

/* Is there such a function: md4 md5 sha1 sha256 sha384 sha512 sha3-256 sha3-512 size. */
bool hash_is_known(struct slice name);

/* For a known name. Returns 0 or -ENOMEM, or refuses what this OpenSSL does not have. */
int hasher_new(struct compiler *compiler, struct slice name, struct hasher **hasher_r);
size_t hasher_size(const struct hasher *hasher);

/* rounds times: digest of salt and the digest before (at first, data). */
int hasher_digest(struct hasher *hasher, struct template_run *run, uint64_t rounds,
		  struct slice salt, struct slice data, struct slice *digest_r);

/* With run->md5, which hash_need_md5() provides when compiling. */
int hash_need_md5(struct compiler *compiler);
int hash_md5(struct template_run *run, struct slice data, struct slice *digest_r);

/* PBKDF2 with HMAC-SHA-256, HASH_PBKDF2_SIZE bytes. */
int hash_pbkdf2(struct template_run *run, unsigned int rounds, struct slice salt,
		struct slice password, struct slice *key_r);

/* The first bits, as a big-endian number; nothing changes when there are fewer. */
void hash_keep_bits(char *data, size_t *len, size_t bits);

int hash_hex(struct template_run *run, struct slice data, struct slice *text_r);
int hash_base64(struct template_run *run, struct slice data, struct slice *text_r);

#endif
