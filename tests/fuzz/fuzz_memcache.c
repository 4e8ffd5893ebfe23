/* SPDX-License-Identifier: MIT */
/* Any bytes as replies of memcached: none is read beyond its end, and each makes progress. */
#include <assert.h>
#include <stdint.h>
#include <stdlib.h>

#include "store/drivers/memcache_proto.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *copy = malloc(size ? size : 1); /* so that the sanitizer sees its end */
	struct slice text = {copy, size};
	struct memcache_reply reply;
	ssize_t n = 1;

	memcpy(copy, data, size);
	while (n > 0 && text.len > 0) {
		n = memcache_parse(text, &reply);
		assert(n <= (ssize_t)text.len);
		text.ptr += n > 0 ? n : 0;
		text.len -= (size_t)(n > 0 ? n : 0);
	}
	free(copy);
	return 0;
}
