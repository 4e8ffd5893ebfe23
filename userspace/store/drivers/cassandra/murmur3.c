/* SPDX-License-Identifier: MIT */
#include "store/drivers/cassandra/murmur3.h"

#include <endian.h>

#define C1    0x87c37b91114253d5ULL
#define C2    0x4cf5ad432745937fULL
#define BLOCK 16

static uint64_t rotl(uint64_t x, unsigned int bits)
{
	return (x << bits) | (x >> (64 - bits));
}

static uint64_t fmix(uint64_t k)
{
	k ^= k >> 33;
	k *= 0xff51afd7ed558ccdULL;
	k ^= k >> 33;
	k *= 0xc4ceb9fe1a85ec53ULL;
	return k ^ (k >> 33);
}

static uint64_t mix1(uint64_t k)
{
	return rotl(k * C1, 31) * C2;
}

static uint64_t mix2(uint64_t k)
{
	return rotl(k * C2, 33) * C1;
}

static uint64_t load(const char *bytes)
{
	uint64_t value;

	memcpy(&value, bytes, sizeof(value));
	return le64toh(value);
}

/* Up to eight bytes, little-endian, each sign-extended before it is mixed in. */
static uint64_t load_tail(const char *bytes, size_t len)
{
	uint64_t value = 0;
	size_t i;

	for (i = 0; i < len; i++)
		value ^= (uint64_t)(int64_t)(signed char)bytes[i] << (8 * i);
	return value;
}

int64_t cql_murmur3(struct slice key)
{
	size_t blocks = key.len / BLOCK, left = key.len % BLOCK, i;
	const char *p = key.ptr;
	uint64_t h1 = 0, h2 = 0;

	for (i = 0; i < blocks; i++, p += BLOCK) {
		h1 ^= mix1(load(p));
		h1 = (rotl(h1, 27) + h2) * 5 + 0x52dce729;
		h2 ^= mix2(load(p + 8));
		h2 = (rotl(h2, 31) + h1) * 5 + 0x38495ab5;
	}
	if (left > 8)
		h2 ^= mix2(load_tail(p + 8, left - 8));
	if (left > 0)
		h1 ^= mix1(load_tail(p, left > 8 ? 8 : left));
	h1 ^= key.len;
	h2 ^= key.len;
	h1 += h2;
	h2 += h1;
	h1 = fmix(h1) + fmix(h2);
	/* The smallest number is no token. */
	return (int64_t)h1 == INT64_MIN ? INT64_MAX : (int64_t)h1;
}
