/* SPDX-License-Identifier: MIT */
/* dovetap expire: removes old records from the dicts that can do it. */
#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/escape.h"
#include "base/log.h"
#include "cli/ask.h"
#include "cli/cmds.h"
#include "cli/dirs.h"
#include "cli/older.h"
#include "cli/options.h"
#include "pipeline/removed.h"
#include "priv/drop.h"

#define LINE_MAX_BYTES (1U << 20)
#define BATCH	       1000
#define TIMEOUT_NS     (30 * NS_PER_SEC)

struct expire_options {
	struct config_options plan;
	struct change_options change;
	int64_t older_ns;
};

enum { OPTION_OLDER = 256 };

static const struct argp_option options[] = {
	{"older", OPTION_OLDER, "TIME", 0, "Records that are older, such as 365d; required", 1},
	{0},
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct expire_options *expire = state->input;

	switch (key) {
	case ARGP_KEY_INIT:
		state->child_inputs[0] = &expire->plan;
		state->child_inputs[1] = &expire->change;
		return 0;
	case OPTION_OLDER:
		expire->older_ns = older_parse(arg, state);
		return 0;
	case ARGP_KEY_END:
		if (expire->older_ns == 0)
			argp_error(state, "--older is missing");
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static const struct argp_child children[] = {
	{&asking_argp, 0, NULL, 0}, {&dry_run_argp, 0, NULL, 0}, {0}};

static const struct argp argp = {
	.options = options,
	.parser = parse,
	.children = children,
	.doc = "Removes records that are older from the dicts that can do it (embedded SQLite, SQL), "
	       "a thousand at a time. The setting expire_after does it regularly.",
};

static void show(const struct dict_record *record, void *context)
{
	const char *none = "-";
	struct buf line;

	buf_init(&line, LINE_MAX_BYTES);
	buf_appendf(&line, "%s: ", (const char *)context);
	escape_terminal(&line, record->user.len > 0 ? record->user : slice_str(none));
	buf_append_char(&line, ' ');
	escape_terminal(&line, record->service.len > 0 ? record->service : slice_str(none));
	buf_append_char(&line, ' ');
	escape_terminal(&line, record->value.len > 0 ? record->value : slice_str(none));
	(void)puts(buf_str(&line));
	buf_release(&line);
}

/* All of them at once: nothing is locked. */
static int show_all(struct dict *dict, struct dict_expiry *expiry, const char *name,
		    uint64_t *found, struct error *error_r)
{
	int ret;

	expiry->limit = INT32_MAX;
	expiry->show = show;
	expiry->context = (void *)(uintptr_t)name;
	ret = dict_expire(dict, expiry, clock_monotonic_ns() + TIMEOUT_NS, error_r);
	*found = ret > 0 ? (uint64_t)ret : 0;
	return ret < 0 ? ret : 0;
}

static int remove_all(struct dict *dict, struct dict_expiry *expiry, uint64_t *removed,
		      struct error *error_r)
{
	int ret;

	do {
		ret = dict_expire(dict, expiry, clock_monotonic_ns() + TIMEOUT_NS, error_r);
		*removed += ret > 0 ? (uint64_t)ret : 0;
	} while (ret == (int)expiry->limit);
	return ret < 0 ? ret : 0;
}

/* Who has no record afterwards may have logged in before that time. Before the first batch, for
 * whoever interrupts it has removed some. */
static int note_older(const struct plan *plan, size_t index, int64_t before_ns,
		      struct error *error_r)
{
	const struct dovetap_settings *settings = plan_settings(plan);
	struct priv_user user;
	char path[PATH_MAX];
	int ret = 0;

	if (geteuid() == 0)
		ret = dirs_make(settings->state_dir, "", settings->user, error_r);
	if (ret < 0)
		return ret;
	ret = removed_note_older(plan, index, before_ns, error_r);
	/* Whoever forgets writes to it as the collector's user. */
	(void)snprintf(path, sizeof(path), "%s/removed", settings->state_dir);
	if (ret == 0 && geteuid() == 0 && priv_user_find(settings->user, &user, NULL) == 0)
		(void)!lchown(path, user.uid, user.gid);
	return ret;
}

static int remove_noted(const struct plan *plan, size_t index, struct dict *dict,
			struct dict_expiry *expiry, uint64_t *removed, struct error *error_r)
{
	int ret =
		dict_can_expire(dict) ? note_older(plan, index, expiry->older_than_ns, error_r) : 0;

	return ret < 0 ? ret : remove_all(dict, expiry, removed, error_r);
}

static int expire_dict(const struct plan *plan, size_t index, const struct expire_options *wanted,
		       struct error *error_r)
{
	struct dict_expiry expiry = {.older_than_ns = clock_wall_ns() - wanted->older_ns,
				     .limit = BATCH,
				     .must_exist = plan_dict_has_logins(plan, index)};
	struct plan_keys keys = {0};
	uint64_t removed = 0;
	struct dict *dict;
	int ret = plan_dict_open(plan, index, &dict, error_r);

	if (ret < 0)
		return ret;
	ret = plan_keys_sample(plan, index, ~0U, &keys, error_r);
	expiry.keys = keys.keys;
	expiry.key_count = keys.count;
	if (ret == 0 && wanted->change.dry_run)
		ret = show_all(dict, &expiry, plan_dict_name(plan, index), &removed, error_r);
	else if (ret == 0)
		ret = remove_noted(plan, index, dict, &expiry, &removed, error_r);
	if ((ret == 0 && !plan_dict_is_past(plan, index)) || removed > 0)
		(void)printf("%s: %" PRIu64 "%s removed\n", plan_dict_name(plan, index), removed,
			     wanted->change.dry_run ? " would be" : "");
	plan_keys_release(&keys);
	dict_close(&dict);
	return ret;
}

/* One that cannot do it does not keep the others from it. */
static int expire_all(const struct plan *plan, const struct expire_options *expire)
{
	int worst = 0;

	for (size_t i = 0; i < plan_dict_count(plan); i++) {
		struct error error = {0};
		int ret = expire_dict(plan, i, expire, &error);

		if (ret < 0)
			log_error("%s", error.text);
		worst = ret < 0 ? ret : worst;
	}
	return worst;
}

int cmd_expire(int argc, char **argv)
{
	struct expire_options expire = {.older_ns = 0};
	struct plan *plan = NULL;
	struct error error = {0};
	int ret;

	argp_parse(&argp, argc, argv, 0, NULL, &expire);
	if (plan_new_with_past(&expire.plan, &plan, &error) < 0) {
		log_error("%s", error.text);
		return EX_CONFIG;
	}
	ret = expire_all(plan, &expire);
	plan_free(&plan);
	return ret < 0 ? ask_status(ret) : EX_OK;
}
