/* SPDX-License-Identifier: MIT */
/*
 * The journal's form. MESSAGE is for people, PRIORITY is notice for what went wrong and info for
 * the rest, and MESSAGE_ID (journalctl MESSAGE_ID=...) is the same for every audit record of any
 * dovetap; the other fields are those of the JSON form, as DOVETAP_USER and so on.
 */
#include <ctype.h>
#include <inttypes.h>
#include <syslog.h>

#include "audit/record.h"
#include "base/clock.h"
#include "base/escape.h"

#define MESSAGE_ID   "8f3c1d5e7a424b6f9c0e2b7d64a1f035"
#define FIELD_PREFIX "DOVETAP_"

/* The length in front is known only behind it. */
static size_t begin(struct buf *out)
{
	size_t start = out->len, none = 0;

	buf_append(out, &none, sizeof(none));
	return start;
}

/* UNSAFE: start is what begin() returned, so the length has its room there. */
static void end(struct buf *out, size_t start)
{
	size_t len = out->len - start - sizeof(len);

	if (!out->failed)
		memcpy(out->data + start, &len, sizeof(len));
}

static void add_name(struct buf *out, const char *word, const char *suffix)
{
	buf_append_str(out, FIELD_PREFIX);
	for (; *word; word++)
		buf_append_char(out, (char)toupper((unsigned char)*word));
	buf_appendf(out, "%s=", suffix);
}

static void add_fixed(struct buf *out, const char *field)
{
	size_t start = begin(out);

	buf_append_str(out, field);
	end(out, start);
}

static struct slice text_of(const struct audit_record *record, enum audit_field field)
{
	const struct audit_value *value = &record->values[field];

	return value->kind == AUDIT_TEXT || value->kind == AUDIT_HASH ? value->text
								      : slice_str("-");
}

/* A name may have spaces and look like anything: failure: imap "u@example.com" 192.0.2.1 */
static void add_message(struct buf *out, const struct audit_record *record)
{
	size_t start = begin(out);

	buf_appendf(out, "MESSAGE=%s: ", login_event_kind_name(record->event));
	escape_terminal(out, text_of(record, AUDIT_FIELD_SERVICE));
	buf_append_char(out, ' ');
	escape_quoted(out, text_of(record, AUDIT_FIELD_USER));
	buf_append_char(out, ' ');
	escape_terminal(out, text_of(record, AUDIT_FIELD_REMOTE_IP));
	end(out, start);
}

static void add_time(struct buf *out, int64_t time_ns)
{
	size_t start = begin(out);

	add_name(out, "time", "");
	clock_append_utc(out, time_ns);
	end(out, start);
}

static void add_list(struct buf *out, int64_t bits)
{
	const char *comma = "";

	for (unsigned int i = 0; i < AUDIT_FIELD_COUNT; i++) {
		if (!(bits & INT64_C(1) << i))
			continue;
		buf_appendf(out, "%s%s", comma, audit_field_words[i]);
		comma = ",";
	}
}

static void add_value(struct buf *out, const char *word, const struct audit_value *value)
{
	size_t start;

	if (value->kind == AUDIT_NOTHING)
		return;
	start = begin(out);
	add_name(out, word, value->kind == AUDIT_HASH ? "_HASH" : "");
	if (value->kind == AUDIT_TEXT || value->kind == AUDIT_HASH)
		buf_append_slice(out, value->text);
	else if (value->kind == AUDIT_LIST)
		add_list(out, value->number);
	else if (value->kind == AUDIT_BOOL)
		buf_append_str(out, value->number ? "true" : "false");
	else
		buf_appendf(out, "%" PRId64, value->number);
	end(out, start);
}

int audit_record_journal(const struct audit_record *record, struct buf *out)
{
	char field[64];

	add_message(out, record);
	(void)snprintf(field, sizeof(field), "PRIORITY=%d",
		       record->event == LOGIN_EVENT_FAILURE ? LOG_NOTICE : LOG_INFO);
	add_fixed(out, field);
	add_fixed(out, "SYSLOG_IDENTIFIER=dovetap");
	add_fixed(out, "MESSAGE_ID=" MESSAGE_ID);
	(void)snprintf(field, sizeof(field), FIELD_PREFIX "VERSION=%d", AUDIT_VERSION);
	add_fixed(out, field);
	(void)snprintf(field, sizeof(field), FIELD_PREFIX "EVENT=%s",
		       login_event_kind_name(record->event));
	add_fixed(out, field);
	add_time(out, record->time_ns);
	for (unsigned int i = 0; i < AUDIT_FIELD_COUNT; i++)
		add_value(out, audit_field_words[i], &record->values[i]);
	return out->failed;
}
