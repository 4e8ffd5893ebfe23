/* SPDX-License-Identifier: MIT */
/*
 * FNV-1a of 64 bits: a checksum of bytes, for what nobody gains by a collision. Somebody who picks
 * the bytes can make one.
 *
 *	uint64_t sum = fnv(FNV_START, name, length);
 *	sum = fnv(sum, &number, sizeof(number));
 */
#ifndef DOVETAP_BASE_FNV_H
#define DOVETAP_BASE_FNV_H

#include <stddef.h>
#include <stdint.h>

#define FNV_START UINT64_C(0xcbf29ce484222325)
#define FNV_PRIME UINT64_C(0x100000001b3)

static inline uint64_t fnv(uint64_t sum, const void *bytes, size_t size)
{
	const uint8_t *at = bytes;

	for (size_t i = 0; i < size; i++)
		sum = (sum ^ at[i]) * FNV_PRIME;
	return sum;
}

#endif
