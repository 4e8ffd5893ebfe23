/* SPDX-License-Identifier: MIT */
/* Any text as the URI of a dict. Opening connects to nothing; what is accepted must close. */
#include <stdint.h>
#include <stdlib.h>

#include "store/dict.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* "debug:" nests; Dovecot's files are read by drivers with maps, which have their own targets. */
static bool is_ours(const char *uri)
{
	static const char *const names[] = {"redis:", "memcached_ascii:", "file:",   "fs:",
					    "proxy:", "sqlite:path=",	  "memory:", "nosuch:"};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (strncmp(uri, names[i], strlen(names[i])) == 0)
			return !strstr(uri, "tls_");
	}
	return !strchr(uri, ':');
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *uri = strndup((const char *)data, size);
	struct dict_config config = {.uri = uri, .where = "fuzz", .home = "/nonexistent"};
	struct dict *dict = NULL;
	struct error error;

	config.strict = size % 2;
	if (uri && is_ours(uri) && dict_open(&config, &dict, &error) == 0)
		dict_close(&dict);
	free(uri);
	return 0;
}
