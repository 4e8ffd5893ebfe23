/* SPDX-License-Identifier: MIT */
/* A plan from the text of a dovetap.conf in the current folder. */
#ifndef DOVETAP_CLI_PLAN_OF_H
#define DOVETAP_CLI_PLAN_OF_H

#include "../conf/folder.h"
#include "plan/plan.h"

static inline struct plan *plan_of(const char *text)
{
	const struct config_options options = {.path = "t.conf", .doveconf = ""};
	struct plan *plan = NULL;
	struct error error = {0};

	write_file("t.conf", text, 0644);
	if (plan_new(&options, &plan, &error) < 0)
		fail_msg("%s", error.text);
	return plan;
}

#endif
