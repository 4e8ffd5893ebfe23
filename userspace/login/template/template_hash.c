/* SPDX-License-Identifier: MIT */
#include "login/template/template_hash.h"

#include <endian.h>
#include <errno.h>
#include <openssl/evp.h>

struct hash_method {
	const char *name;
	size_t size;
	const char *evp_name; /* OpenSSL's, or NULL */
	void (*begin)(struct hasher *hasher);
	void (*update)(struct hasher *hasher, struct slice data);
	void (*finish)(struct hasher *hasher, unsigned char *digest);
};

struct hasher {
	const struct hash_method *method;
	EVP_MD_CTX *evp;
	uint64_t size;
	bool failed;
};

static void evp_begin(struct hasher *hasher)
{
	hasher->failed |= EVP_DigestInit_ex(hasher->evp, NULL, NULL) != 1;
}

static void evp_update(struct hasher *hasher, struct slice data)
{
	hasher->failed |= EVP_DigestUpdate(hasher->evp, data.ptr, data.len) != 1;
}

static void evp_finish(struct hasher *hasher, unsigned char *digest)
{
	hasher->failed |= EVP_DigestFinal_ex(hasher->evp, digest, NULL) != 1;
}

static void size_begin(struct hasher *hasher)
{
	hasher->size = 0;
}

static void size_update(struct hasher *hasher, struct slice data)
{
	hasher->size += data.len;
}

static void size_finish(struct hasher *hasher, unsigned char *digest)
{
	uint64_t size = htobe64(hasher->size);

	memcpy(digest, &size, sizeof(size));
}

#define EVP_METHOD(name, size, evp_name)                                                           \
	{                                                                                          \
		name, size, evp_name, evp_begin, evp_update, evp_finish                            \
	}

static const struct hash_method methods[] = {
	EVP_METHOD("md4", 16,
		   "MD4"), /* refused: of the legacy provider, which no sandbox can load */
	EVP_METHOD("md5", 16, "MD5"),
	EVP_METHOD("sha1", 20, "SHA1"),
	EVP_METHOD("sha256", 32, "SHA256"),
	EVP_METHOD("sha384", 48, "SHA384"),
	EVP_METHOD("sha512", 64, "SHA512"),
	EVP_METHOD("sha3-256", 32, "SHA3-256"),
	EVP_METHOD("sha3-512", 64, "SHA3-512"),
	{"size", sizeof(uint64_t), NULL, size_begin, size_update, size_finish},
};

static const struct hash_method *find(struct slice name)
{
	for (size_t i = 0; i < sizeof(methods) / sizeof(methods[0]); i++)
		if (slice_is(name, methods[i].name))
			return &methods[i];
	return NULL;
}

bool hash_is_known(struct slice name)
{
	return find(name) != NULL;
}

static void free_evp(void *evp)
{
	EVP_MD_CTX_free(evp);
}

static int init_evp(struct compiler *compiler, struct hasher *hasher)
{
	EVP_MD *md = EVP_MD_fetch(NULL, hasher->method->evp_name, NULL);
	int ret = 0;

	hasher->evp = EVP_MD_CTX_new();
	if (!hasher->evp || pool_on_release(compiler->pool, free_evp, hasher->evp) < 0)
		ret = compiler_no_memory(compiler);
	else if (!md || EVP_DigestInit_ex(hasher->evp, md, NULL) != 1)
		ret = compiler_refuse(compiler, "this OpenSSL has no %s", hasher->method->evp_name);
	EVP_MD_free(md); /* the context holds its own reference */
	return ret;
}

int hasher_new(struct compiler *compiler, struct slice name, struct hasher **hasher_r)
{
	struct hasher *hasher = pool_alloc(compiler->pool, sizeof(*hasher));
	int ret;

	if (!hasher)
		return compiler_no_memory(compiler);
	hasher->method = find(name);
	ret = hasher->method->evp_name ? init_evp(compiler, hasher) : 0;
	if (ret == 0)
		*hasher_r = hasher;
	return ret;
}

size_t hasher_size(const struct hasher *hasher)
{
	return hasher->method->size;
}

int hasher_digest(struct hasher *hasher, struct template_run *run, uint64_t rounds,
		  struct slice salt, struct slice data, struct slice *digest_r)
{
	const struct hash_method *method = hasher->method;
	char *digest = run_take(run, HASH_SIZE_MAX);

	if (!digest)
		return -E2BIG;
	for (; rounds > 0; rounds--) {
		method->begin(hasher);
		if (salt.len > 0)
			method->update(hasher, salt);
		method->update(hasher, data);
		method->finish(hasher, (unsigned char *)digest);
		data = (struct slice){digest, method->size};
	}
	if (hasher->failed)
		return run_fail(run, "OpenSSL failed to compute %s", method->name);
	*digest_r = data;
	return 0;
}

int hash_need_md5(struct compiler *compiler)
{
	return compiler->md5 ? 0 : hasher_new(compiler, slice_str("md5"), &compiler->md5);
}

int hash_md5(struct template_run *run, struct slice data, struct slice *digest_r)
{
	return hasher_digest(run->md5, run, 1, (struct slice){NULL, 0}, data, digest_r);
}

int hash_pbkdf2(struct template_run *run, unsigned int rounds, struct slice salt,
		struct slice password, struct slice *key_r)
{
	char *key = run_take(run, HASH_PBKDF2_SIZE);

	if (!key)
		return -E2BIG;
	if (PKCS5_PBKDF2_HMAC(password.ptr, (int)password.len, (const unsigned char *)salt.ptr,
			      (int)salt.len, (int)rounds, EVP_sha256(), HASH_PBKDF2_SIZE,
			      (unsigned char *)key) != 1)
		return run_fail(run, "OpenSSL failed to compute PBKDF2");
	*key_r = (struct slice){key, HASH_PBKDF2_SIZE};
	return 0;
}

void hash_keep_bits(char *data, size_t *len, size_t bits)
{
	unsigned char *bytes = (unsigned char *)data;
	unsigned int odd = bits % 8;
	size_t kept = (bits + 7) / 8;

	if (bits > *len * 8)
		return;
	*len = kept;
	if (odd == 0)
		return;
	/* UNSAFE: odd bits mean that at least one byte is kept. */
	for (size_t i = kept - 1; i > 0; i--)
		bytes[i] = (unsigned char)(bytes[i] >> (8 - odd) | (bytes[i - 1] & (0xff >> odd))
									   << odd);
	bytes[0] = (unsigned char)(bytes[0] >> (8 - odd));
}

int hash_hex(struct template_run *run, struct slice data, struct slice *text_r)
{
	static const char digits[] = "0123456789abcdef";
	char *text = run_take(run, data.len * 2);

	if (!text)
		return -E2BIG;
	for (size_t i = 0; i < data.len; i++) {
		text[2 * i] = digits[(unsigned char)data.ptr[i] >> 4];
		text[2 * i + 1] = digits[(unsigned char)data.ptr[i] & 15];
	}
	*text_r = (struct slice){text, data.len * 2};
	return 0;
}

int hash_base64(struct template_run *run, struct slice data, struct slice *text_r)
{
	char *text = run_take(run, (data.len + 2) / 3 * 4);

	if (!text)
		return -E2BIG;
	text_r->len = (size_t)EVP_EncodeBlock((unsigned char *)text,
					      (const unsigned char *)data.ptr, (int)data.len);
	text_r->ptr = text;
	return 0;
}
