/* SPDX-License-Identifier: MIT */
/* The proof of layouts. */
#include "proof/judge.h"
#include "stats/metrics_private.h"

struct layout_numbers {
	unsigned int files[PROOF_STATES];
};

static const char *state_name(unsigned int index)
{
	return proof_state_name(index);
}

static const char *member_name(unsigned int index)
{
	return proof_member_name(index, DOVETAP_EVENT_MAIL_USER);
}

static const struct metric_row state_rows[] = {
	{.metric = {"dovetap_layouts",
		    "Builds of Dovecot's files, by what live records have shown of their layout.",
		    METRIC_GAUGE,
		    {"state"}},
	 .advice = "Alert when `refused` is above 0: logins there are not recorded. "
		   "`dovetap check` names the file.",
	 AT_ARRAY(struct layout_numbers, files, state_name)},
};

const struct metric_table metrics_layouts_table = METRIC_TABLE("Layouts", state_rows);

static const struct metric_row member_rows[] = {
	{.metric = {"dovetap_layout_wrong_records",
		    "Of the latest records of a file: those in which a member of Dovecot's struct "
		    "was not what it should be. Three, and more than a fifth, refuse the layout.",
		    METRIC_GAUGE,
		    {"file", "member"}},
	 .advice = "Make a layout of that very build with `dovetap layout make`, or remove the one "
		   "in `layout_dir` that is wrong.",
	 .outer = "a path to the file",
	 AT_ARRAY(struct proof_file, wrong, member_name)},
};

const struct metric_table metrics_layout_members_table =
	METRIC_TABLE("Layouts, by file", member_rows);

void metrics_collect_layouts(const struct judge *judge, struct metrics *metrics)
{
	struct layout_numbers numbers = {.files = {0}};
	const struct proof_file *file = NULL;

	while (judge && (file = judge_next(judge, file)) != NULL) {
		numbers.files[file->state]++;
		metric_row_collect(&member_rows[0], file, file->path, metrics);
	}
	metric_table_collect(&metrics_layouts_table, &numbers, metrics);
}
