/* SPDX-License-Identifier: MIT */
/* The names of tests/hostile-names, for tests in C, which run in the top folder. */
#ifndef DOVETAP_TEST_HOSTILE_H
#define DOVETAP_TEST_HOSTILE_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/slice.h"

#define HOSTILE_NAMES "tests/hostile-names"
#define HOSTILE_MAX   2048 /* bytes of a name */

/* UNSAFE: one character of the text, which moves on behind it. */
static inline char hostile_char(const char **text)
{
	static const char escapes[] = "n\nr\rt\t\\\\\"\"";
	char hex[3] = "";
	const char *found;

	if (*(*text)++ != '\\')
		return (*text)[-1];
	if (**text == 'x') {
		memcpy(hex, *text + 1, 2);
		*text += 3;
		return (char)strtol(hex, NULL, 16);
	}
	found = strchr(escapes, *(*text)++);
	return found ? found[1] : '?';
}

/* Calls back with each name; returns how many there were. */
static inline size_t hostile_each(void (*fn)(struct slice name, void *context), void *context)
{
	FILE *file = fopen(HOSTILE_NAMES, "re");
	char line[1024], name[HOSTILE_MAX];
	size_t count = 0;

	if (!file)
		return 0;
	while (fgets(line, sizeof(line), file)) {
		char *text;
		long repeat = strtol(line, &text, 10);
		size_t len = 0;

		line[strcspn(line, "\n")] = '\0';
		for (; repeat > 0; repeat--) {
			for (const char *at = text + 1; *at && len < sizeof(name);)
				name[len++] = hostile_char(&at);
		}
		if (len == 0) /* a comment */
			continue;
		fn((struct slice){name, len}, context);
		count++;
	}
	(void)fclose(file);
	return count;
}

#endif
