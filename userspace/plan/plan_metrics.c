/* SPDX-License-Identifier: MIT */
/* The files of the endpoint for metrics, read with the rights of whoever starts dovetap. */
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/read_file.h"
#include "conf/arena.h"
#include "plan/plan_private.h"

#define FILE_MAX (64U << 10) /* a chain of certificates is a few */

static const struct metrics_file {
	const char *setting;
	size_t offset; /* of its path in struct dovetap_settings */
	bool secret;
} metrics_files[CONFIG_METRICS_FILES] = {
#define SETTING(name) #name, offsetof(struct dovetap_settings, name)
	[CONFIG_METRICS_CERT] = {SETTING(metrics_tls_cert), false},
	[CONFIG_METRICS_KEY] = {SETTING(metrics_tls_key), true},
	[CONFIG_METRICS_CLIENT_CA] = {SETTING(metrics_tls_client_ca), false},
	[CONFIG_METRICS_TOKENS] = {SETTING(metrics_token_file), true},
#undef SETTING
};

static int check_mode(int fd, bool secret, struct error *error_r)
{
	struct stat file;

	if (fstat(fd, &file) < 0)
		return error_set(error_r, errno, "%m");
	if (secret && (file.st_mode & S_IROTH))
		return error_set(error_r, EINVAL,
				 "everybody may read this secret; mode 0600 would be right");
	return 0;
}

static int keep_text(struct plan *plan, int fd, struct slice *kept_r, struct error *error_r)
{
	struct buf text;
	char *kept = NULL;
	int ret;

	buf_init(&text, FILE_MAX);
	ret = read_fd(fd, &text);
	if (ret == 0)
		kept = arena_strndup(plan_texts(plan), buf_str(&text), text.len);
	*kept_r = (struct slice){kept, text.len};
	explicit_bzero((char *)(uintptr_t)buf_str(&text), text.len);
	buf_release(&text);
	if (ret < 0)
		return error_set(error_r, -ret, "%s", strerror(-ret));
	return kept ? 0 : plan_no_memory(error_r);
}

static int keep_file(struct plan *plan, const char *path, bool secret, struct slice *kept_r,
		     struct error *error_r)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC), ret;

	if (fd < 0)
		return error_set(error_r, errno, "%m");
	ret = check_mode(fd, secret, error_r);
	if (ret == 0)
		ret = keep_text(plan, fd, kept_r, error_r);
	close(fd);
	return ret;
}

int plan_load_metrics(struct plan *plan, struct error *error_r)
{
	const char *settings = (const char *)plan_settings(plan);
	int ret = 0;

	for (unsigned int i = 0; i < CONFIG_METRICS_FILES && ret == 0 && !plan->config.resolved;
	     i++) {
		const struct metrics_file *file = &metrics_files[i];
		const char *path = *(const char *const *)(const void *)(settings + file->offset);

		if (!path[0])
			continue;
		ret = keep_file(plan, path, file->secret, &plan->config.metrics_files[i], error_r);
		if (ret < 0)
			(void)error_prefix(error_r, "%s: %s: %s",
					   plan_setting_place(plan, file->setting), file->setting,
					   path);
	}
	return ret;
}

const struct slice *plan_metrics_files(const struct plan *plan)
{
	return plan->config.metrics_files;
}
