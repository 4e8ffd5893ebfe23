/* SPDX-License-Identifier: MIT */
/* MD4 (RFC 1320), which OpenSSL keeps in a provider that need not be installed. For template
 * compatibility only: it protects nothing. */
#ifndef DOVETAP_TEMPLATE_MD4_H
#define DOVETAP_TEMPLATE_MD4_H

#include <stddef.h>
#include <stdint.h>

#define MD4_SIZE 16

struct md4 {
	uint32_t state[4];
	uint64_t total; /* bytes so far */
	unsigned char block[64];
};

void md4_init(struct md4 *md4);
void md4_update(struct md4 *md4, const void *data, size_t len);
void md4_final(struct md4 *md4, unsigned char digest[MD4_SIZE]);

#endif
