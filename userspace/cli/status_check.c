/* SPDX-License-Identifier: MIT */
#include "cli/status_check.h"

#include <stdlib.h>
#include <string.h>

static bool is_metric(const char *line, const char *name)
{
	size_t len = strlen(name);

	return strncmp(line, name, len) == 0 && (line[len] == ' ' || line[len] == '{');
}

/* Behind the labels, which may hold blanks. */
static double value_of(const char *line)
{
	size_t len = strcspn(line, "\n");
	const char *blank = memrchr(line, ' ', len);

	return blank ? strtod(blank, NULL) : 0;
}

static const char *next_line(const char *line)
{
	line += strcspn(line, "\n");
	return *line ? line + 1 : line;
}

/* Of all labels. */
static double sum_of(const char *metrics, const char *name)
{
	double sum = 0;

	for (const char *line = metrics; *line; line = next_line(line)) {
		if (is_metric(line, name))
			sum += value_of(line);
	}
	return sum;
}

/* Appends the names of dicts that are down; returns how many. */
static unsigned int dicts_down(const char *metrics, struct buf *out)
{
	static const char label[] = "dict=\"";
	unsigned int down = 0;

	for (const char *line = metrics; *line; line = next_line(line)) {
		const char *name = is_metric(line, "dovetap_dict_up") ? strstr(line, label) : NULL;

		if (!name || value_of(line) > 0)
			continue;
		name += strlen(label);
		buf_append_str(out, down++ == 0 ? "down: " : ", ");
		buf_append(out, name, strcspn(name, "\"\n"));
	}
	return down;
}

static void add(struct buf *out, double number, const char *text)
{
	if (out->len > 0)
		buf_append_str(out, "; ");
	if (number > 0)
		buf_appendf(out, "%.0f ", number);
	buf_append_str(out, text);
}

static enum status_verdict judge(const char *metrics, bool ready, struct buf *why)
{
	double lost = sum_of(metrics, "dovetap_events_lost_total");
	double refused = sum_of(metrics, "dovetap_builds_refused");
	enum status_verdict verdict = STATUS_OK;

	if (dicts_down(metrics, why) > 0)
		verdict = STATUS_CRITICAL;
	if (!ready)
		add(why, 0, "not every Dovecot is watched yet");
	if (lost > 0)
		add(why, lost, "logins lost");
	if (refused > 0)
		add(why, refused, "files of Dovecot cannot be watched");
	if (!ready)
		return STATUS_CRITICAL;
	return verdict == STATUS_OK && lost + refused > 0 ? STATUS_WARNING : verdict;
}

static void put_line(struct buf *out, enum status_verdict verdict, const char *text)
{
	static const char *const words[] = {"OK", "WARNING", "CRITICAL", "UNKNOWN"};

	buf_appendf(out, "DOVETAP %s - %s", words[verdict], text);
}

enum status_verdict status_check(const char *metrics, bool ready, struct buf *out)
{
	enum status_verdict verdict;
	struct buf why;

	buf_init(&why, 4096);
	verdict = judge(metrics, ready, &why);
	put_line(out, verdict, why.len > 0 ? buf_str(&why) : "every dict takes records");
	buf_appendf(out, " | logins=%.0fc lost=%.0fc spooled=%.0f\n",
		    sum_of(metrics, "dovetap_logins_total"),
		    sum_of(metrics, "dovetap_events_lost_total"),
		    sum_of(metrics, "dovetap_dict_spooled_records"));
	buf_release(&why);
	return verdict;
}

enum status_verdict status_check_failed(enum status_verdict verdict, const char *reason,
					struct buf *out)
{
	put_line(out, verdict, reason);
	buf_append_char(out, '\n');
	return verdict;
}
