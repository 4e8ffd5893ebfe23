/* SPDX-License-Identifier: MIT */
/* Any template of Dovecot 2.3, expanded for any name. */
#include "template_input.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	fuzz_template(TEMPLATE_V23, data, size);
	return 0;
}
