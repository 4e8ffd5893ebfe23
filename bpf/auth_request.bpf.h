/* SPDX-License-Identifier: GPL-2.0-only */
/* The auth role: an authentication has its outcome, success or failure. */
#ifndef DOVETAP_AUTH_REQUEST_BPF_H
#define DOVETAP_AUTH_REQUEST_BPF_H

#include "emit.bpf.h"
#include "user_read.bpf.h"

/* What is read of an auth_request, and where it was. Its data is a nested struct since 2.3.13;
 * before, flat has the members. */
struct auth_copy {
	const struct auth_request *request;
	const struct auth_request___flat *flat;
	__u64 members[40]; /* from user to remote_port */
};

#define auth_is_nested(copy) bpf_core_field_exists((copy)->request->fields.user)

#define auth_value(copy, member)                                                                   \
	(auth_is_nested(copy)                                                                      \
		 ? member_value((copy)->members, (copy)->request, fields.user, fields.member)      \
		 : member_value((copy)->members, (copy)->flat, user, member))

#define auth_lone_value(copy, member)                                                              \
	(lone_value((copy)->request, fields.member) | lone_value((copy)->flat, member))

static __always_inline __u32 auth_flags(const struct auth_copy *copy)
{
	const struct auth_request *request = copy->request;

	return flag_if(auth_lone_value(copy, successful), DOVETAP_FLAG_SUCCESSFUL) |
	       flag_if(auth_lone_value(copy, secured), DOVETAP_FLAG_SECURED) |
	       flag_if(lone_value(request, fields.conn_secured), DOVETAP_FLAG_SECURED) |
	       flag_if(lone_value(request, auth_only), DOVETAP_FLAG_AUTH_ONLY) |
	       flag_if(lone_value(request, policy_refusal), DOVETAP_FLAG_POLICY_REFUSAL) |
	       flag_if(lone_value(request, internal_failure), DOVETAP_FLAG_INTERNAL_FAILURE);
}

/* Not 0 when the memory cannot be read. */
static __always_inline long auth_read(struct auth_copy *copy)
{
	if (auth_is_nested(copy))
		return read_stretch(copy->members, copy->request, fields.user, fields.remote_port);
	return read_stretch(copy->members, copy->flat, user, remote_port);
}

/* Address of an embedded struct ip_addr in the copy. */
#define auth_ip(copy, member)                                                                      \
	((const void *)(copy)->members +                                                           \
	 (auth_is_nested(copy) ? member_distance((copy)->request, fields.user, fields.member)      \
			       : member_distance((copy)->flat, user, member)))

static __always_inline void auth_fill(struct dovetap_event_head *head, const struct auth_copy *copy,
				      bool longer)
{
#define TEXT(id, member) read_text(head, DOVETAP_FIELD_##id, longer, auth_value(copy, member))
	TEXT(USERNAME, user);
	TEXT(AUTH_USER, original_username);
	TEXT(MASTER_USER, master_user);
	TEXT(SESSION_ID, session_id);
	TEXT(SERVICE, service);
	TEXT(MECH, mech_name);
	TEXT(LOCAL_NAME, local_name);
#undef TEXT
	read_text(head, DOVETAP_FIELD_PROTOCOL, longer,
		  member_value(copy->members, copy->request, fields.user, fields.protocol));
	read_text(head, DOVETAP_FIELD_HOME, longer, 0);
	take_ip(head, DOVETAP_FIELD_REMOTE_IP, &head->remote_family, head->remote_ip,
		auth_ip(copy, remote_ip));
	take_ip(head, DOVETAP_FIELD_LOCAL_IP, &head->local_family, head->local_ip,
		auth_ip(copy, local_ip));
	take_port(head, DOVETAP_FIELD_REMOTE_PORT, &head->remote_port,
		  auth_value(copy, remote_port));
	take_port(head, DOVETAP_FIELD_LOCAL_PORT, &head->local_port, auth_value(copy, local_port));
	head->passdb_result = lone_value(copy->request, passdb_result);
	head->present |= DOVETAP_BIT(DOVETAP_FIELD_PASSDB_RESULT);
	head->flags = auth_flags(copy);
}

/* True when a text did not fit and nothing was emitted. A client that sends malformed data is
 * refused without a name: that is a record too. A success without one is not. */
static __always_inline bool auth_emit(const struct auth_copy *copy, bool longer)
{
	const __u32 name = DOVETAP_BIT(DOVETAP_FIELD_USERNAME);
	struct dovetap_event_head *head = event_reserve(DOVETAP_EVENT_AUTH, copy->request, longer);

	if (!head)
		return false;
	auth_fill(head, copy, longer);
	if ((head->failed & name) ||
	    (!(head->present & name) && (head->flags & DOVETAP_FLAG_SUCCESSFUL))) {
		event_discard(head, DOVETAP_COUNT_NO_USERNAME);
		return false;
	}
	return event_submit(head, longer, DOVETAP_COUNT_AUTH_EMITTED);
}

/* Dovecot authenticates its own processes to one another with the mechanism DOVECOT-TOKEN, for
 * instance when it wakes up a hibernated IMAP session. */
static __always_inline bool auth_is_internal(const struct auth_copy *copy)
{
	const char token[16] = "DOVECOT-TOKEN";
	const void *text = (const void *)auth_value(copy, mech_name);
	char mech[16] = {};

	if (!text)
		return false;
	bpf_probe_read_user_str(mech, sizeof(mech), text);
	for (int i = 0; i < 16; i++) {
		if (mech[i] != token[i])
			return false;
	}
	return true;
}

/* With fallback the hit may be a lookup without a client, and only a success has a meaning. */
static __always_inline int auth_hit(const void *request, bool fallback)
{
	struct auth_copy copy = {.request = request, .flat = request};

	if (!request)
		return count(DOVETAP_COUNT_NO_OBJECT);
	if (auth_read(&copy) != 0)
		return count(DOVETAP_COUNT_NO_USERNAME);
	if (fallback && !lone_value(copy.request, handler))
		return count(DOVETAP_COUNT_NO_HANDLER);
	if (fallback && !auth_lone_value(&copy, successful))
		return count(DOVETAP_COUNT_NOT_SUCCESSFUL);
	if (auth_is_internal(&copy))
		return count(DOVETAP_COUNT_INTERNAL_TOKEN);
	if (auth_emit(&copy, false))
		auth_emit(&copy, true);
	return 0;
}

#endif
