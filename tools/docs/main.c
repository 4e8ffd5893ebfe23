/* SPDX-License-Identifier: MIT */
/*
 * Prints documentation from the program's own tables ("make docs"):
 *
 *	gen-docs PART < FILE > NEW
 *
 * PART is what stands in the file between two lines of its own, which stay; see parts[] below.
 */
#include <err.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "tools/docs/docs.h"

static const struct part {
	const char *name;
	const char *begin; /* how the line before it begins */
	const char *end;   /* and the line behind it; NULL: the end of the file */
	void (*print)(void);
} parts[] = {
	{"metrics", "<!-- make docs -->", NULL, docs_metrics},
	{"settings", "<!-- make docs -->", "<!-- end -->", docs_settings_markdown},
	{"settings-man", ".\\\" make docs", ".\\\" end", docs_settings_man},
	{"settings-conf", "# --- what Dovecot has no setting for", NULL, docs_settings_conf},
};

static const struct part *find_part(const char *name)
{
	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
		if (strcmp(parts[i].name, name) == 0)
			return &parts[i];
	}
	errx(1, "there is no part %s", name);
}

static bool begins(const char *line, const char *text)
{
	return strncmp(line, text, strlen(text)) == 0;
}

static void replace(const struct part *part)
{
	enum { BEFORE, INSIDE, BEHIND } where = BEFORE;
	char line[4096];

	while (fgets(line, sizeof(line), stdin)) {
		if (where == INSIDE && part->end && begins(line, part->end))
			where = BEHIND;
		if (where != INSIDE)
			fputs(line, stdout);
		if (where == BEFORE && begins(line, part->begin)) {
			part->print();
			where = INSIDE;
		}
	}
	if (where != (part->end ? BEHIND : INSIDE))
		errx(1, "the file has no place for %s", part->name);
}

int main(int argc, char **argv)
{
	if (argc != 2)
		errx(1, "usage: gen-docs PART < FILE");
	replace(find_part(argv[1]));
	return fflush(stdout) == 0 && !ferror(stdout) ? 0 : 1;
}
