/* SPDX-License-Identifier: MIT */
#include "search/binary.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "dovecot/layout.h"

struct examination {
	const struct elf_file *elf;
	binary_importer_fn *importer;
	void *ctx;
};

static void take_build_id(struct binary *binary, const struct elf_file *elf)
{
	struct slice id = elf_file_build_id(elf);

	if (id.len == 0 || id.len > sizeof(binary->id.build_id))
		return;
	memcpy(binary->id.build_id, id.ptr, id.len);
	binary->id.build_id_len = (uint32_t)id.len;
}

/* True if something is known to enter the function; see "Dead symbols" in probes.h. */
static bool is_alive(const struct examination *ex, const struct probe *probe,
		     const struct elf_function *function)
{
	if (function->imports > 0 || function->calls > 0)
		return true;
	return probe->importers && ex->importer &&
	       ex->importer(ex->ctx, probe->importers, probe->symbol);
}

/* A probe whose companion was optimised out still works, and reports less. */
static void choose_companion(struct binary *binary, const struct examination *ex)
{
	uint64_t release = probe_release(binary->abi);
	const struct probe *probe = NULL;
	struct elf_function function;

	while ((probe = probe_next_companion(binary->probe, release, probe)) != NULL) {
		if (elf_file_function(ex->elf, probe->symbol, &function, NULL) == 0 &&
		    is_alive(ex, probe, &function)) {
			binary->companion = probe;
			binary->companion_offset = function.offset;
			memcpy(binary->companion_code, function.code, sizeof(function.code));
			return;
		}
	}
}

/* Takes the first row of the table whose function exists and runs; keeps the first reason. */
static void choose_probe(struct binary *binary, const struct examination *ex)
{
	uint64_t release = probe_release(binary->abi);
	const struct probe *probe = NULL;
	struct elf_function function;
	struct error why;

	while ((probe = probe_next(binary->role, release, probe)) != NULL) {
		if (elf_file_function(ex->elf, probe->symbol, &function, &why) == 0) {
			if (is_alive(ex, probe, &function)) {
				binary->probe = probe;
				binary->unused = false;
				binary->offset = function.offset;
				memcpy(binary->code, function.code, sizeof(function.code));
				choose_companion(binary, ex);
				return;
			}
			binary->unused |= probe->importers != NULL;
			error_set(&why, ENOENT,
				  "its %s is never called (optimised out): nothing to probe",
				  probe->symbol);
		}
		if (binary->refusal.code == 0)
			binary->refusal = why;
	}
	if (binary->refusal.code == 0)
		error_set(&binary->refusal, ENOENT, "Dovecot %s has no %s probe point", binary->abi,
			  priv_role_name(binary->role));
}

static void examine_elf(struct binary *binary, const struct examination *ex)
{
	if (elf_file_abi(ex->elf, binary->abi, &binary->refusal) < 0)
		return;
	if (layout_require(binary->abi, &binary->layout, &binary->refusal) < 0)
		return;
	choose_probe(binary, ex);
}

/* To close a file that was opened for reading may mean to ask a server that does not answer. */
static void keep_path_only(struct binary *binary)
{
	char path[32];
	int fd;

	snprintf(path, sizeof(path), "/proc/self/fd/%d", binary->fd);
	fd = open(path, O_PATH | O_CLOEXEC);
	if (fd < 0)
		return;
	close(binary->fd);
	binary->fd = fd;
}

/* All that is known without a look inside. */
static int begin(int fd, const char *path, enum priv_role role, struct binary *build_r,
		 struct error *error_r)
{
	struct binary binary = {.role = role, .fd = fd};
	struct stat st;

	if (fstat(fd, &st) < 0)
		return error_set(error_r, errno, "%s: %s", path, strerror(errno));
	file_id_from_stat(&binary.id, &st);
	file_id_add_birth(&binary.id, fd);
	binary.path = strdup(path);
	if (!binary.path)
		return error_set(error_r, ENOMEM, "out of memory");
	*build_r = binary;
	return 0;
}

int binary_refuse(int fd, const char *path, enum priv_role role, struct error *error,
		  struct binary *build_r)
{
	const struct error why = *error;
	int ret = begin(fd, path, role, build_r, error);

	if (ret < 0)
		return ret;
	build_r->refusal = why;
	keep_path_only(build_r);
	return 0;
}

int binary_examine(int fd, const char *path, enum priv_role role, binary_importer_fn *importer,
		   void *ctx, struct binary *build_r, struct error *error_r)
{
	struct elf_file *elf = NULL;
	struct binary binary;
	int ret = begin(fd, path, role, &binary, error_r);

	if (ret < 0)
		return ret;
	ret = elf_file_read(fd, &elf, &binary.refusal);
	if (ret < 0 && ret != -ENOEXEC) {
		free(binary.path);
		if (error_r)
			*error_r = binary.refusal;
		return error_prefix(error_r, "%s", path);
	}
	if (ret == 0) {
		take_build_id(&binary, elf);
		examine_elf(&binary, &(struct examination){elf, importer, ctx});
	}
	elf_file_free(&elf);
	keep_path_only(&binary);
	*build_r = binary;
	return 0;
}

struct spot {
	uint64_t offset;
	const uint8_t *code;
};

static size_t spots_of(const struct binary *binary, struct spot spots_r[2])
{
	spots_r[0] = (struct spot){binary->offset, binary->code};
	spots_r[1] = (struct spot){binary->companion_offset, binary->companion_code};
	return binary->probe ? 1U + (binary->companion != NULL) : 0;
}

bool binary_collides(const struct binary *old, const struct binary *new)
{
	struct spot olds[2], news[2];
	size_t old_count = spots_of(old, olds), new_count = spots_of(new, news);

	for (size_t i = 0; i < old_count; i++) {
		for (size_t j = 0; j < new_count; j++) {
			if (olds[i].offset == news[j].offset &&
			    memcmp(olds[i].code, news[j].code, ELF_FUNCTION_CODE) != 0)
				return true;
		}
	}
	return false;
}

const char *binary_blind_spot(const struct binary *binary)
{
	uint64_t release = probe_release(binary->abi);

	if (!binary->probe || binary->companion ||
	    !probe_next_companion(binary->probe, release, NULL))
		return NULL;
	return "refused authentications";
}

void binary_release(struct binary *binary)
{
	if (binary->fd >= 0)
		close(binary->fd);
	binary->fd = -1;
	free(binary->path);
	binary->path = NULL;
}
