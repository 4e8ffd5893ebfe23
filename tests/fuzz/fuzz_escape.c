/* SPDX-License-Identifier: MIT */
/* Any bytes made harmless: what comes out is UTF-8 in which no terminal and no JSON parser finds
 * anything but text. */
#include <assert.h>
#include <stdint.h>
#include <stdlib.h>

#include "base/escape.h"
#include "base/utf8.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void no_control_bytes(struct slice text)
{
	for (size_t i = 0; i < text.len; i++)
		assert((uint8_t)text.ptr[i] >= 0x20 && text.ptr[i] != 0x7f);
	assert(text_is_utf8(text));
}

/* A quote stands behind an odd number of backslashes only. */
static void no_end_of_string(struct slice text)
{
	for (size_t i = 0; i < text.len; i++) {
		if (text.ptr[i] == '\\')
			i++;
		else
			assert(text.ptr[i] != '"');
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct slice text = {(const char *)data, size};
	struct buf out;

	buf_init(&out, 16 * size + 1);
	assert(escape_terminal(&out, text) == 0);
	no_control_bytes(buf_slice(&out));
	buf_reset(&out);
	assert(escape_json(&out, text) == 0);
	no_control_bytes(buf_slice(&out));
	no_end_of_string(buf_slice(&out));
	buf_release(&out);
	return 0;
}
