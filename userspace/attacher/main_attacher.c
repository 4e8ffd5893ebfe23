/* SPDX-License-Identifier: MIT */
/*
 * dovetap-attacher: the program of the attacher and of the searcher. "dovetap run", the resolver,
 * becomes it by exec:
 *
 *	dovetap-attacher CONFIGURATION PROGRAM LOCK	descriptors: the memory file of
 *							priv/resolution.h; dovetap itself, for
 *							collector and resolver; the lock of the
 *							state directory, or -1
 *	dovetap-attacher search				the searcher (search/search.h)
 *	dovetap-attacher verify				for one file (search/verify.h)
 *
 * It links the C library, libbpf, libelf, zlib, libcap-ng and libseccomp only, reads no
 * configuration and has no secret. Keep it so.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "attach/attacher.h"
#include "attach/pins.h"
#include "attach/systemd_fd_store.h"
#include "base/exit_status.h"
#include "base/log.h"
#include "dovecot/layout_own.h"
#include "priv/notify.h"
#include "priv/start.h"
#include "search/search.h"
#include "search/verify.h"

enum { CONFIGURATION, PROGRAM, LOCK, DESCRIPTORS };

#define LOG_IDENT "dovetap"

struct stores {
	struct pins *pins;
	struct fd_store list[2];
	size_t count;
};

static void use_log(const struct resolution *resolution)
{
	log_init((enum log_sink)resolution->settings.log_sink,
		 (enum log_level)resolution->settings.log_level, LOG_IDENT);
}

static void on_ready(unsigned int links)
{
	log_info("ready: %u probe%s attached", links, links == 1 ? "" : "s");
	notify_ready(links);
}

static int parse_fd(const char *text, int *fd_r)
{
	char *end;
	long fd = strtol(text, &end, 10);

	if (*end || end == text || fd < -1 || fd > INT_MAX)
		return -EINVAL;
	*fd_r = (int)fd;
	return fd == -1 || fcntl((int)fd, F_SETFD, FD_CLOEXEC) == 0 ? 0 : -errno;
}

static int parse_fds(int argc, char **argv, int fds_r[DESCRIPTORS], struct error *error_r)
{
	int ret = argc == 1 + DESCRIPTORS ? 0 : -EINVAL;

	for (int i = 0; i < DESCRIPTORS && ret == 0; i++)
		ret = parse_fd(argv[1 + i], &fds_r[i]);
	if (ret == 0 && (fds_r[CONFIGURATION] < 0 || fds_r[PROGRAM] < 0))
		ret = -EBADF;
	return ret < 0 ? error_set(error_r, -ret,
				   "this program is a part of \"dovetap run\", which starts it")
		       : 0;
}

static int add_layouts(const struct resolution *resolution, struct error *error_r)
{
	int ret = 0;

	for (size_t i = 0; i < resolution->layout_count && ret == 0; i++) {
		const struct resolution_layout *layout = &resolution->layouts[i];

		ret = layouts_own_add(layout->abi, layout->file, layout->btf, error_r);
	}
	return ret;
}

/* A machine without bpffs has no use for pins; any other reason is the operator's to mend. */
static int open_pins(const char *dir, struct pins **pins_r, struct error *error_r)
{
	int ret = pins_open(dir, pins_r, error_r);

	if (ret != -ENOTSUP)
		return ret;
	log_warning("running without pins: %s", error_r->text);
	return 0;
}

static int open_stores(const struct resolution *resolution, struct stores *stores,
		       struct error *error_r)
{
	int ret = resolution->pin[0] ? open_pins(resolution->pin, &stores->pins, error_r) : 0;

	if (stores->pins)
		stores->list[stores->count++] = pins_fd_store(stores->pins);
	if (notify_available())
		stores->list[stores->count++] = systemd_fd_store();
	return ret;
}

static struct attacher_options options_of(const struct resolution *resolution, const int *fds,
					  const struct stores *stores)
{
	const struct resolution_settings *settings = &resolution->settings;
	struct attacher_options options = {
		.discover =
			{
				.roots = resolution->roots[0] ? resolution->roots : NULL,
				.processes = settings->processes,
				.roles = settings->roles,
				.fuse = settings->fuse,
			},
		.method = (enum attach_method)settings->method,
		.ring_bytes = settings->ring_bytes,
		.wanted_texts = settings->wanted_texts,
		.user = {.uid = settings->uid,
			 .gid = settings->gid,
			 .fallback = settings->user_is_fallback},
		.search_user = {.name = "dovetap-search",
				.uid = settings->search_uid,
				.gid = settings->search_gid},
		.watchdog_ns = settings->watchdog_ns,
		.program = fds[PROGRAM],
		.configuration = fds[CONFIGURATION],
		.lock = fds[LOCK],
		.ready = on_ready,
		.reloaded = use_log,
		.fd_stores = stores->list,
		.fd_store_count = stores->count,
	};

	memcpy(options.user.name, settings->user, sizeof(options.user.name));
	return options;
}

static int run(const struct resolution *resolution, const int *fds, struct error *error_r)
{
	struct attacher_options options;
	struct attacher *attacher = NULL;
	struct stores stores = {0};
	int ret = resolution->settings.method > ATTACH_PERF
			  ? error_set(error_r, EINVAL, "unknown method to attach")
			  : add_layouts(resolution, error_r);

	if (ret == 0)
		ret = open_stores(resolution, &stores, error_r);
	options = options_of(resolution, fds, &stores);
	options.search = -1;
	if (ret == 0)
		ret = options.search = start_open_self(error_r);
	if (ret >= 0)
		ret = attacher_new(&options, &attacher, error_r);
	if (ret == 0)
		ret = attacher_run(attacher, error_r);
	attacher_free(&attacher);
	if (options.search >= 0)
		close(options.search);
	pins_close(&stores.pins);
	layouts_own_unload();
	return ret;
}

int main(int argc, char **argv)
{
	struct resolution resolution;
	int fds[DESCRIPTORS] = {-1, -1, -1}, ret;
	struct error error;

	(void)signal(SIGPIPE, SIG_IGN);
	log_init(notify_log_sink(), LOG_LEVEL_INFO, LOG_IDENT);
	if (argc == 2 && strcmp(argv[1], "search") == 0)
		searcher_main();
	if (argc == 2 && strcmp(argv[1], "verify") == 0)
		verifier_main();
	ret = parse_fds(argc, argv, fds, &error);
	if (ret < 0) {
		log_error("%s", error.text);
		return EX_USAGE;
	}
	ret = resolution_open_lists(fds[CONFIGURATION], &resolution, &error);
	if (ret == 0) {
		use_log(&resolution);
		ret = run(&resolution, fds, &error);
		resolution_close(&resolution);
	}
	if (ret < 0)
		log_error("%s", error.text);
	return exit_status_of(ret);
}
