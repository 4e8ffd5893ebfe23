/* SPDX-License-Identifier: MIT */
/*
 * One event of the audit stream: the fields that were asked for, as far as they are known, in the
 * order of conf/audit_words.h; and its two written forms.
 */
#ifndef DOVETAP_AUDIT_RECORD_H
#define DOVETAP_AUDIT_RECORD_H

#include "base/buf.h"
#include "conf/audit_words.h"
#include "login/event.h"
#include "login/ip_mask.h"
#include "login/pseudonym.h"

/* Of the form; a change that a reader could stumble over raises it (docs/audit.md). */
#define AUDIT_VERSION 1

/* What is recorded, and what of it in clear. */
struct audit_policy {
	uint64_t fields;	     /* 1 << enum audit_field */
	struct ip_mask mask;	     /* of the client's addresses */
	struct pseudonym *pseudonym; /* in place of user names; NULL: the names themselves */
	struct slice node;	     /* the name of this machine */
};

enum audit_kind { AUDIT_NOTHING, AUDIT_TEXT, AUDIT_HASH, AUDIT_NUMBER, AUDIT_BOOL, AUDIT_LIST };

struct audit_value {
	enum audit_kind kind;
	struct slice text; /* into the event, the policy or room */
	int64_t number;	   /* of NUMBER and BOOL; of LIST: 1 << enum audit_field */
	char room[PSEUDONYM_TEXT_MAX];
};

struct audit_record {
	enum login_event_kind event;
	int64_t time_ns;
	struct audit_value values[AUDIT_FIELD_COUNT];
};

/* The record is valid as long as the event is. */
void audit_record_make(const struct audit_policy *policy, const struct login_event *event,
		       struct audit_record *record_r);

/* Appends one JSON object without a newline; none is in it. 0 or the buffer's error. */
int audit_record_json(const struct audit_record *record, struct buf *out);

/*
 * Appends the journal's fields: for each a length (size_t), then that many bytes of "NAME=value",
 * in which any byte may occur. 0 or the buffer's error.
 */
int audit_record_journal(const struct audit_record *record, struct buf *out);

#endif
