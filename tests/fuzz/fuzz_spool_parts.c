/* SPDX-License-Identifier: MIT */
/* Any bytes as the parts column of a spool: every part that is accepted lies within the key, and
 * is written as it was read. */
#include <assert.h>
#include <stdint.h>
#include <stdlib.h>

#include "store/spool/spool_parts.h"

#define KEY_LEN 100

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(const struct key_part *parts, size_t count)
{
	struct key_part again[SPOOL_PARTS_MAX];
	struct buf text;

	for (size_t i = 0; i < count; i++)
		assert((uint64_t)parts[i].offset + parts[i].len <= KEY_LEN);
	buf_init(&text, 1 << 20);
	assert(spool_parts_format(&text, parts, count) == 0);
	if (count > 0)
		assert(spool_parts_parse(text.data, KEY_LEN, again, SPOOL_PARTS_MAX) == (int)count);
	buf_release(&text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = strndup((const char *)data, size);
	struct key_part parts[SPOOL_PARTS_MAX];
	int count = spool_parts_parse(text, KEY_LEN, parts, SPOOL_PARTS_MAX);

	if (count > 0)
		check(parts, (size_t)count);
	free(text);
	return 0;
}
