/* SPDX-License-Identifier: MIT */
/* Accounts are deleted by "never": which stores can be believed when they have no record. */
#include <errno.h>

#include "base/clock.h"
#include "base/log.h"
#include "cli/ask_dicts.h"
#include "pipeline/removed.h"

#define PROOF_NS (10 * NS_PER_SEC)

static const char *name_of(const struct ask *ask)
{
	return plan_dict_name(ask->options->plan, ask->dict);
}

/* They get what the others have, perhaps only since yesterday. */
static bool is_mirror(const struct ask *ask)
{
	const struct plan *plan = ask->options->plan;

	return ask->dict >= plan_dict_count(plan) - plan_mirror_count(plan);
}

static int look(struct ask *ask, struct dict_presence *presence, struct error *error_r)
{
	int64_t wait_ns = ask->options->timeout_ns > 0 ? ask->options->timeout_ns : PROOF_NS;
	bool seen = ask->seen[ask->dict];
	struct plan_search search = {0};
	int ret = seen ? 0
		       : plan_search_make(ask->options->plan, ask->dict, (struct slice){0},
					  ask->options->judged, &search, error_r);

	if (ret == 0)
		ret = dict_presence(ask->dicts[ask->dict], search.keys, search.count,
				    clock_monotonic_ns() + wait_ns, presence, error_r);
	plan_search_release(&search);
	if (ret == 0 && seen && presence->state != DICT_ABSENT)
		presence->state = DICT_PRESENT;
	return ret < 0 ? error_prefix(error_r, "%s", name_of(ask)) : 0;
}

static int absent(const struct ask *ask, const struct dict_presence *presence,
		  struct error *error_r)
{
	if (is_mirror(ask)) {
		log_warning("%s: %s: this mirror was not asked", name_of(ask), presence->found);
		return 0;
	}
	return error_set(error_r, ENOENT,
			 "%s: %s: nothing is recorded there, which proves nothing of anybody",
			 name_of(ask), presence->found);
}

static void doubt(const struct ask *ask, const struct dict_presence *presence)
{
	struct error *error = &ask->options->proof->unproved;

	if (error->code != 0 || is_mirror(ask))
		return;
	if (presence->state == DICT_EMPTY)
		(void)error_set(error, ENODATA,
				"%s: %s: a store without any record proves nothing of anybody. Is "
				"it the one that logins are recorded in, and has it lost them?",
				name_of(ask), presence->found);
	else
		(void)error_set(error, ENODATA,
				"%s: none of these users has a record there, and such a store "
				"cannot show whether it has any: name somebody beside them who has "
				"logged in",
				name_of(ask));
}

static void move_from(struct ask_proof *proof, int64_t from_ns, const char *name, const char *why)
{
	if (from_ns <= proof->from_ns)
		return;
	proof->from_ns = from_ns;
	(void)snprintf(proof->from_text, sizeof(proof->from_text), "%s: %s", name, why);
}

static void note_from(const struct ask *ask, const struct dict_presence *presence)
{
	int64_t after_ns = (int64_t)plan_settings(ask->options->plan)->expire_after * NS_PER_MSEC;
	struct ask_proof *proof = ask->options->proof;
	int64_t now = clock_wall_ns();

	if (is_mirror(ask))
		return;
	if (presence->from_ns > 0)
		move_from(proof, presence->from_ns, name_of(ask), presence->found);
	if (presence->keeps_ns > 0)
		move_from(proof, now - presence->keeps_ns, name_of(ask),
			  "its records expire after that time");
	if (after_ns > 0)
		move_from(proof, now - after_ns, name_of(ask),
			  "expire_after removes older records");
}

static int prove_dict(struct ask *ask, struct error *error_r)
{
	struct dict_presence presence = {.state = DICT_UNSHOWN};
	int ret = look(ask, &presence, error_r);

	if (ret < 0)
		return ret;
	if (presence.state == DICT_ABSENT)
		return absent(ask, &presence, error_r);
	if (presence.state != DICT_PRESENT)
		doubt(ask, &presence);
	note_from(ask, &presence);
	return 0;
}

/* What "dovetap expire" has removed, and expire_after when it was set. */
static int note_removed(struct ask *ask, struct error *error_r)
{
	const struct plan *plan = ask->options->plan;
	struct removed removed;
	int ret = removed_read(&removed, plan_settings(plan)->state_dir, error_r);

	for (ask->dict = 0; ret == 0 && ask->dict < ask->dict_count; ask->dict++) {
		if (ask->dicts[ask->dict] && !is_mirror(ask))
			move_from(ask->options->proof, removed_older(&removed, plan, ask->dict),
				  name_of(ask),
				  "\"dovetap expire\" or expire_after has removed older records");
	}
	removed_release(&removed);
	return ret;
}

int ask_unproved(const struct ask_proof *proof, struct error *error_r)
{
	if (proof->unproved.code)
		*error_r = proof->unproved;
	return -proof->unproved.code;
}

int ask_prove(struct ask *ask, struct error *error_r)
{
	int ret = 0;

	if (!ask->options->proof)
		return 0;
	for (ask->dict = 0; ret == 0 && ask->dict < ask->dict_count; ask->dict++) {
		if (ask->dicts[ask->dict])
			ret = prove_dict(ask, error_r);
	}
	return ret < 0 ? ret : note_removed(ask, error_r);
}
