/* SPDX-License-Identifier: MIT */
#include "login/template/md4.h"

#include <endian.h>
#include <string.h>

/* RFC 1320, 3.4: three rounds of sixteen steps, each with its own mixing function, constant,
 * order of the words and shifts. */
struct md4_round {
	uint32_t (*mix)(uint32_t x, uint32_t y, uint32_t z);
	uint32_t constant;
	unsigned char order[16], shifts[4];
};

static uint32_t choose(uint32_t x, uint32_t y, uint32_t z)
{
	return (x & y) | (~x & z);
}

static uint32_t majority(uint32_t x, uint32_t y, uint32_t z)
{
	return (x & y) | (x & z) | (y & z);
}

static uint32_t parity(uint32_t x, uint32_t y, uint32_t z)
{
	return x ^ y ^ z;
}

static const struct md4_round rounds[3] = {
	{choose, 0, {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15}, {3, 7, 11, 19}},
	{majority,
	 0x5a827999,
	 {0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15},
	 {3, 5, 9, 13}},
	{parity,
	 0x6ed9eba1,
	 {0, 8, 4, 12, 2, 10, 6, 14, 1, 9, 5, 13, 3, 11, 7, 15},
	 {3, 9, 11, 15}},
};

static uint32_t rotate(uint32_t value, unsigned int shift)
{
	return value << shift | value >> (32 - shift);
}

static void mix_block(uint32_t state[4], const unsigned char block[64])
{
	uint32_t words[16], s[4];

	memcpy(words, block, sizeof(words));
	memcpy(s, state, sizeof(s));
	for (unsigned int i = 0; i < 48; i++) {
		const struct md4_round *round = &rounds[i / 16];
		uint32_t word = le32toh(words[round->order[i % 16]]);
		uint32_t next = s[0] + round->mix(s[1], s[2], s[3]) + word + round->constant;

		s[0] = s[3];
		s[3] = s[2];
		s[2] = s[1];
		s[1] = rotate(next, round->shifts[i % 4]);
	}
	for (unsigned int i = 0; i < 4; i++)
		state[i] += s[i];
}

void md4_init(struct md4 *md4)
{
	*md4 = (struct md4){.state = {0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476}};
}

void md4_update(struct md4 *md4, const void *data, size_t len)
{
	const unsigned char *from = data;

	for (; len > 0; from++, len--) {
		md4->block[md4->total++ % 64] = *from;
		if (md4->total % 64 == 0)
			mix_block(md4->state, md4->block);
	}
}

void md4_final(struct md4 *md4, unsigned char digest[MD4_SIZE])
{
	uint64_t bits = htole64(md4->total * 8);

	md4_update(md4, "\x80", 1);
	while (md4->total % 64 != 56)
		md4_update(md4, "", 1);
	md4_update(md4, &bits, sizeof(bits));
	for (unsigned int i = 0; i < 4; i++)
		md4->state[i] = htole32(md4->state[i]);
	memcpy(digest, md4->state, MD4_SIZE);
}
