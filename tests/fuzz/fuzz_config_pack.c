/* SPDX-License-Identifier: MIT */
/* Any bytes as a packed configuration: no file is read for them, and what is taken can be packed
 * and taken again. */
#include <assert.h>
#include <stdint.h>

#include "conf/config_pack.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void take_again(const struct config *config)
{
	struct config again = {0};
	struct unpack in;
	struct buf bytes;

	buf_init(&bytes, 64U << 20);
	config_pack(config, &bytes);
	in = (struct unpack){.left = buf_slice(&bytes)};
	assert(bytes.failed == 0 && config_unpack(&in, &again, NULL) == 0 && unpack_is_whole(&in));
	config_release(&again);
	buf_release(&bytes);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct unpack in = {.left = {(const char *)data, size}};
	struct config config = {0};
	struct error error;

	if (config_unpack(&in, &config, &error) < 0)
		return 0;
	take_again(&config);
	config_release(&config);
	return 0;
}
