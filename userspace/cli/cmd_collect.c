/* SPDX-License-Identifier: MIT */
/* "dovetap collect", which the attacher starts: gives up its rights and is the collector. */
#include <errno.h>
#include <string.h>
#include <sys/prctl.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/log.h"
#include "cli/ask_serve.h"
#include "cli/cmds.h"
#include "cli/resolve.h"
#include "collector/collector.h"
#include "priv/handover.h"
#include "priv/notify.h"
#include "priv/start.h"

/* First of all the rights, then what others have written. */
static int begin(struct handover *handover_r, struct run_options *run_r, struct plan **plan_r,
		 struct error *error_r)
{
	struct resolve_origin origin;
	int ret = handover_receive(START_CHANNEL_FD, handover_r, error_r);

	if (ret == 0)
		ret = handover_drop_rights(handover_r, error_r);
	if (ret == 0)
		ret = resolve_open(handover_r->fds.configuration, &origin, run_r, NULL, plan_r,
				   error_r);
	if (ret == 0)
		close(handover_r->fds.configuration);
	return ret;
}

static int exit_status(int ret)
{
	if (ret == -ENOMEM || ret == -EAGAIN)
		return EX_TEMPFAIL;
	return ret == -EINVAL || ret == -EPROTO ? EX_CONFIG : EX_OSERR;
}

int cmd_collect(int argc, char **argv)
{
	struct collector_options options = {0};
	struct handover handover;
	struct run_options run;
	struct error error = {0};
	struct plan *plan = NULL;
	int ret;

	(void)argc;
	(void)argv;
	prctl(PR_SET_NAME, "dovetap"); /* not the number of the descriptor it was executed from */
	log_init(notify_log_sink(), LOG_LEVEL_INFO, "dovetap");
	ret = begin(&handover, &run, &plan, &error);
	if (ret < 0) {
		log_error("collector: %s", error.text);
		return exit_status(ret);
	}
	run_options_log(&run, plan);
	options = (struct collector_options){
		.plan = plan,
		.control = run_options_control(&run, plan),
		.live = run.live,
		.record = run.record,
		.lock_fd = handover.fds.lock,
		.watchdog_ns = handover.watchdog_ns,
		.look_up = ask_serve,
	};
	ret = collector_main(&options, &handover.fds);
	plan_free(&plan);
	return ret;
}
