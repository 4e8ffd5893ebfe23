/* SPDX-License-Identifier: MIT */
#include "cli/check_stores.h"

#include <errno.h>

#include "base/clock.h"
#include "cli/report.h"
#include "pipeline/since.h"
#include "plan/plan_recording.h"
#include "plan/plan_search.h"

#define LOOK_NS (5 * NS_PER_SEC)

struct recorded {
	const struct since *since;
	size_t dict;
	int64_t from_ns; /* the earliest; 0: never */
};

static int on_recording(const struct plan_recording *recording, void *context)
{
	struct recorded *recorded = context;
	const struct since_entry *entry =
		since_find(recorded->since, recording->mark, recording->service);

	if (recording->dict == recorded->dict && entry &&
	    (recorded->from_ns == 0 || entry->from_ns < recorded->from_ns))
		recorded->from_ns = entry->from_ns;
	return 0;
}

static int64_t recorded_since(const struct plan *plan, size_t index)
{
	struct since since = {0};
	struct recorded recorded = {.since = &since, .dict = index};

	if (since_read(&since, plan_settings(plan)->state_dir, NULL) == 0)
		(void)plan_each_recording(plan, on_recording, &recorded);
	since_release(&since);
	return recorded.from_ns;
}

static void warn(struct finding *finding, const struct dict_presence *presence, int64_t from_ns)
{
	struct buf time;

	buf_init(&time, 64);
	report_append_time(&time, from_ns, 0);
	finding->state = FINDING_WARNING;
	(void)snprintf(finding->text, sizeof(finding->text),
		       "answers, but %s, though logins are recorded there since %s",
		       presence->found, buf_str(&time));
	(void)snprintf(finding->advice, sizeof(finding->advice),
		       "if anybody has logged in since then, this is another store or it has lost "
		       "its records: find the right one, or restore it, and delete no account by "
		       "\"dovetap inactive\" before");
	buf_release(&time);
}

static void describe(const struct plan *plan, size_t index, const struct dict_presence *presence,
		     struct finding *finding)
{
	bool nothing = presence->state == DICT_ABSENT || presence->state == DICT_EMPTY;
	int64_t from_ns = nothing ? recorded_since(plan, index) : 0;

	if (from_ns > 0)
		warn(finding, presence, from_ns);
	else
		(void)snprintf(finding->text, sizeof(finding->text), "answers%s%s%s",
			       nothing ? "; no record yet (" : "", nothing ? presence->found : "",
			       nothing ? ")" : "");
}

int check_store(const struct plan *plan, size_t index, struct dict *dict, struct finding *finding)
{
	struct dict_presence presence = {.state = DICT_UNSHOWN};
	struct plan_search search = {0};
	struct error error = {0};
	int ret = 0;

	if (plan_dict_has_logins(plan, index) &&
	    plan_search_make(plan, index, (struct slice){0}, NULL, &search, NULL) == 0)
		ret = dict_presence(dict, search.keys, search.count, clock_monotonic_ns() + LOOK_NS,
				    &presence, &error);
	plan_search_release(&search);
	if (ret == 0) {
		describe(plan, index, &presence, finding);
		return 0;
	}
	finding->state = FINDING_BAD;
	(void)snprintf(finding->text, sizeof(finding->text), "%s", error.text);
	return ret;
}
