/* SPDX-License-Identifier: MIT */
#include "dovecot/layout_own.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dovecot/layout_table.h"

static struct own {
	struct layout layout;
	char abi[ABI_MAX];
	char file[PATH_MAX];
	char btf[];
} * own[LAYOUTS_OWN_MAX];
static size_t own_count;

int layouts_own_add(const char *abi, const char *file, struct slice btf, struct error *error_r)
{
	struct own *new;

	if (own_count == LAYOUTS_OWN_MAX)
		return error_set(error_r, E2BIG, "%s: more than %d layouts", file, LAYOUTS_OWN_MAX);
	new = calloc(1, sizeof(*new) + btf.len);
	if (!new)
		return error_set(error_r, ENOMEM, "%s: out of memory", file);
	memcpy(new->btf, btf.ptr, btf.len);
	(void)snprintf(new->abi, sizeof(new->abi), "%s", abi);
	(void)snprintf(new->file, sizeof(new->file), "%s", file);
	new->layout = (struct layout){new->abi, new->file, new->btf, btf.len};
	own[own_count++] = new;
	return 0;
}

void layouts_own_unload(void)
{
	while (own_count > 0)
		free(own[--own_count]);
}

size_t layouts_own_count(void)
{
	return own_count;
}

const struct layout *layouts_own_find(const char *abi)
{
	for (size_t i = 0; i < own_count; i++) {
		if (strcmp(own[i]->abi, abi) == 0)
			return &own[i]->layout;
	}
	return NULL;
}

const struct layout *layouts_own_get(size_t index)
{
	return index < own_count ? &own[index]->layout : NULL;
}
