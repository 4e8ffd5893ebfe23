/* SPDX-License-Identifier: MIT */
/* Any template into the other language; what has been translated to 2.4 comes back to 2.3. */
#include "conf/translate.h"

#include <stdint.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = strndup((const char *)data, size);
	struct buf there, back;
	struct error error;

	if (!text)
		return 0;
	buf_init(&there, 1 << 20);
	buf_init(&back, 1 << 20);
	(void)translate_template(NULL, text, false, &there, &error);
	buf_reset(&there);
	if (translate_template(NULL, text, true, &there, &error) == 0)
		(void)translate_template(NULL, buf_str(&there), false, &back, &error);
	buf_release(&back);
	buf_release(&there);
	free(text);
	return 0;
}
