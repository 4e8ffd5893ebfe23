/* SPDX-License-Identifier: MIT */
#include "dovecot/layout_own.h"

#include <bpf/btf.h>
#include <errno.h>
#include <glob.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/read_file.h"
#include "dovecot/layout_btf.h"

#define OWN_MAX		64
#define TABLE_BYTES_MAX (1U << 20) /* bytes of one file */

static struct own {
	struct layout layout;
	struct btf *btf;
	char abi[LAYOUT_NAME_MAX];
	char file[PATH_MAX];
} * own[OWN_MAX];
static size_t own_count;

static int add(const struct layout_table *table, const char *abi, const char *file,
	       struct error *error_r)
{
	struct own *new = calloc(1, sizeof(*new));
	__u32 size = 0;
	int ret;

	if (!new)
		return error_set(error_r, ENOMEM, "%s: out of memory", file);
	ret = layout_btf_make(table, abi, &new->btf, error_r);
	if (ret < 0) {
		free(new);
		return error_prefix(error_r, "%s", file);
	}
	(void)snprintf(new->abi, sizeof(new->abi), "%s", abi);
	(void)snprintf(new->file, sizeof(new->file), "%s", file);
	new->layout.abi = new->abi;
	new->layout.name = new->file;
	new->layout.btf = btf__raw_data(new->btf, &size);
	new->layout.btf_size = size;
	own[own_count++] = new;
	return new->layout.btf ? 0 : error_set(error_r, ENOMEM, "%s: out of memory", file);
}

static int add_abi(const struct layout_table *table, const char *abi, const char *file,
		   struct error *error_r)
{
	const struct layout *known = layouts_own_find(abi);

	if (known && strcmp(known->name, file) == 0)
		return 0; /* of another struct of the same table */
	if (known)
		return error_set(error_r, EEXIST, "%s: ABI '%s' stands in %s already", file, abi,
				 known->name);
	if (own_count == OWN_MAX)
		return error_set(error_r, E2BIG, "%s: more than %d layouts", file, OWN_MAX);
	return add(table, abi, file, error_r);
}

static int add_table(const struct layout_table *table, const char *file, struct error *error_r)
{
	int ret = 0;

	for (size_t i = 0; i < table->count; i++) {
		for (size_t j = 0; j < table->structs[i].abi_count && ret == 0; j++)
			ret = add_abi(table, table->structs[i].abis[j], file, error_r);
	}
	return ret;
}

static int load_file(const char *file, struct error *error_r)
{
	struct layout_table table = {0};
	struct buf text;
	int ret;

	buf_init(&text, TABLE_BYTES_MAX);
	ret = read_file(file, &text);
	if (ret < 0)
		ret = error_set(error_r, -ret, "%s: %s", file, strerror(-ret));
	else
		ret = layout_table_parse(buf_slice(&text), file, &table, error_r);
	if (ret == 0)
		ret = add_table(&table, file, error_r);
	layout_table_release(&table);
	buf_release(&text);
	return ret;
}

int layouts_own_load(const char *dir, struct error *error_r)
{
	char pattern[PATH_MAX];
	glob_t found = {0};
	int ret = 0;

	if (snprintf(pattern, sizeof(pattern), "%s/*.layouts", dir) >= (int)sizeof(pattern))
		return error_set(error_r, ENAMETOOLONG, "%s: too long", dir);
	if (glob(pattern, 0, NULL, &found) == 0) {
		for (size_t i = 0; i < found.gl_pathc && ret == 0; i++)
			ret = load_file(found.gl_pathv[i], error_r);
	}
	globfree(&found);
	return ret < 0 ? ret : (int)own_count;
}

void layouts_own_unload(void)
{
	while (own_count > 0) {
		own_count--;
		btf__free(own[own_count]->btf);
		free(own[own_count]);
	}
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
