/* SPDX-License-Identifier: MIT */
/* Any text as the "connect" line of a map file. */
#include <stdlib.h>

#include "store/drivers/cassandra/cql_settings.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *connect = strndup((const char *)data, size);
	struct cql_settings settings;
	struct error error;

	if (connect && cql_settings_parse(&settings, connect, "fuzz:1", &error) == 0)
		cql_settings_release(&settings);
	free(connect);
	return 0;
}
