/* SPDX-License-Identifier: MIT */
/*
 * Reads values as Dovecot does: spell < lines of "KIND<TAB>TEXT". KIND is time (whole seconds),
 * msecs, size or bool. Each line is answered by its value, or by "-" for one that is refused.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "conf/dovecot_value.h"

static void answer(const char *kind, const char *text)
{
	bool whole_secs = strcmp(kind, "time") == 0, is_time = whole_secs, yes;
	struct error error;
	uint64_t bytes;
	int64_t msecs;

	is_time |= strcmp(kind, "msecs") == 0;
	if (is_time && dovecot_interval_parse(text, whole_secs, &msecs, &error) == 0)
		printf("%" PRId64 "\n", msecs);
	else if (strcmp(kind, "size") == 0 && dovecot_size_parse(text, &bytes))
		printf("%" PRIu64 "\n", bytes);
	else if (strcmp(kind, "bool") == 0 && dovecot_bool_parse(text, &yes))
		printf("%s\n", yes ? "yes" : "no");
	else
		printf("-\n");
}

int main(void)
{
	char line[256];

	while (fgets(line, sizeof(line), stdin)) {
		char *tab = strchr(line, '\t');

		if (!tab)
			return 64;
		line[strcspn(line, "\n")] = '\0';
		*tab = '\0';
		answer(line, tab + 1);
	}
	return 0;
}
