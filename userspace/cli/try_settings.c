/* SPDX-License-Identifier: MIT */
#include "cli/try_settings.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "attach/pins.h"
#include "priv/drop.h"
#include "serve/listen.h"
#include "serve/security.h"
#include "serve/tokens.h"

static int wrong(const struct plan *plan, const char *name, const char *text, struct error *error_r)
{
	return error_set(error_r, EINVAL, "%s: %s: %s", plan_setting_place(plan, name), name, text);
}

/* What stands above the last word of the path; "" for "/". */
static void cut_last(char path[PATH_MAX])
{
	char *slash = strrchr(path, '/');

	*(slash ? slash : path) = '\0';
}

static int try_directory(const struct plan *plan, const char *name, const char *dir,
			 struct error *error_r)
{
	char text[PATH_MAX + 64];
	struct stat file;

	if (stat(*dir ? dir : "/", &file) == 0 && S_ISDIR(file.st_mode))
		return 0;
	(void)snprintf(text, sizeof(text), "%s: %s", dir, strerror(errno ? errno : ENOTDIR));
	return wrong(plan, name, text, error_r);
}

/* A directory, or with socket a socket, which may be there already, is made in the directory above
 * it when that is there; levels: how many directories may be missing. */
static int try_below(const struct plan *plan, const char *name, const char *path,
		     unsigned int levels, bool socket, struct error *error_r)
{
	char dir[PATH_MAX], text[PATH_MAX + 64];
	struct stat file;

	if (*path != '/' || strlen(path) >= sizeof(dir)) {
		(void)snprintf(text, sizeof(text), "\"%s\" is no absolute path", path);
		return wrong(plan, name, text, error_r);
	}
	(void)snprintf(dir, sizeof(dir), "%s", path);
	if (socket)
		cut_last(dir);
	for (unsigned int i = 0; i < levels && stat(dir, &file) < 0; i++)
		cut_last(dir);
	errno = 0;
	return try_directory(plan, name, dir, error_r);
}

static struct security_files security_of(const struct plan *plan)
{
	const struct slice *files = plan_metrics_files(plan);

	return (struct security_files){
		.certificate = files[CONFIG_METRICS_CERT],
		.key = files[CONFIG_METRICS_KEY],
		.client_ca = files[CONFIG_METRICS_CLIENT_CA],
		.tokens = files[CONFIG_METRICS_TOKENS],
	};
}

static int try_security(const struct plan *plan, struct error *error_r)
{
	const struct security_files files = security_of(plan);
	struct error error = {0};
	struct tokens tokens;

	if (security_check_certificate(&files, &error) < 0)
		return wrong(plan, files.key.ptr ? "metrics_tls_key" : "metrics_tls_cert",
			     error.text, error_r);
	if (security_check_client_ca(&files, &error) < 0)
		return wrong(plan, "metrics_tls_client_ca", error.text, error_r);
	if (files.client_ca.ptr && !files.certificate.ptr)
		return wrong(plan, "metrics_tls_client_ca",
			     "there is no TLS without metrics_tls_cert and metrics_tls_key",
			     error_r);
	if (files.tokens.ptr && tokens_parse(files.tokens, &tokens, &error) < 0)
		return wrong(plan, "metrics_token_file", error.text, error_r);
	return 0;
}

static int try_listen(const struct plan *plan, const char *address, struct error *error_r)
{
	const struct security_files files = security_of(plan);
	struct error error = {0};
	int ret = try_security(plan, error_r);

	if (ret < 0)
		return ret;
	if (*address == '/')
		return try_below(plan, "metrics_listen", address, 0, true, error_r);
	if (listen_check(address, true, &error) < 0)
		return wrong(plan, "metrics_listen", error.text, error_r);
	if (!security_is_complete(&files) && listen_check(address, false, NULL) < 0)
		return wrong(plan, "metrics_listen",
			     "others than this machine reach it: metrics_tls_cert and "
			     "metrics_tls_key are wanted, and metrics_token_file or "
			     "metrics_tls_client_ca",
			     error_r);
	return 0;
}

/* Where systemd and Kubernetes mount bpffs: without it "run" goes on without pins. */
#define BPFFS "/sys/fs/bpf/"

static int try_pin(const struct plan *plan, const char *pin, struct error *error_r)
{
	struct error error = {0};

	if (strncmp(pin, BPFFS, strlen(BPFFS)) == 0)
		return 0;
	return pins_check_place(pin, &error) < 0 ? wrong(plan, "pin", error.text, error_r) : 0;
}

static int try_user(const struct plan *plan, const char *name, struct error *error_r)
{
	struct error error = {0};
	struct priv_user user;

	return priv_user_find(name, &user, &error) < 0 ? wrong(plan, "user", error.text, error_r)
						       : 0;
}

int try_settings(const struct plan *plan, struct error *error_r)
{
	const struct dovetap_settings *settings = plan_settings(plan);
	int ret = try_below(plan, "state_dir", settings->state_dir, 1, false, error_r);

	if (ret == 0 && settings->spool_dir[0])
		ret = try_below(plan, "spool_dir", settings->spool_dir, 1, false, error_r);
	if (ret == 0 && settings->control_socket[0])
		ret = try_below(plan, "control_socket", settings->control_socket, 1, true, error_r);
	if (ret == 0 && settings->metrics_listen[0])
		ret = try_listen(plan, settings->metrics_listen, error_r);
	if (ret == 0 && settings->pin[0])
		ret = try_pin(plan, settings->pin, error_r);
	if (ret == 0 && settings->user)
		ret = try_user(plan, settings->user, error_r);
	return ret;
}
