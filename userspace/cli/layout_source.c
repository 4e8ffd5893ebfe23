/* SPDX-License-Identifier: MIT */
#include "cli/layout_source.h"

#include <bpf/btf.h>
#include <errno.h>
#include <limits.h>
#include <spawn.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/read_file.h"

#define OBJECT_MAX (16U << 20)

extern char **environ;

/* A folder of our own; every file in it is one of these. */
struct work {
	char dir[32];
	char source[64], object[64];
};

/* login-common's header may be missing: then proxied logins are not seen. */
static const struct {
	const char *name, *header;
	bool required;
} structs[] = {
	{"mail_user", "mail-user.h", true},
	{"auth_request", "auth-request.h", true},
	{"client", "client-common.h", false},
};

static int work_begin(struct work *work, struct error *error_r)
{
	(void)snprintf(work->dir, sizeof(work->dir), "/tmp/dovetap-layout.XXXXXX");
	if (!mkdtemp(work->dir))
		return error_set(error_r, errno, "%s: %m", work->dir);
	(void)snprintf(work->source, sizeof(work->source), "%s/types.c", work->dir);
	(void)snprintf(work->object, sizeof(work->object), "%s/types.o", work->dir);
	return 0;
}

static void work_end(const struct work *work)
{
	(void)unlink(work->source);
	(void)unlink(work->object);
	(void)rmdir(work->dir);
}

/* Without a shell: paths are the operator's and may hold anything. */
static int run(const char *const argv[], struct error *error_r)
{
	int status, code;
	pid_t pid;

	code = posix_spawnp(&pid, argv[0], NULL, NULL, (char *const *)argv, environ);
	if (code != 0)
		return error_set(error_r, code, "cannot run %s: %s; is its package installed?",
				 argv[0], strerror(code));
	while (waitpid(pid, &status, 0) < 0) {
		if (errno != EINTR)
			return error_set(error_r, errno, "%s: %m", argv[0]);
	}
	if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
		return error_set(error_r, EINVAL, "%s has failed", argv[0]);
	return 0;
}

/* --- headers -----------------------------------------------------------------------------------*/

static bool has_header(const char *dir, const char *header)
{
	char path[PATH_MAX];

	return snprintf(path, sizeof(path), "%s/%s", dir, header) < (int)sizeof(path) &&
	       access(path, R_OK) == 0;
}

static int write_source(const struct work *work, size_t index, struct error *error_r)
{
	FILE *file = fopen(work->source, "we");

	if (!file)
		return error_set(error_r, errno, "%s: %m", work->source);
	(void)fprintf(file,
		      "#include \"config.h\"\n#include \"lib.h\"\n#include \"%s\"\n"
		      "struct %s dovetap_object;\n"
		      "const char dovetap_abi[] = DOVECOT_ABI_VERSION;\n",
		      structs[index].header, structs[index].name);
	if (fclose(file) != 0)
		return error_set(error_r, errno, "%s: %m", work->source);
	return 0;
}

/* The compiler has put DOVECOT_ABI_VERSION into the object as a string. */
static int read_abi(const char *object, char abi_r[ABI_MAX], struct error *error_r)
{
	struct slice text;
	struct buf bytes;
	struct abi abi;
	size_t at = 0;
	int ret;

	buf_init(&bytes, OBJECT_MAX);
	ret = read_file(object, &bytes);
	if (ret < 0)
		ret = error_set(error_r, -ret, "%s: %s", object, strerror(-ret));
	else if (!abi_find(buf_slice(&bytes), &at, &abi, &text) || abi.len >= ABI_MAX)
		ret = error_set(error_r, ENOENT, "config.h has no DOVECOT_ABI_VERSION");
	else
		(void)snprintf(abi_r, ABI_MAX, "%.*s", (int)abi.len, text.ptr);
	buf_release(&bytes);
	return ret;
}

static int compile(const struct work *work, const char *dir, const char *cc, struct error *error_r)
{
	const char *const argv[] = {cc,	  "-gbtf", "-O0",	 "-w",	       "-I", dir,
				    "-c", "-o",	   work->object, work->source, NULL};

	return run(argv, error_r);
}

static int give(struct btf *btf, const char *path, const char *abi, layout_source_fn *fn,
		void *context, struct error *error_r)
{
	int ret;

	if (!btf)
		return error_set(error_r, errno, "%s: no BTF in it: %m", path);
	ret = fn(btf, abi, context, error_r);
	btf__free(btf);
	return ret;
}

static int read_headers(const char *dir, const struct layout_source_options *options,
			layout_source_fn *fn, void *context, struct error *error_r)
{
	struct work work;
	char abi[ABI_MAX];
	int ret = work_begin(&work, error_r);

	if (ret < 0)
		return ret;
	for (size_t i = 0; i < sizeof(structs) / sizeof(structs[0]) && ret == 0; i++) {
		if (!has_header(dir, structs[i].header)) {
			if (structs[i].required)
				ret = error_set(error_r, ENOENT,
						"no %s: not the headers of "
						"dovecot-dev",
						structs[i].header);
			continue;
		}
		ret = write_source(&work, i, error_r);
		if (ret == 0)
			ret = compile(&work, dir, options->cc, error_r);
		if (ret == 0)
			ret = read_abi(work.object, abi, error_r);
		if (ret == 0)
			ret = give(btf__parse_elf(work.object, NULL), dir, abi, fn, context,
				   error_r);
	}
	work_end(&work);
	return ret < 0 ? error_prefix(error_r, "%s", dir) : 0;
}

/* --- files -------------------------------------------------------------------------------------*/

static int read_debug(const char *path, const struct layout_source_options *options,
		      layout_source_fn *fn, void *context, struct error *error_r)
{
	struct work work;
	const char *argv[] = {options->pahole, "--btf_encode_detached", work.object, path, NULL};
	int ret = work_begin(&work, error_r);

	if (ret < 0)
		return ret;
	ret = run(argv, error_r);
	if (ret == 0)
		ret = give(btf__parse_raw(work.object), path, "", fn, context, error_r);
	work_end(&work);
	return ret < 0 ? error_prefix(error_r, "%s", path) : 0;
}

int layout_source_read(const char *path, const struct layout_source_options *options,
		       layout_source_fn *fn, void *context, struct error *error_r)
{
	struct btf *btf;
	struct stat st;

	if (stat(path, &st) < 0)
		return error_set(error_r, errno, "%s: %m", path);
	if (S_ISDIR(st.st_mode))
		return read_headers(path, options, fn, context, error_r);
	btf = btf__parse_elf(path, NULL);
	if (!btf)
		return read_debug(path, options, fn, context, error_r);
	return give(btf, path, "", fn, context, error_r);
}
