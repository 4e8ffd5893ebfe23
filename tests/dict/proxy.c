/* SPDX-License-Identifier: MIT */
/*
 * The dict servers of three Dovecots behind "proxy:", each with a dict file behind it. They run
 * from the Debian trees of tools/rootfs, in name spaces of their own: the stand's directory is
 * bound to /mnt there, and everything ends with the first process.
 */
#include "subject.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define ROOTS "/var/cache/dovetap/root"

static const char config_2_3[] = "protocols =\n"
				 "ssl = no\n"
				 "base_dir = /mnt/run\n"
				 "state_dir = /mnt/run\n"
				 "log_path = /mnt/log\n"
				 "dict {\n"
				 "  test = file:/mnt/last-login:lock=flock\n"
				 "}\n"
				 "service dict {\n"
				 "  user = root\n"
				 "  unix_listener dict {\n"
				 "    mode = 0666\n"
				 "  }\n"
				 "}\n";

static const char config_2_4[] = "dovecot_config_version = 2.4.1\n"
				 "dovecot_storage_version = 2.4.1\n"
				 "protocols =\n"
				 "ssl = no\n"
				 "base_dir = /mnt/run\n"
				 "state_dir = /mnt/run\n"
				 "log_path = /mnt/log\n"
				 "dict_server {\n"
				 "  dict test {\n"
				 "    driver = file\n"
				 "    dict_file_path = /mnt/last-login\n"
				 "    dict_file_lock_method = flock\n"
				 "  }\n"
				 "}\n"
				 "service dict {\n"
				 "  user = root\n"
				 "  unix_listener dict {\n"
				 "    mode = 0666\n"
				 "  }\n"
				 "}\n";

static void write_config(const struct stand *stand, const char *text)
{
	char path[96];
	FILE *file;

	snprintf(path, sizeof(path), "%s/dovecot.conf", stand->dir);
	file = fopen(path, "w");
	if (!file)
		return;
	fputs(text, file);
	fclose(file);
}

static const char *start_dovecot(struct stand *stand, const char *release, const char *config)
{
	static char command[256], missing[96];
	struct server *server = &stand->server;
	const char *arguments[] = {"unshare", "--mount", "--pid", "--fork", "--kill-child",
				   "sh",      "-c",	 command, NULL};

	snprintf(missing, sizeof(missing), ROOTS "/%s/usr/sbin/dovecot", release);
	if (access(missing, X_OK) < 0) {
		snprintf(missing, sizeof(missing), "no %s: run tools/rootfs %s", release, release);
		return missing;
	}
	chmod(stand->dir, 0755);
	write_config(stand, config);
	snprintf(command, sizeof(command),
		 "mount --bind %s " ROOTS "/%s/mnt && "
		 "exec chroot " ROOTS "/%s /usr/sbin/dovecot -F -c /mnt/dovecot.conf",
		 stand->dir, release, release);
	snprintf(server->socket, sizeof(server->socket), "%s/run/dict", stand->dir);
	memcpy(server->arguments, arguments, sizeof(arguments));
	server_start(server);
	snprintf(stand->uri, sizeof(stand->uri), "proxy:idle_msecs=1000:%s:test", server->socket);
	return NULL;
}

static bool proxy_refuses(struct slice key)
{
	return memchr(key.ptr, '\0', key.len) != NULL;
}

/* Its protocol cannot ask for a key that has a newline in it. */
static bool proxy_2_refuses(struct slice key)
{
	return proxy_refuses(key) || memchr(key.ptr, '\n', key.len);
}

static const char *start_2_3_13(struct stand *stand)
{
	return start_dovecot(stand, "bullseye", config_2_3);
}

static const char *start_2_3_19(struct stand *stand)
{
	return start_dovecot(stand, "bookworm", config_2_3);
}

static const char *start_2_4(struct stand *stand)
{
	return start_dovecot(stand, "trixie", config_2_4);
}

const struct subject proxy_2_3_13 = {
	.name = "proxy (2.3.13)",
	.traits = TRAIT_PRECISION | TRAIT_SLOW,
	.start = start_2_3_13,
	.refuses = proxy_2_refuses,
};

const struct subject proxy_2_3_19 = {
	.name = "proxy (2.3.19.1)",
	.traits = TRAIT_PRECISION | TRAIT_SLOW,
	.start = start_2_3_19,
	.refuses = proxy_refuses,
};

const struct subject proxy_2_4 = {
	.name = "proxy (2.4.1)",
	.traits = TRAIT_PRECISION | TRAIT_SLOW,
	.start = start_2_4,
	.refuses = proxy_refuses,
};
