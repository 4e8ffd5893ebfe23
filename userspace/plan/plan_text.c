/* SPDX-License-Identifier: MIT */
/* What the other files of the plan ask for: its memory, places in files, settings, the host. */
#include <errno.h>
#include <stdlib.h>

#include "conf/arena.h"
#include "login/enrich.h"
#include "plan/plan_private.h"

int plan_no_memory(struct error *error_r)
{
	return error_set(error_r, ENOMEM, "out of memory for the configuration");
}

struct arena *plan_texts(const struct plan *plan)
{
	return conf_arena(plan->config.own);
}

const char *plan_place(const struct plan *plan, const struct conf_pos *pos)
{
	if (pos->line == 0)
		return pos->file;
	return arena_printf(plan_texts(plan), "%s:%u", pos->file, pos->line);
}

const struct conf_section *plan_server_root(const struct plan *plan)
{
	return plan->config.server ? plan->config.server : plan->config.own;
}

const struct dovetap_settings *plan_settings(const struct plan *plan)
{
	return &plan->config.settings;
}

const char *plan_setting_place(const struct plan *plan, const char *name)
{
	const struct conf_section *roots[] = {plan->config.command_line, plan->config.own};
	const char *place = NULL;

	for (size_t i = 0; i < 2 && !place; i++) {
		const struct conf_section *block =
			roots[i] ? conf_section_find(roots[i], "dovetap", "") : NULL;
		const struct conf_setting *setting = block ? conf_setting_find(block, name) : NULL;

		place = setting ? plan_place(plan, &setting->pos) : NULL;
	}
	return place ? place : "default";
}

struct template_host plan_host(const struct plan *plan)
{
	const char *name = getenv("DOVETAP_NODE");
	struct slice node = slice_str(name && name[0] ? name : plan->node.nodename);
	const struct conf_setting *hostname = conf_setting_find(plan_server_root(plan), "hostname");

	return (struct template_host){
		.hostname = hostname ? slice_str(hostname->value) : node,
		.node = node,
		.pod = slice_str(ENRICH_UNKNOWN),
		.container = slice_str(ENRICH_UNKNOWN),
		.pod_namespace = slice_str(ENRICH_UNKNOWN),
		.pod_uid = slice_str(ENRICH_UNKNOWN),
		.container_id = slice_str(ENRICH_UNKNOWN),
	};
}

bool plan_template_has(const struct template *template, const char *variable)
{
	const char *const *name = template_variables(template);

	while (*name && strcmp(*name, variable) != 0)
		name++;
	return *name != NULL;
}
