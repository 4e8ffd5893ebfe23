/* SPDX-License-Identifier: MIT */
#include "cli/since_when.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "cli/report.h"
#include "cli/service_class.h"
#include "pipeline/since.h"
#include "plan/plan_recording.h"

struct finding {
	const struct plan *plan;
	const char *const *judged;
	struct since since;
	int64_t now_ns, from_ns;
	size_t count;
	struct error *error_r;
};

static void append_time(char text[64], int64_t time_ns)
{
	struct buf out;

	buf_init(&out, 63);
	report_append_time(&out, time_ns, 0);
	(void)snprintf(text, 64, "%s", buf_str(&out));
	buf_release(&out);
}

static int unknown(const struct finding *finding, const struct plan_recording *recording)
{
	return error_set(finding->error_r, ENOENT,
			 "since when logins by %s are recorded in %s is not known in %s/since: is "
			 "this the configuration and the state directory of \"dovetap run\"? "
			 "Otherwise give it by --since",
			 strcmp(recording->service, "*") == 0 ? "any service" : recording->service,
			 plan_dict_name(finding->plan, recording->dict),
			 plan_settings(finding->plan)->state_dir);
}

static int stale(const struct finding *finding, const struct plan_recording *recording,
		 const struct since_entry *entry)
{
	char text[64];

	append_time(text, entry->seen_ns);
	return error_set(finding->error_r, ESTALE,
			 "%s: no dovetap that watches every Dovecot (\"dovetap status\") has "
			 "recorded there since %s: who has logged in later is not known",
			 plan_dict_name(finding->plan, recording->dict), text);
}

static int on_recording(const struct plan_recording *recording, void *context)
{
	struct finding *finding = context;
	const struct since_entry *entry =
		since_find(&finding->since, recording->mark, recording->service);

	if (service_class_of(slice_str(recording->service), finding->judged) != SERVICE_LOGIN)
		return 0;
	finding->count++;
	if (!entry)
		return unknown(finding, recording);
	if (finding->now_ns - entry->seen_ns > SINCE_GAP_NS)
		return stale(finding, recording, entry);
	if (entry->from_ns > finding->from_ns)
		finding->from_ns = entry->from_ns;
	return 0;
}

int since_when(const struct plan *plan, const char *const *judged, int64_t *from_ns_r,
	       struct error *error_r)
{
	struct finding finding = {
		.plan = plan, .judged = judged, .now_ns = clock_wall_ns(), .error_r = error_r};
	struct error error;
	int ret = since_read(&finding.since, plan_settings(plan)->state_dir, &error);

	if (ret < 0 && ret != -ENOENT) {
		*error_r = error;
		return ret;
	}
	ret = plan_each_recording(plan, on_recording, &finding);
	if (ret == 0 && finding.count == 0)
		ret = error_set(error_r, EOPNOTSUPP, "the configuration records no logins");
	if (ret == 0)
		*from_ns_r = finding.from_ns;
	since_release(&finding.since);
	return ret;
}

/* --- a time on the command line --------------------------------------------------------------- */

enum verdict { GOOD, MALFORMED, NO_SUCH_DAY, OUT_OF_RANGE };

static const char *const complaints[] = {
	[MALFORMED] = "no time such as 2026-01-31 or 2026-01-31T08:00:00Z",
	[NO_SUCH_DAY] = "there is no such day",
	[OUT_OF_RANGE] = "out of range, which is from 1970 to 2262",
};

/* What stands behind the seconds: "Z", "+01:00", or nothing for local time. */
static bool take_zone(const char *zone, struct tm *tm, time_t *time_r)
{
	int hours, minutes, end = 0;
	char sign;

	if (*zone == '\0') {
		tm->tm_isdst = -1;
		*time_r = mktime(tm);
		return true;
	}
	*time_r = timegm(tm);
	if (strcmp(zone, "Z") == 0 || strcmp(zone, "z") == 0)
		return true;
	if (sscanf(zone, "%c%2d:%2d%n", &sign, &hours, &minutes, &end) != 3 || zone[end] ||
	    !strchr("+-", sign) || hours > 23 || minutes > 59)
		return false;
	*time_r += (sign == '+' ? -60L : 60L) * (hours * 60 + minutes);
	return true;
}

/* 31 February becomes a day in March. */
static enum verdict take_day(struct tm *tm, const char *zone, time_t *time_r)
{
	int month = tm->tm_mon, day = tm->tm_mday;

	if (!take_zone(zone, tm, time_r))
		return MALFORMED;
	return tm->tm_mon == month && tm->tm_mday == day ? GOOD : NO_SUCH_DAY;
}

static enum verdict parse_number(const char *arg, time_t *time_r)
{
	char *end;

	errno = 0;
	*time_r = (time_t)strtoll(arg, &end, 10);
	if (end == arg || *end)
		return MALFORMED;
	return errno == ERANGE ? OUT_OF_RANGE : GOOD;
}

static enum verdict parse_time(const char *arg, time_t *time_r)
{
	struct tm tm = {0};
	char *end;

	if (*arg == '@')
		return parse_number(arg + 1, time_r);
	end = strptime(arg, "%Y-%m-%d", &tm);
	if (end && *end == '\0')
		return take_day(&tm, "", time_r);
	end = end && strchr("Tt ", *end) ? strptime(end + 1, "%H:%M:%S", &tm) : NULL;
	return end ? take_day(&tm, end, time_r) : MALFORMED;
}

int64_t since_parse_time(const char *arg, struct argp_state *state)
{
	time_t time = 0;
	enum verdict verdict = parse_time(arg, &time);

	if (verdict == GOOD && (time <= 0 || time > INT64_MAX / NS_PER_SEC))
		verdict = OUT_OF_RANGE;
	if (verdict != GOOD)
		argp_error(state, "%s: %s", arg, complaints[verdict]);
	return (int64_t)time * NS_PER_SEC;
}
