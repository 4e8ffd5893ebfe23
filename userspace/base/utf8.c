/* SPDX-License-Identifier: MIT */
#include "base/utf8.h"

/* Smallest code point that a sequence of that length may carry (RFC 3629, no overlong forms). */
static const uint32_t smallest[] = {0, 0, 0x80, 0x800, 0x10000};

static size_t sequence_length(uint8_t lead)
{
	if (lead < 0x80)
		return 1;
	if ((lead & 0xe0) == 0xc0)
		return 2;
	if ((lead & 0xf0) == 0xe0)
		return 3;
	return (lead & 0xf8) == 0xf0 ? 4 : 0;
}

/* UNSAFE: reads at most len bytes, and no more than the sequence needs. */
size_t utf8_sequence(const uint8_t *p, size_t len)
{
	size_t need = sequence_length(p[0]);
	uint32_t code;

	if (need == 0 || need > len)
		return 0;
	if (need == 1)
		return 1;
	code = p[0] & (0xffU >> (need + 1));
	for (size_t i = 1; i < need; i++) {
		if ((p[i] & 0xc0) != 0x80)
			return 0;
		code = code << 6 | (p[i] & 0x3fU);
	}
	if (code < smallest[need] || code > 0x10ffff || (code >= 0xd800 && code < 0xe000))
		return 0;
	return need;
}

bool text_is_utf8(struct slice text)
{
	const uint8_t *p = (const uint8_t *)text.ptr;

	for (size_t i = 0, len; i < text.len; i += len) {
		len = utf8_sequence(p + i, text.len - i);
		if (len == 0)
			return false;
	}
	return true;
}
