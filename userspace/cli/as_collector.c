/* SPDX-License-Identifier: MIT */
#include "cli/as_collector.h"

#include <string.h>
#include <unistd.h>

#include "cli/dirs.h"
#include "priv/drop.h"

int as_collector(const struct plan *plan, struct error *error_r)
{
	const struct dovetap_settings *settings = plan_settings(plan);
	int ret = 0;

	if (geteuid() == 0)
		ret = dirs_make(settings->state_dir, "", settings->user, error_r);
	return ret < 0 ? ret : as_collector_looking(plan, error_r);
}

int as_collector_looking(const struct plan *plan, struct error *error_r)
{
	struct priv_user user;
	int ret;

	if (geteuid() != 0)
		return 0;
	ret = priv_user_find(plan_settings(plan)->user, &user, error_r);
	return ret < 0 ? ret : priv_drop(&user, error_r);
}

struct look {
	const char *state_dir;
	bool inside;
};

static void look_at_place(void *context, const char *path, enum dict_place place)
{
	struct look *look = context;
	size_t len = strlen(look->state_dir);

	(void)place;
	if (strncmp(path, look->state_dir, len) == 0 && (path[len] == '/' || path[len] == '\0'))
		look->inside = true;
}

static int look_at_dict(const struct plan *plan, size_t index, struct look *look,
			struct error *error_r)
{
	struct dict *dict;
	int ret = plan_dict_open(plan, index, &dict, error_r);

	if (ret < 0)
		return ret;
	dict_places(dict, look_at_place, look);
	dict_close(&dict);
	return 0;
}

int as_collector_in_its_files(const struct plan *plan, struct error *error_r)
{
	struct look look = {.state_dir = plan_settings(plan)->state_dir};
	int ret = 0;

	for (size_t i = 0; i < plan_dict_count(plan) && ret == 0; i++)
		ret = look_at_dict(plan, i, &look, error_r);
	return ret == 0 && look.inside ? as_collector(plan, error_r) : ret;
}
