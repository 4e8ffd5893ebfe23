/* SPDX-License-Identifier: MIT */
/* An audit record as one JSON object, as docs/audit.schema.json describes it. */
#include "audit/record.h"
#include "base/json.h"

#define NAME_MAX_LEN 64

static void add_hash(struct buf *out, const char *word, struct slice hash)
{
	char name[NAME_MAX_LEN];

	(void)snprintf(name, sizeof(name), "%s_hash", word);
	json_text(out, name, hash);
}

static void add_list(struct buf *out, const char *word, int64_t bits)
{
	const char *comma = "";

	json_name(out, word);
	buf_append_char(out, '[');
	for (unsigned int i = 0; i < AUDIT_FIELD_COUNT; i++) {
		if (!(bits & INT64_C(1) << i))
			continue;
		buf_appendf(out, "%s\"%s\"", comma, audit_field_words[i]);
		comma = ",";
	}
	buf_append_char(out, ']');
}

static void add_value(struct buf *out, const char *word, const struct audit_value *value)
{
	switch (value->kind) {
	case AUDIT_NOTHING:
		break;
	case AUDIT_TEXT:
		json_text(out, word, value->text);
		break;
	case AUDIT_HASH:
		add_hash(out, word, value->text);
		break;
	case AUDIT_NUMBER:
		json_number(out, word, value->number);
		break;
	case AUDIT_BOOL:
		json_bool(out, word, value->number != 0);
		break;
	case AUDIT_LIST:
		add_list(out, word, value->number);
		break;
	}
}

int audit_record_json(const struct audit_record *record, struct buf *out)
{
	buf_append_char(out, '{');
	json_number(out, "version", AUDIT_VERSION);
	json_text(out, "event", slice_str(login_event_kind_name(record->event)));
	json_time(out, "time", record->time_ns);
	for (unsigned int i = 0; i < AUDIT_FIELD_COUNT; i++)
		add_value(out, audit_field_words[i], &record->values[i]);
	return buf_append_char(out, '}');
}
