/* SPDX-License-Identifier: MIT */
#include "conf/doveconf.h"

#include <unistd.h>

#include "conf/locate.h"
#include "conf/parse.h"
#include "conf/run.h"

#define TIMEOUT_MS 10000
#define STDERR_MAX 4096

const char *doveconf_find(void)
{
	static const char *const places[] = {"/usr/bin/doveconf", "/usr/local/bin/doveconf",
					     "/usr/sbin/doveconf", "/opt/dovecot/bin/doveconf",
					     NULL};

	for (size_t i = 0; places[i]; i++) {
		if (access(places[i], X_OK) == 0)
			return places[i];
	}
	return NULL;
}

static int parse_output(const char *program, const char *path, int timeout_ms,
			struct conf_section **root_r, struct error *error_r)
{
	const char *const argv[] = {program, "-P", "-n", "-c", path, NULL};
	struct buf out, messages;
	int ret;

	buf_init(&out, CONF_FILE_MAX);
	buf_init(&messages, STDERR_MAX);
	ret = conf_run(argv, timeout_ms, &out, &messages, error_r);
	/* "key = <file" in the output counts from the folder of the file, so it goes by its name.
	 */
	if (ret == 0)
		ret = conf_parse_text(buf_slice(&out), path, 0, root_r, error_r);
	buf_release(&messages);
	buf_release(&out);
	return ret;
}

static void swap(struct conf_section **a, struct conf_section **b)
{
	struct conf_section *keep = *a;

	*a = *b;
	*b = keep;
}

/*
 * What doveconf printed, in the places where it stands in the file. Of a 2.4 file it prints blocks
 * in another order than it keeps them in, on which hangs which one wins; such a file is read as it
 * is, once doveconf has taken it.
 */
static int read_with(const char *program, const char *path, int timeout_ms,
		     struct conf_section **root_r, struct error *error_r)
{
	struct conf_section *root = NULL, *original = NULL;
	int ret = parse_output(program, path, timeout_ms, &root, error_r);

	if (ret < 0)
		return ret;
	/* Without the original the places are wrong but the values right. */
	if (conf_parse_file(path, 0, &original, NULL) == 0) {
		if (conf_is_v24(original))
			swap(&root, &original);
		else
			ret = conf_locate(root, original);
	}
	conf_free(&original);
	if (ret < 0) {
		conf_free(&root);
		return error_set(error_r, -ret, "%s: out of memory", path);
	}
	*root_r = root;
	return 0;
}

int doveconf_read(const char *path, const struct doveconf_options *options,
		  struct conf_section **root_r, const char **program_r,
		  struct error *doveconf_error_r, struct error *error_r)
{
	const char *program = options->program ? options->program : doveconf_find();
	struct error doveconf_error = {0};
	int ret = -1;

	if (options->root_dir)
		program = NULL;
	if (program && *program != '\0')
		ret = read_with(program, path,
				options->timeout_ms > 0 ? options->timeout_ms : TIMEOUT_MS, root_r,
				&doveconf_error);
	if (program_r)
		*program_r = ret == 0 ? program : NULL;
	if (doveconf_error_r)
		*doveconf_error_r = doveconf_error;
	return ret == 0 ? 0 : conf_parse_file_below(options->root_dir, path, 0, root_r, error_r);
}
