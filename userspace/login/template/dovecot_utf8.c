/* SPDX-License-Identifier: MIT */
#include "login/template/dovecot_utf8.h"

#include <stdint.h>

/* By the length of the sequence: the payload of its first byte, and the lowest code point that
 * needs it. Dovecot decodes five and six bytes, and then refuses what they give. */
static const struct {
	unsigned char lead, mask;
	uint32_t lowest;
} sequences[] = {
	[2] = {0xc0, 0x1f, 0x80},     [3] = {0xe0, 0x0f, 0x800},     [4] = {0xf0, 0x07, 0x10000},
	[5] = {0xf8, 0x03, 0x200000}, [6] = {0xfc, 0x01, 0x4000000},
};

static int sequence_len(unsigned char lead)
{
	for (int len = 2; len <= 6; len++)
		if ((lead & ~sequences[len].mask) == sequences[len].lead)
			return len;
	return -1;
}

static bool is_code_point(uint32_t code)
{
	return code < 0x110000 && (code < 0xd800 || code > 0xdfff);
}

int utf8_char_len(const char *text)
{
	const unsigned char *byte = (const unsigned char *)text;
	uint32_t code;
	int len;

	if (*byte < 0x80)
		return 1;
	len = sequence_len(*byte);
	if (len < 0)
		return -1;
	code = *byte & sequences[len].mask;
	for (int i = 1; i < len; i++) {
		if ((byte[i] & 0xc0) != 0x80)
			return byte[i] == '\0' ? 0 : -1;
		code = code << 6 | (byte[i] & 0x3f);
	}
	return is_code_point(code) && code >= sequences[len].lowest ? len : -1;
}

bool utf8_is_valid(const char *text, size_t len)
{
	const char *end = text + len;
	int step = 1;

	while (text < end && step > 0) {
		step = utf8_char_len(text);
		text += step;
	}
	return step > 0 && text == end;
}
