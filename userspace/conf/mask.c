/* SPDX-License-Identifier: MIT */
#include "conf/mask.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

static const struct {
	const char *word;
	struct conf_mask mask;
} words[] = {
	{"no", {32, 128}},
	{"yes", {24, 48}},
};

static int refuse(const char *value, struct error *error_r)
{
	return error_set(error_r, EINVAL,
			 "\"%s\" is no mask; no, yes, or two prefix lengths such as \"/24 /48\" "
			 "would be right",
			 value);
}

int conf_mask_parse(const char *value, struct conf_mask *mask_r, struct error *error_r)
{
	unsigned int v4, v6;
	int end = 0;

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		if (strcmp(value, words[i].word) == 0) {
			*mask_r = words[i].mask;
			return 0;
		}
	}
	if (sscanf(value, "/%3u /%3u%n", &v4, &v6, &end) != 2 || value[end] != '\0' || v4 > 32 ||
	    v6 > 128)
		return refuse(value, error_r);
	*mask_r = (struct conf_mask){(uint8_t)v4, (uint8_t)v6};
	return 0;
}
