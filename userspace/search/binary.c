/* SPDX-License-Identifier: MIT */
#include "search/binary.h"

#include "dovecot/layout.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct examination {
	const struct elf_file *elf;
	build_importer_fn *importer;
	void *ctx;
};

static void take_build_id(struct build *build, const struct elf_file *elf)
{
	struct slice id = elf_file_build_id(elf);

	if (id.len == 0 || id.len > sizeof(build->id.build_id))
		return;
	memcpy(build->id.build_id, id.ptr, id.len);
	build->id.build_id_len = (uint32_t)id.len;
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

/* A probe whose companion was optimised away works all the same, and tells less. */
static void choose_beside(struct build *build, const struct examination *ex)
{
	uint32_t release = probe_release(build->abi);
	const struct probe *probe = NULL;
	struct elf_function function;

	while ((probe = probe_next_beside(build->probe, release, probe)) != NULL) {
		if (elf_file_function(ex->elf, probe->symbol, &function, NULL) == 0 &&
		    is_alive(ex, probe, &function)) {
			build->beside = probe;
			build->beside_offset = function.offset;
			memcpy(build->beside_code, function.code, sizeof(function.code));
			return;
		}
	}
}

/* Takes the first row of the table whose function exists and runs; keeps the first reason. */
static void choose_probe(struct build *build, const struct examination *ex)
{
	uint32_t release = probe_release(build->abi);
	const struct probe *probe = NULL;
	struct elf_function function;
	struct error why;

	while ((probe = probe_next(build->role, release, probe)) != NULL) {
		if (elf_file_function(ex->elf, probe->symbol, &function, &why) == 0) {
			if (is_alive(ex, probe, &function)) {
				build->probe = probe;
				build->unused = false;
				build->offset = function.offset;
				memcpy(build->code, function.code, sizeof(function.code));
				choose_beside(build, ex);
				return;
			}
			build->unused |= probe->importers != NULL;
			error_set(&why, ENOENT,
				  "its %s is never called (optimised away): nothing to probe",
				  probe->symbol);
		}
		if (build->refusal.code == 0)
			build->refusal = why;
	}
	if (build->refusal.code == 0)
		error_set(&build->refusal, ENOENT, "Dovecot %s has no %s probe point", build->abi,
			  priv_role_name(build->role));
}

static void examine_elf(struct build *build, const struct examination *ex)
{
	if (elf_file_abi(ex->elf, build->abi, &build->refusal) < 0)
		return;
	if (layout_require(build->abi, &build->layout, &build->refusal) < 0)
		return;
	choose_probe(build, ex);
}

/* To close a file that was opened for reading may mean to ask a server that does not answer. */
static void keep_path_only(struct build *build)
{
	char path[32];
	int fd;

	snprintf(path, sizeof(path), "/proc/self/fd/%d", build->fd);
	fd = open(path, O_PATH | O_CLOEXEC);
	if (fd < 0)
		return;
	close(build->fd);
	build->fd = fd;
}

/* All that is known without a look inside. */
static int begin(int fd, const char *path, enum priv_role role, struct build *build_r,
		 struct error *error_r)
{
	struct build build = {.role = role, .fd = fd};
	struct stat st;

	if (fstat(fd, &st) < 0)
		return error_set(error_r, errno, "%s: %s", path, strerror(errno));
	file_id_from_stat(&build.id, &st);
	file_id_add_birth(&build.id, fd);
	build.path = strdup(path);
	if (!build.path)
		return error_set(error_r, ENOMEM, "out of memory");
	*build_r = build;
	return 0;
}

int build_refuse(int fd, const char *path, enum priv_role role, struct error *error,
		 struct build *build_r)
{
	const struct error why = *error;
	int err = begin(fd, path, role, build_r, error);

	if (err < 0)
		return err;
	build_r->refusal = why;
	keep_path_only(build_r);
	return 0;
}

int build_examine(int fd, const char *path, enum priv_role role, build_importer_fn *importer,
		  void *ctx, struct build *build_r, struct error *error_r)
{
	struct elf_file *elf = NULL;
	struct build build;
	int err = begin(fd, path, role, &build, error_r);

	if (err < 0)
		return err;
	err = elf_file_read(fd, &elf, &build.refusal);
	if (err < 0 && err != -ENOEXEC) {
		free(build.path);
		if (error_r)
			*error_r = build.refusal;
		return error_prefix(error_r, "%s", path);
	}
	if (err == 0) {
		take_build_id(&build, elf);
		examine_elf(&build, &(struct examination){elf, importer, ctx});
	}
	elf_file_free(&elf);
	keep_path_only(&build);
	*build_r = build;
	return 0;
}

struct spot {
	uint64_t offset;
	const uint8_t *code;
};

static size_t spots_of(const struct build *build, struct spot spots_r[2])
{
	spots_r[0] = (struct spot){build->offset, build->code};
	spots_r[1] = (struct spot){build->beside_offset, build->beside_code};
	return build->probe ? 1U + (build->beside != NULL) : 0;
}

bool build_collides(const struct build *old, const struct build *new)
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

const char *build_blind_spot(const struct build *build)
{
	uint32_t release = probe_release(build->abi);

	if (!build->probe || build->beside || !probe_next_beside(build->probe, release, NULL))
		return NULL;
	return "refused authentications";
}

void build_release(struct build *build)
{
	if (build->fd >= 0)
		close(build->fd);
	build->fd = -1;
	free(build->path);
	build->path = NULL;
}
