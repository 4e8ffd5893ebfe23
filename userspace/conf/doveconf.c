/* SPDX-License-Identifier: MIT */
#include "conf/doveconf.h"

#include <stdio.h>
#include <string.h>
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

/* "# 2.3.19.1 (9b53102964): /etc/dovecot/dovecot.conf" */
static void take_version(const char *output, char version_r[32])
{
	size_t len = strspn(output, "# ");

	(void)snprintf(version_r, 32, "%.*s", (int)strspn(output + len, "0123456789."),
		       output + len);
}

static int parse_output(const char *program, const char *path, int timeout_ms,
			struct conf_section **root_r, char version_r[32], struct error *error_r)
{
	const char *const argv[] = {program, "-P", "-n", "-c", path, NULL};
	struct buf out, messages;
	int ret;

	buf_init(&out, CONF_FILE_MAX);
	buf_init(&messages, STDERR_MAX);
	ret = conf_run(argv, timeout_ms, &out, &messages, error_r);
	/* "key = <file" in the output counts from the folder of the file, so it goes by its name.
	 */
	if (ret == 0) {
		take_version(buf_str(&out), version_r);
		ret = conf_parse_text(buf_slice(&out), path, 0, root_r, error_r);
	}
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
		     struct conf_section **root_r, char version_r[32], struct error *error_r)
{
	struct conf_section *root = NULL, *original = NULL;
	int ret = parse_output(program, path, timeout_ms, &root, version_r, error_r);

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
		  struct conf_section **root_r, struct doveconf_answer *answer_r,
		  struct error *error_r)
{
	int timeout_ms = options->timeout_ms > 0 ? options->timeout_ms : TIMEOUT_MS, ret = -1;
	const char *program = options->program ? options->program : doveconf_find();
	struct doveconf_answer answer = {0};

	if (program && *program != '\0' && !options->root_dir)
		ret = read_with(program, path, timeout_ms, root_r, answer.version, &answer.error);
	answer.program = ret == 0 ? program : NULL;
	if (answer_r)
		*answer_r = answer;
	return ret == 0 ? 0 : conf_parse_file_below(options->root_dir, path, 0, root_r, error_r);
}
