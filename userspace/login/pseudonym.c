/* SPDX-License-Identifier: MIT */
#include "login/pseudonym.h"

#include <errno.h>
#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <stdint.h>
#include <stdlib.h>

#define DIGEST_BYTES 32

struct pseudonym {
	EVP_MAC_CTX *context; /* with the key inside */
};

static int start(struct pseudonym *pseudonym, struct slice key, struct error *error_r)
{
	EVP_MAC *hmac = EVP_MAC_fetch(NULL, OSSL_MAC_NAME_HMAC, NULL);
	char digest[] = "SHA256";
	const OSSL_PARAM params[] = {
		OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest, 0), OSSL_PARAM_END};

	if (hmac)
		pseudonym->context = EVP_MAC_CTX_new(hmac);
	EVP_MAC_free(hmac);
	if (!pseudonym->context ||
	    !EVP_MAC_init(pseudonym->context, (const unsigned char *)key.ptr, key.len, params))
		return error_set(error_r, ENOMEM, "HMAC-SHA256 is not to be had from OpenSSL");
	return 0;
}

int pseudonym_new(struct slice key, struct pseudonym **pseudonym_r, struct error *error_r)
{
	struct pseudonym *pseudonym;
	int ret;

	if (key.len < PSEUDONYM_KEY_MIN || key.len > PSEUDONYM_KEY_MAX)
		return error_set(error_r, EINVAL, "a key of %zu bytes; %d to %d would be right",
				 key.len, PSEUDONYM_KEY_MIN, PSEUDONYM_KEY_MAX);
	pseudonym = calloc(1, sizeof(*pseudonym));
	if (!pseudonym)
		return error_set(error_r, ENOMEM, "out of memory");
	ret = start(pseudonym, key, error_r);
	if (ret < 0)
		pseudonym_free(&pseudonym);
	else
		*pseudonym_r = pseudonym;
	return ret;
}

void pseudonym_free(struct pseudonym **pseudonym)
{
	if (!*pseudonym)
		return;
	EVP_MAC_CTX_free((*pseudonym)->context);
	free(*pseudonym);
	*pseudonym = NULL;
}

size_t pseudonym_of(struct pseudonym *pseudonym, struct slice user, char text[PSEUDONYM_TEXT_MAX])
{
	static const char digits[] = "0123456789abcdef";
	unsigned char digest[DIGEST_BYTES];
	size_t len;

	/* Without a key: the one of before. */
	if (!EVP_MAC_init(pseudonym->context, NULL, 0, NULL) ||
	    !EVP_MAC_update(pseudonym->context, (const unsigned char *)user.ptr, user.len) ||
	    !EVP_MAC_final(pseudonym->context, digest, &len, sizeof(digest)))
		return 0;
	for (size_t i = 0; i < DIGEST_BYTES; i++) {
		text[2 * i] = digits[digest[i] >> 4];
		text[2 * i + 1] = digits[digest[i] & 15];
	}
	text[PSEUDONYM_TEXT_MAX - 1] = '\0';
	return PSEUDONYM_TEXT_MAX - 1;
}
