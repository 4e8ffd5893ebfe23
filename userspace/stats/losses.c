/* SPDX-License-Identifier: MIT */
#include "stats/losses.h"

#include <string.h>

#include "stats/metrics_private.h"

const struct metric losses_metric = {
	"dovetap_events_lost_total",
	"Events lost, by where and why.",
	METRIC_COUNTER,
	{"stage", "reason"},
};

#define KERNEL(member)	 LOSS_FROM_KERNEL, offsetof(struct kernel_numbers, member), 0
#define PIPELINE(member) LOSS_FROM_PIPELINE, offsetof(struct pipeline_stats, member), 0
#define FILTER(result)                                                                             \
	LOSS_FROM_PIPELINE, offsetof(struct pipeline_stats, filtered[result]),                     \
		offsetof(struct pipeline_stats, others[result])
#define DELIVER(member) LOSS_FROM_DELIVER, offsetof(struct deliver_stats, member), 0
#define WRITER(reason)	LOSS_FROM_WRITER, offsetof(struct writer_stats, lost[reason]), 0
#define AUDIT(reason)	LOSS_FROM_AUDIT, offsetof(struct audit_stats, lost[reason]), 0

static const struct loss_row rows[] = {
	{"probe", "ring_full", KERNEL(counts[DOVETAP_COUNT_RING_FULL]), "The ring had no room.",
	 "Raise `ring_size`; find out why the collector did not empty it."},
	{"probe", "no_object", KERNEL(counts[DOVETAP_COUNT_NO_OBJECT]),
	 "A probed function was called without its object.",
	 "Report it with the version of Dovecot."},
	{"probe", "no_username", KERNEL(counts[DOVETAP_COUNT_NO_USERNAME]),
	 "The user's name could not be read.", "Report it with the version of Dovecot."},
	{"probe", "no_session_id", KERNEL(counts[DOVETAP_COUNT_NO_SESSION_ID]),
	 "A proxied login without session id: its user is not known.",
	 "Report it with the version of Dovecot."},
	{"probe", "mixed", KERNEL(counts[DOVETAP_COUNT_MIXED]),
	 "What was read of a login had changed to another's when it was read again.",
	 "Report it with the kernel's version."},
	{"probe", "budget_dovecot", KERNEL(counts[DOVETAP_COUNT_BUDGET_DOVECOT]),
	 "A Dovecot had more than its share of a ring that was nearly full, beside others.",
	 "Raise `ring_size`; find out what logs in there."},
	{"probe", "budget_user", KERNEL(counts[DOVETAP_COUNT_BUDGET_USER]),
	 "The same of an ordinary user's programs, at a quarter of the ring.",
	 "The log names the user: `docs/threat-model.md`."},
	{"probe", "unknown", KERNEL(lost_unknown),
	 "Losses that only a newer version can name, which ran before this one.",
	 "Look with that version."},
	{"decode", "undecodable", PIPELINE(undecodable), "A record that makes no sense.",
	 "Report it; the log has what is wrong."},
	{"decode", "other_version", PIPELINE(other_version),
	 "A record in the ring left by another major version.",
	 "Once after an upgrade; none later."},
	{"decode", "mixed", PIPELINE(mixed),
	 "A record that another process or another login ended than began it.",
	 "Report it with the kernel's version."},
	{"filter", "name_too_long", FILTER(FILTER_CUT_NAME),
	 "A user's name longer than a record takes.", "Such users are not recorded."},
	{"filter", "no_username", FILTER(FILTER_NO_NAME), "A login without a user's name.",
	 "Report it with the version of Dovecot."},
	{"filter", "future", FILTER(FILTER_FUTURE),
	 "A record more than five minutes ahead of the clock.", "Mend the machine's clock."},
	{"join", "no_auth", PIPELINE(unmatched),
	 "A proxied login whose authentication was not seen.",
	 "Is the `auth` program watched? See `dovetap check`."},
	{"proof", "layout_refused", PIPELINE(layout_refused),
	 "Read with a layout that the records themselves contradict: another user's name or address "
	 "would have been stored.",
	 "`dovetap check` names the file; make its layout with `dovetap layout make`."},
	{"key", "unexpandable", DELIVER(unexpandable),
	 "The template of a key has no value for this login.",
	 "The log has the reason; see `docs/templates.md`."},
	{"dict", "memory", WRITER(WRITER_LOST_MEMORY),
	 "Too many records waited in memory, and the spool took none.",
	 "Mend the spool's disk, or the store."},
	{"dict", "nomem", WRITER(WRITER_LOST_NOMEM), "No memory for the record.",
	 "Give the service more memory."},
	{"dict", "refused", WRITER(WRITER_LOST_REFUSED), "The store will never take the record.",
	 "The log has its reason; `dovetap spool list` prints such records."},
	{"dict", "collector_killed", WRITER(WRITER_LOST_KILLED),
	 "In the memory of a collector that was killed, or that ended, and nowhere else: neither "
	 "the store nor the spool took records, and the ring had no more room.",
	 "Find out why it ended (memory?), and mend the store or the spool's disk."},
	{"dict", "killed_while_writing", WRITER(WRITER_LOST_WRITING),
	 "The same, but the collector was writing them: the store may have taken them.",
	 "As for `collector_killed`."},
	{"spool", "damaged", WRITER(WRITER_LOST_DAMAGED),
	 "Was in a file of the spool that SQLite refuses.", "The file is kept beside the new one."},
	{"audit", "queue_full", AUDIT(AUDIT_LOST_QUEUE_FULL),
	 "The sink of the audit stream was too slow. No login is lost.",
	 "Raise `audit_queue_size`, or find out why the sink is slow."},
	{"audit", "too_long", AUDIT(AUDIT_LOST_TOO_LONG),
	 "No memory for the record's written form. No login is lost.",
	 "Give the service more memory."},
	{"audit", "refused", AUDIT(AUDIT_LOST_REFUSED),
	 "Longer than the sink takes. No login is lost.", "Ask for fewer `audit_fields`."},
	{"audit", "unwritten", AUDIT(AUDIT_LOST_UNWRITTEN),
	 "The sink failed until dovetap ended. No login is lost.", "Mend the sink; see the log."},
	{.stage = NULL},
};

const struct loss_row *losses_rows(void)
{
	return rows;
}

static uint64_t number_at(const void *base, size_t offset)
{
	return *(const uint64_t *)(const void *)((const char *)base + offset);
}

uint64_t loss_count(const struct loss_row *row, const void *base)
{
	return number_at(base, row->offset) + (row->also ? number_at(base, row->also) : 0);
}

/* The first row of that struct from row on, or NULL. */
static const struct loss_row *row_of(enum loss_from from, const struct loss_row *row)
{
	while (row->stage && row->from != from)
		row++;
	return row->stage ? row : NULL;
}

uint64_t losses_sum(enum loss_from from, const void *base)
{
	uint64_t sum = 0;

	for (const struct loss_row *row = rows; (row = row_of(from, row)); row++)
		sum += loss_count(row, base);
	return sum;
}

void losses_collect(enum loss_from from, const void *base, struct metrics *metrics)
{
	for (const struct loss_row *row = rows; (row = row_of(from, row)); row++)
		metrics_add(metrics, &losses_metric, row->stage, row->reason,
			    (double)loss_count(row, base));
}

bool is_loss(const char *stage, const char *reason)
{
	for (const struct loss_row *row = rows; row->stage; row++) {
		if (strcmp(row->stage, stage) == 0 && strcmp(row->reason, reason) == 0)
			return true;
	}
	return false;
}
