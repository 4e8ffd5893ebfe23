/* SPDX-License-Identifier: MIT */
/*
 * "dovetap resolve", which the attacher starts at SIGHUP: reads all files anew as "dovetap run"
 * did, refuses what "dovetap run" would refuse, tries the result with the collector's rights and
 * hands it to the attacher (priv/reload.h).
 */
#include <errno.h>
#include <string.h>
#include <sys/prctl.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/log.h"
#include "cli/cmds.h"
#include "cli/resolve.h"
#include "cli/try_plan.h"
#include "cli/try_settings.h"
#include "priv/notify.h"
#include "priv/reload.h"
#include "priv/start.h"

/* Of the configuration in force only the command line counts, and the user. */
static int resolve(int in_force, struct error *error_r)
{
	struct resolve_origin origin;
	struct run_options run;
	struct priv_user user;
	struct plan *plan = NULL;
	int ret = resolve_open(in_force, &origin, &run, &user, NULL, error_r);

	if (ret == 0)
		ret = resolve_read(&run, &plan, error_r);
	if (ret < 0)
		return ret;
	ret = try_settings(plan, error_r);
	if (ret == 0)
		ret = try_plan(plan, &user, error_r);
	if (ret == 0)
		ret = resolve_make(&origin, &run, plan, &user, error_r);
	plan_free(&plan);
	return ret;
}

int cmd_resolve(int argc, char **argv)
{
	struct error error = {0};
	int fd, ret;

	(void)argc;
	(void)argv;
	prctl(PR_SET_NAME, "dovetap");
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	log_init(notify_log_sink(), LOG_LEVEL_INFO, "dovetap");
	fd = reload_take_request(START_CHANNEL_FD, &error);
	if (fd < 0) {
		log_error("%s", error.text);
		return EX_USAGE;
	}
	ret = resolve(fd, &error);
	close(fd);
	fd = ret;
	ret = reload_answer(START_CHANNEL_FD, fd, &error);
	if (ret < 0)
		log_error("the attacher takes no answer: %s", strerror(-ret));
	return ret < 0 ? EX_IOERR : EX_OK;
}
