/* SPDX-License-Identifier: GPL-2.0-only */
/* The auth role: an authentication has its outcome, success or failure. */
#ifndef DOVETAP_AUTH_REQUEST_BPF_H
#define DOVETAP_AUTH_REQUEST_BPF_H

#include "emit.bpf.h"
#include "user_read.bpf.h"

/* Address of a member of the request's data, which is a nested struct since 2.3.13. */
#define auth_member(request, member)                                                               \
	({                                                                                         \
		const struct auth_request___flat *flat_ = (const void *)(request);                 \
		const void *at_ = user_member(request, fields.member);                             \
		if (!bpf_core_field_exists((request)->fields.user) &&                              \
		    bpf_core_field_exists(flat_->member))                                          \
			at_ = pinned(&flat_->member);                                              \
		at_;                                                                               \
	})

#define auth_number(request, member)                                                               \
	({                                                                                         \
		const struct auth_request___flat *flat_ = (const void *)(request);                 \
		user_number(request, fields.member) | user_number(flat_, member);                  \
	})

static __always_inline __u32 auth_flags(const struct auth_request *request)
{
	__u32 flags = 0;

	if (auth_number(request, successful))
		flags |= DOVETAP_FLAG_SUCCESSFUL;
	if (auth_number(request, secured) || user_number(request, fields.conn_secured))
		flags |= DOVETAP_FLAG_SECURED;
	if (user_number(request, auth_only))
		flags |= DOVETAP_FLAG_AUTH_ONLY;
	if (user_number(request, policy_refusal))
		flags |= DOVETAP_FLAG_POLICY_REFUSAL;
	if (user_number(request, internal_failure))
		flags |= DOVETAP_FLAG_INTERNAL_FAILURE;
	return flags;
}

static __always_inline void read_passdb_result(struct dovetap_event_head *head,
					       const struct auth_request *request)
{
	const __u32 bit = DOVETAP_BIT(DOVETAP_FIELD_PASSDB_RESULT);

	if (bpf_core_read_user(&head->passdb_result, sizeof(head->passdb_result),
			       &request->passdb_result) < 0)
		head->failed |= bit;
	else
		head->present |= bit;
}

static __always_inline void auth_fill(struct dovetap_event_head *head,
				      const struct auth_request *request, bool longer)
{
#define TEXT(id, member) read_text(head, DOVETAP_FIELD_##id, longer, auth_member(request, member))
	TEXT(USERNAME, user);
	TEXT(AUTH_USER, original_username);
	TEXT(MASTER_USER, master_user);
	TEXT(SESSION_ID, session_id);
	TEXT(SERVICE, service);
	TEXT(MECH, mech_name);
	TEXT(LOCAL_NAME, local_name);
#undef TEXT
	read_text(head, DOVETAP_FIELD_PROTOCOL, longer, user_member(request, fields.protocol));
	read_text(head, DOVETAP_FIELD_HOME, longer, (void *)0);
	read_ip(head, DOVETAP_FIELD_REMOTE_IP, &head->remote_family, head->remote_ip,
		auth_member(request, remote_ip));
	read_ip(head, DOVETAP_FIELD_LOCAL_IP, &head->local_family, head->local_ip,
		auth_member(request, local_ip));
	read_port(head, DOVETAP_FIELD_REMOTE_PORT, &head->remote_port,
		  auth_member(request, remote_port));
	read_port(head, DOVETAP_FIELD_LOCAL_PORT, &head->local_port,
		  auth_member(request, local_port));
	read_passdb_result(head, request);
	head->flags = auth_flags(request);
}

/* True when a text did not fit and nothing was emitted. A client that sends malformed data is
 * refused without a name: that is a record too. A success without one is not. */
static __always_inline bool auth_emit(const struct auth_request *request, bool longer)
{
	const __u32 name = DOVETAP_BIT(DOVETAP_FIELD_USERNAME);
	struct dovetap_event_head *head = event_reserve(DOVETAP_EVENT_AUTH, request, longer);

	if (!head)
		return false;
	auth_fill(head, request, longer);
	if ((head->failed & name) ||
	    (!(head->present & name) && (head->flags & DOVETAP_FLAG_SUCCESSFUL))) {
		event_discard(head, DOVETAP_COUNT_NO_USERNAME);
		return false;
	}
	return event_submit(head, longer, DOVETAP_COUNT_AUTH_EMITTED);
}

/* Dovecot authenticates its own processes to one another with the mechanism DOVECOT-TOKEN, for
 * instance when it wakes up a hibernated IMAP session. */
static __always_inline bool auth_is_internal(const struct auth_request *request)
{
	const char token[16] = "DOVECOT-TOKEN";
	const void *member = auth_member(request, mech_name);
	const char *text = (void *)0;
	char mech[16] = {};

	if (!member || bpf_probe_read_user(&text, sizeof(text), member) < 0 || !text)
		return false;
	bpf_probe_read_user_str(mech, sizeof(mech), text);
	for (int i = 0; i < 16; i++) {
		if (mech[i] != token[i])
			return false;
	}
	return true;
}

static __always_inline int auth_hit(const struct auth_request *request)
{
	if (!request)
		return count(DOVETAP_COUNT_NO_OBJECT);
	if (auth_is_internal(request))
		return count(DOVETAP_COUNT_INTERNAL_TOKEN);
	if (auth_emit(request, false))
		auth_emit(request, true);
	return 0;
}

#endif
