/* SPDX-License-Identifier: MIT */
/* Any bytes as what the resolver has left: what is taken from them can be packed, and is the same
 * then. */
#include <assert.h>
#include <stdint.h>
#include <string.h>

#include "priv/resolution.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct resolution resolution;
	struct error error;
	struct buf again;

	if (resolution_unpack((struct slice){(const char *)data, size}, &resolution, &error) < 0)
		return 0;
	buf_init(&again, RESOLUTION_MAX);
	resolution_pack(&resolution, &again);
	assert(again.len == size &&
	       memcmp(again.data + sizeof(resolution.settings), data + sizeof(resolution.settings),
		      size - sizeof(resolution.settings)) == 0);
	buf_release(&again);
	return 0;
}
