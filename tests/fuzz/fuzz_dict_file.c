/* SPDX-License-Identifier: MIT */
/* Any bytes as the text of a dict file; what is read, written again, reads the same. */
#include <assert.h>
#include <stdint.h>
#include <stdlib.h>

#include "store/drivers/file_format.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int write_record(struct slice key, struct slice value, void *context)
{
	return file_format_append(context, key, value);
}

/* The text that its records make. */
static void rewrite(const void *text, size_t size, struct buf *out)
{
	char *copy = malloc(size + 1);

	buf_init(out, 16 * size + 16);
	if (copy && size > 0) {
		memcpy(copy, text, size);
		assert(file_format_parse(copy, size, write_record, out) == 0);
	}
	free(copy);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct buf once, twice;

	rewrite(data, size, &once);
	rewrite(once.data, once.len, &twice);
	assert(slice_equal(buf_slice(&once), buf_slice(&twice)));
	buf_release(&once);
	buf_release(&twice);
	return 0;
}
