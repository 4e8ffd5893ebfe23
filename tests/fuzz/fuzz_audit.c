/* SPDX-License-Identifier: MIT */
/* Any event that the decoder accepts as records of the audit stream: one line of text that is UTF-8
 * in which nothing ends a string early, and fields of the journal that fit together. */
#include <assert.h>

#include "audit/record.h"
#include "base/escape.h"
#include "base/utf8.h"
#include "capture/decode.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define ROOM (1U << 16)

static void one_object(struct slice json)
{
	bool inside = false;

	assert(json.len > 2 && json.ptr[0] == '{' && json.ptr[json.len - 1] == '}');
	assert(text_is_utf8(json));
	for (size_t i = 0; i < json.len; i++) {
		assert((uint8_t)json.ptr[i] >= 0x20);
		if (json.ptr[i] == '\\')
			i++;
		else if (json.ptr[i] == '"')
			inside = !inside;
	}
	assert(!inside);
}

static void whole_fields(struct slice fields)
{
	size_t at = 0, len;

	while (at < fields.len) {
		memcpy(&len, fields.ptr + at, sizeof(len));
		at += sizeof(len) + len;
		assert(memchr(fields.ptr + at - len, '=', len));
	}
	assert(at == fields.len);
}

static void tell(const struct login_event *event, uint64_t fields, struct pseudonym *pseudonym)
{
	const struct audit_policy policy = {
		.fields = fields, .mask = {24, 48}, .pseudonym = pseudonym, .node = {"n", 1}};
	struct audit_record record;
	struct buf out;

	buf_init(&out, ROOM);
	audit_record_make(&policy, event, &record);
	assert(audit_record_json(&record, &out) == 0);
	one_object(buf_slice(&out));
	buf_reset(&out);
	assert(audit_record_journal(&record, &out) == 0);
	whole_fields(buf_slice(&out));
	buf_release(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct pseudonym *pseudonym;
	struct login_event event;
	struct login login;

	if (!pseudonym)
		assert(pseudonym_new(slice_str("0123456789abcdef"), &pseudonym, NULL) == 0);
	if (decode_event((struct slice){(const char *)data, size}, &login, NULL) < 0)
		return 0;
	event = login.type == DOVETAP_EVENT_AUTH ? login_event_of_auth(&login)
						 : login_event_make(&login, NULL);
	tell(&event, ~UINT64_C(0), NULL);
	tell(&event, ~UINT64_C(0), pseudonym);
	tell(&event, size, NULL);
	return 0;
}
