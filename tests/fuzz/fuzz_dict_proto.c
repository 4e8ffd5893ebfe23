/* SPDX-License-Identifier: MIT */
/* Any bytes as replies of a dict server. */
#include <assert.h>
#include <stdint.h>
#include <stdlib.h>

#include "store/drivers/proxy/dict_proto.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *copy = malloc(size ? size : 1), *text = copy; /* so that the sanitizer sees its end */
	struct dict_proto_reply reply;
	size_t left = size;
	ssize_t n = 1;

	memcpy(copy, data, size);
	while (n > 0 && left > 0) {
		n = dict_proto_parse(text, left, &reply);
		assert(n <= (ssize_t)left);
		text += n > 0 ? n : 0;
		left -= (size_t)(n > 0 ? n : 0);
	}
	free(copy);
	return 0;
}
