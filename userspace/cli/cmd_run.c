/* SPDX-License-Identifier: MIT */
/*
 * "dovetap run": reads all files as root, makes the directories and takes the lock; then the
 * process becomes the attacher, by exec, and what was read goes with it as one memory file
 * (resolve.h). So for the service manager it stays one process.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "attach/attacher.h"
#include "base/exit_status.h"
#include "base/log.h"
#include "cli/cmds.h"
#include "cli/dirs.h"
#include "cli/resolve.h"
#include "cli/run_options.h"
#include "cli/try_plan.h"
#include "cli/try_settings.h"
#include "dovecot/layout_files.h"
#include "dovecot/layout_own.h"
#include "priv/lock.h"
#include "priv/notify.h"
#include "priv/start.h"
#include "programs/dir.h"

#define ATTACHER_NAME "dovetap-attacher"

/*
 * Of the environment, what the attacher needs and what the dynamic linker and debuggers want at the
 * start of each process. The rest may have secrets: it is in the memory file.
 */
static const char *const attacher_environment[] = {
	"NOTIFY_SOCKET",  "LISTEN_PID",	     "LISTEN_FDS",
	"LISTEN_FDNAMES", "WATCHDOG_PID",    "WATCHDOG_USEC",
	"JOURNAL_STREAM", "INVOCATION_ID",   "PATH",
	"LANG",		  "LC_ALL",	     "TZ",
	"TMPDIR",	  "LD_LIBRARY_PATH", "LD_PRELOAD",
	"ASAN_OPTIONS",	  "UBSAN_OPTIONS",   "LSAN_OPTIONS",
	"TSAN_OPTIONS",
};

#define ENVIRONMENT_COUNT (sizeof(attacher_environment) / sizeof(attacher_environment[0]))

struct handed {
	int configuration, program, lock; /* lock -1: cannot be locked, which was logged */
};

/* On a file system that cannot be written the logins are more important than the lock. */
static int take_lock(const char *state_dir, int *fd_r, struct error *error_r)
{
	int fd = lock_take(state_dir, error_r);

	if (fd == -EBUSY)
		return fd;
	if (fd < 0)
		log_warning("%s; a second dovetap would not be noticed", error_r->text);
	*fd_r = fd < 0 ? -1 : fd;
	return 0;
}

/* Nothing is touched before it is sure that this process may attach, and that it is the only one.
 */
static int open_instance(const struct run_options *run, const struct plan *plan, int *lock_r,
			 struct error *error_r)
{
	const struct dovetap_settings *settings = plan_settings(plan);
	const char *user = run_options_user(run, plan);
	int ret = attacher_check_rights(run->method, error_r);

	if (ret == 0)
		ret = dirs_make(settings->state_dir, run_options_control(run, plan), user, error_r);
	if (ret == 0 && settings->audit_log[0] == '/')
		ret = dirs_make_for_file(settings->audit_log, user, error_r);
	return ret < 0 ? ret : take_lock(settings->state_dir, lock_r, error_r);
}

static int hand_over(const struct resolve_origin *origin, const struct run_options *run,
		     const struct plan *plan, struct handed *handed, struct error *error_r)
{
	struct priv_user user;
	int ret = priv_user_find(run_options_user(run, plan), &user, error_r);

	if (ret == 0)
		ret = open_instance(run, plan, &handed->lock, error_r);
	if (ret == 0)
		ret = try_plan(plan, &user, error_r);
	if (ret == 0)
		ret = handed->configuration = resolve_make(origin, run, plan, &user, error_r);
	if (ret >= 0)
		ret = handed->program = start_open_self(error_r);
	return ret < 0 ? ret : 0;
}

/* Where it can be: beside this program, as in the tree it is built in, or where it is installed. */
static const char *const attacher_places[] = {
	"", "../libexec/dovetap/",
	DOVETAP_LIBEXECDIR "/", /* the first two from the program's folder */
};

