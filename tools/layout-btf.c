/* SPDX-License-Identifier: MIT */
/*
 * Build tool: layout-btf TABLE > layouts.c
 *
 * Writes the array of userspace/dovecot/layout.h: one entry per ABI string of the table, and one
 * BTF blob per distinct layout, shared by the entries that have it.
 */
#include <bpf/btf.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/buf.h"
#include "dovecot/layout_btf.h"

#define TABLE_BYTES_MAX (1U << 20)
#define ABIS_MAX	512

struct blob {
	const char *abi; /* first that has it */
	struct btf *btf;
	const void *data;
	__u32 size;
};

struct entry {
	const char *abi;
	size_t blob;
};

static struct blob blobs[ABIS_MAX];
static size_t blob_count;
static struct entry entries[ABIS_MAX];
static size_t entry_count;

static int read_file(const char *path, struct buf *buf, struct error *error_r)
{
	FILE *file = fopen(path, "re");
	char chunk[4096];
	size_t len;

	if (!file)
		return error_set(error_r, errno, "%s: %s", path, strerror(errno));
	while ((len = fread(chunk, 1, sizeof(chunk), file)) > 0)
		buf_append(buf, chunk, len);
	if (ferror(file))
		buf->failed = -EIO;
	(void)fclose(file);
	return buf->failed < 0 ? error_set(error_r, -buf->failed, "%s: cannot read", path) : 0;
}

static int add_abi(const struct layout_table *table, const char *abi, struct error *error_r)
{
	struct blob blob = {.abi = abi};
	size_t i;
	int ret;

	if (entry_count == ABIS_MAX)
		return error_set(error_r, E2BIG, "more than %d ABI strings", ABIS_MAX);
	ret = layout_btf_make(table, abi, &blob.btf, error_r);
	if (ret < 0)
		return ret;
	blob.data = btf__raw_data(blob.btf, &blob.size);
	if (!blob.data)
		return error_set(error_r, ENOMEM, "ABI %s: cannot make BTF", abi);
	for (i = 0; i < blob_count; i++) {
		if (blobs[i].size == blob.size && memcmp(blobs[i].data, blob.data, blob.size) == 0)
			break;
	}
	if (i == blob_count)
		blobs[blob_count++] = blob;
	else
		btf__free(blob.btf);
	entries[entry_count++] = (struct entry){abi, i};
	return 0;
}

static bool is_known(const char *abi)
{
	for (size_t i = 0; i < entry_count; i++) {
		if (strcmp(entries[i].abi, abi) == 0)
			return true;
	}
	return false;
}

static int add_all(const struct layout_table *table, struct error *error_r)
{
	for (size_t i = 0; i < table->count; i++) {
		const struct layout_struct *layout = &table->structs[i];

		for (size_t j = 0; j < layout->abi_count; j++) {
			int ret = is_known(layout->abis[j])
					  ? 0
					  : add_abi(table, layout->abis[j], error_r);

			if (ret < 0)
				return ret;
		}
	}
	return 0;
}

static void print_blob(size_t index)
{
	const unsigned char *bytes = blobs[index].data;

	printf("\nstatic const unsigned char blob_%zu[] = { /* %s */", index, blobs[index].abi);
	for (__u32 i = 0; i < blobs[index].size; i++)
		printf("%s0x%02x,", i % 16 == 0 ? "\n\t" : " ", bytes[i]);
	printf("\n};\n");
}

static void print_all(const char *path)
{
	printf("/* Made from %s by tools/layout-btf.c. */\n#include \"dovecot/layout.h\"\n", path);
	for (size_t i = 0; i < blob_count; i++)
		print_blob(i);
	printf("\nconst struct layout layouts_embedded[] = {\n");
	for (size_t i = 0; i < entry_count; i++)
		printf("\t{\"%s\", \"%s\", blob_%zu, sizeof(blob_%zu)},\n", entries[i].abi,
		       blobs[entries[i].blob].abi, entries[i].blob, entries[i].blob);
	printf("};\nconst size_t layouts_embedded_count = %zu;\n", entry_count);
}

int main(int argc, char **argv)
{
	struct layout_table table = {0};
	struct error error = {0};
	struct buf text;
	int ret;

	if (argc != 2) {
		fprintf(stderr, "usage: layout-btf TABLE > layouts.c\n");
		return EXIT_FAILURE;
	}
	buf_init(&text, TABLE_BYTES_MAX);
	ret = read_file(argv[1], &text, &error);
	if (ret == 0)
		ret = layout_table_parse(buf_slice(&text), argv[1], &table, &error);
	if (ret == 0)
		ret = add_all(&table, &error);
	if (ret == 0)
		print_all(argv[1]);
	else
		fprintf(stderr, "layout-btf: %s\n", error.text);
	for (size_t i = 0; i < blob_count; i++)
		btf__free(blobs[i].btf);
	layout_table_release(&table);
	buf_release(&text);
	return ret == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
