/* SPDX-License-Identifier: MIT */
#include "dovecot/layout_files.h"

#include <bpf/btf.h>
#include <errno.h>
#include <glob.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "base/read_file.h"
#include "dovecot/layout_btf.h"
#include "dovecot/layout_own.h"

#define TABLE_BYTES_MAX (1U << 20) /* bytes of one file */

static int add(const struct layout_table *table, const char *abi, const char *file,
	       struct error *error_r)
{
	struct btf *btf;
	const void *raw;
	__u32 size = 0;
	int ret = layout_btf_make(table, abi, &btf, error_r);

	if (ret < 0)
		return error_prefix(error_r, "%s", file);
	raw = btf__raw_data(btf, &size);
	ret = raw ? layouts_own_add(abi, file, (struct slice){raw, size}, error_r)
		  : error_set(error_r, ENOMEM, "%s: out of memory", file);
	btf__free(btf);
	return ret;
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

int layout_files_load(const char *dir, struct error *error_r)
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
	return ret < 0 ? ret : (int)layouts_own_count();
}