static int find_attacher(char path_r[PATH_MAX], struct error *error_r)
{
	char self[PATH_MAX] = "";
	char *name;

	if (readlink("/proc/self/exe", self, sizeof(self) - 1) < 0)
		return error_set(error_r, errno, "/proc/self/exe: %s", strerror(errno));
	name = strrchr(self, '/');
	if (name)
		name[1] = '\0';
	for (size_t i = 0; i < sizeof(attacher_places) / sizeof(attacher_places[0]); i++) {
		const char *place = attacher_places[i];

		if (snprintf(path_r, PATH_MAX, "%s%s%s", place[0] == '/' ? "" : self, place,
			     ATTACHER_NAME) < PATH_MAX &&
		    access(path_r, X_OK) == 0)
			return 0;
	}
	return error_set(error_r, ENOENT, "there is no %s: is dovetap installed as a whole?",
			 path_r);
}

/* Points into the environment of this process. */
static void select_environment(const char *selected_r[ENVIRONMENT_COUNT + 1])
{
	size_t count = 0;

	for (size_t i = 0; i < ENVIRONMENT_COUNT; i++) {
		size_t len = strlen(attacher_environment[i]);

		for (char **entry = environ; *entry; entry++) {
			if (strncmp(*entry, attacher_environment[i], len) == 0 &&
			    (*entry)[len] == '=') {
				selected_r[count++] = *entry;
				break;
			}
		}
	}
	selected_r[count] = NULL;
}

static int keep_open(int fd)
{
	return fd < 0 || fcntl(fd, F_SETFD, 0) == 0 ? 0 : -errno;
}

/* Returns only after an error. */
static int become_attacher(const struct handed *handed, struct error *error_r)
{
	const char *environment[ENVIRONMENT_COUNT + 1];
	char path[PATH_MAX], configuration[12], program[12], lock[12];
	const char *const argv[] = {ATTACHER_NAME, configuration, program, lock, NULL};
	int ret = find_attacher(path, error_r);

	if (ret < 0)
		return ret;
	(void)snprintf(configuration, sizeof(configuration), "%d", handed->configuration);
	(void)snprintf(program, sizeof(program), "%d", handed->program);
	(void)snprintf(lock, sizeof(lock), "%d", handed->lock);
	select_environment(environment);
	if (keep_open(handed->configuration) < 0 || keep_open(handed->program) < 0 ||
	    keep_open(handed->lock) < 0)
		return error_set(error_r, errno, "fcntl: %s", strerror(errno));
	(void)fflush(NULL);
	execve(path, (char *const *)argv, (char *const *)environment);
	return error_set(error_r, errno, "%s: %s", path, strerror(errno));
}

/* Live records prove it, too; but what is known before need not be found out by a loss. */
static void warn_of_own_layouts(void)
{
	const struct layout *own;

	for (size_t i = 0; (own = layouts_own_get(i)) != NULL; i++) {
		if (layout_replaces_another(own))
			log_warning("%s takes the place of the built-in layout of Dovecot ABI %s, "
				    "and is another: remove it unless it was made for the build "
				    "that runs here",
				    own->name, own->abi);
	}
}

int cmd_run(int argc, char **argv)
{
	const struct resolve_origin origin = {argc, argv, environ};
	struct handed handed = {-1, -1, -1};
	struct plan *plan = NULL;
	struct run_options run;
	struct error error = {0};
	int ret;

	run_options_parse(argc, argv, &run);
	log_init(notify_log_sink(), LOG_LEVEL_INFO, "dovetap");
	if (resolve_read(&run, &plan, &error) < 0 || try_settings(plan, &error) < 0 ||
	    plan_load_modules(plan, &error) < 0 ||
	    layout_files_load(plan_settings(plan)->layout_dir, &error) < 0) {
		log_error("%s", error.text);
		plan_free(&plan);
		return EX_CONFIG;
	}
	warn_of_own_layouts();
	ret = hand_over(&origin, &run, plan, &handed, &error);
	if (ret == 0)
		ret = become_attacher(&handed, &error);
	log_error("%s", error.text);
	plan_free(&plan);
	return ret == -EINVAL ? EX_CONFIG : exit_status_of(ret);
}
