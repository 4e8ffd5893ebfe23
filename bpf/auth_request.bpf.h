/* SPDX-License-Identifier: GPL-2.0-only */
/* The auth role: an authentication has its outcome, success or failure. */
#ifndef DOVETAP_AUTH_REQUEST_BPF_H
#define DOVETAP_AUTH_REQUEST_BPF_H

#include "auth_fields.bpf.h"
#include "emit.bpf.h"
#include "user_read.bpf.h"

/* What is read of an auth_request. Its data is a nested struct since 2.3.13; before, the flat one
 * has the members. */
struct auth_copy {
	__u64 members[40]; /* from user to real_remote_port; the nested ones to successful */
	__u64 state[2];	   /* from auth_only to policy_refusal */
	__u64 proxy_host;  /* pointer to the text */
	__s32 passdb_result;
};

/* These only name the types. */
#define AUTH_REQUEST ((const struct auth_request *)0)
#define AUTH_FLAT    ((const struct auth_request___flat *)0)

#define auth_is_nested() bpf_core_field_exists(AUTH_REQUEST->fields.user)

#define auth_nested(copy, member)                                                                  \
	member_value((copy)->members, AUTH_REQUEST, fields.user, fields.successful, fields.member)

#define auth_flat(copy, member)                                                                    \
	member_value((copy)->members, AUTH_FLAT, user, real_remote_port, member)

#define auth_value(copy, member)                                                                   \
	(auth_is_nested() ? auth_nested(copy, member) : auth_flat(copy, member))

#define auth_state(copy, member)                                                                   \
	member_value((copy)->state, AUTH_REQUEST, auth_only, policy_refusal, member)

#define auth_flat_state(copy, member)                                                              \
	member_value((copy)->state, AUTH_FLAT, auth_only, policy_refusal, member)

/* Not 0 when the memory cannot be read. */
static __always_inline long auth_read(struct auth_copy *copy, const void *object)
{
	const struct auth_request *request = object;
	const struct auth_request___flat *flat = object;
	long error;

	if (auth_is_nested())
		error = read_stretch(copy->members, request, fields.user, fields.successful);
	else
		error = read_stretch(copy->members, flat, user, real_remote_port);
	return error || read_stretch(copy->state, request, auth_only, policy_refusal) ||
	       bpf_core_read_user(&copy->passdb_result, sizeof(copy->passdb_result),
				  &request->passdb_result);
}

static __always_inline __u64 auth_sum(const struct auth_copy *copy)
{
	return words_sum(copy->state, WORDS(copy->state),
			 words_sum(copy->members, WORDS(copy->members), copy->passdb_result));
}

/* Whether the copy is not, or no longer, of the object that the probe was called with. */
static __always_inline bool auth_is_mixed(struct auth_copy *copy, struct pt_regs *ctx)
{
	__u64 used = auth_sum(copy);

	return auth_read(copy, (const void *)PT_REGS_PARM1(ctx)) != 0 || auth_sum(copy) != used;
}

#define SECURED_TLS 2 /* enum auth_request_secured: none, secured, TLS; one bit in 2.3.0 */

static __always_inline __u32 auth_flags(const struct auth_copy *copy)
{
	__u64 successful, secured;

	if (auth_is_nested()) {
		successful = auth_nested(copy, successful);
		secured = auth_nested(copy, secured) | auth_nested(copy, conn_secured);
	} else {
		successful = auth_flat_state(copy, successful);
		secured = auth_flat_state(copy, secured);
	}
	return flag_if(successful, DOVETAP_FLAG_SUCCESSFUL) |
	       flag_if(secured, DOVETAP_FLAG_SECURED) |
	       flag_if(secured & SECURED_TLS, DOVETAP_FLAG_TLS) |
	       flag_if(auth_state(copy, auth_only), DOVETAP_FLAG_AUTH_ONLY) |
	       flag_if(auth_state(copy, policy_refusal), DOVETAP_FLAG_POLICY_REFUSAL) |
	       flag_if(auth_state(copy, internal_failure), DOVETAP_FLAG_INTERNAL_FAILURE);
}

/* Address of an embedded struct ip_addr in the copy. */
#define auth_ip(copy, member)                                                                      \
	((const void *)(copy)->members +                                                           \
	 (auth_is_nested()                                                                         \
		  ? member_place(AUTH_REQUEST, fields.user, fields.successful, fields.member)      \
		  : member_place(AUTH_FLAT, user, real_remote_port, member)))

/* The connection itself, not what a trusted proxy claims about the client. */
static __always_inline void auth_fill_real(struct dovetap_event_head *head,
					   const struct auth_copy *copy, bool longer)
{
	struct dovetap_event_tail *tail = event_tail(head, longer);

	take_ip(head, DOVETAP_FIELD_REAL_REMOTE_IP, &tail->real_remote_family, tail->real_remote_ip,
		auth_ip(copy, real_remote_ip));
	take_ip(head, DOVETAP_FIELD_REAL_LOCAL_IP, &tail->real_local_family, tail->real_local_ip,
		auth_ip(copy, real_local_ip));
	take_port(head, DOVETAP_FIELD_REAL_REMOTE_PORT, &tail->real_remote_port,
		  auth_value(copy, real_remote_port));
	take_port(head, DOVETAP_FIELD_REAL_LOCAL_PORT, &tail->real_local_port,
		  auth_value(copy, real_local_port));
}

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
	TEXT(CLIENT_ID, client_id);
#undef TEXT
	read_text(head, DOVETAP_FIELD_PROTOCOL, longer, auth_nested(copy, protocol));
	read_text(head, DOVETAP_FIELD_HOME, longer, 0);
	read_text(head, DOVETAP_FIELD_PROXY_HOST, longer, copy->proxy_host);
	take_ip(head, DOVETAP_FIELD_REMOTE_IP, &head->remote_family, head->remote_ip,
		auth_ip(copy, remote_ip));
	take_ip(head, DOVETAP_FIELD_LOCAL_IP, &head->local_family, head->local_ip,
		auth_ip(copy, local_ip));
	take_port(head, DOVETAP_FIELD_REMOTE_PORT, &head->remote_port,
		  auth_value(copy, remote_port));
	take_port(head, DOVETAP_FIELD_LOCAL_PORT, &head->local_port, auth_value(copy, local_port));
	auth_fill_real(head, copy, longer);
	head->passdb_result = copy->passdb_result;
	head->present |= DOVETAP_BIT(DOVETAP_FIELD_PASSDB_RESULT);
	head->flags = auth_flags(copy);
}

/* A client that sends malformed data is refused without a name: that is a record too. So is a
 * success without one, which there is only where the layout is wrong: the collector must see it. */
static __always_inline bool auth_lacks_name(const struct dovetap_event_head *head)
{
	return head->failed & DOVETAP_BIT(DOVETAP_FIELD_USERNAME);
}

/* True when a text did not fit and nothing was emitted. */
static __always_inline bool auth_emit(struct auth_copy *copy, struct pt_regs *ctx,
				      const struct source *source, bool longer)
{
	struct dovetap_event_head *head = event_reserve(DOVETAP_EVENT_AUTH, ctx, longer);

	if (!head)
		return false;
	auth_fill(head, copy, longer);
	if (event_is_too_short(head, longer))
		return true;
	if (auth_is_mixed(copy, ctx))
		event_discard(head, DOVETAP_COUNT_MIXED);
	else if (auth_lacks_name(head))
		event_discard(head, DOVETAP_COUNT_NO_USERNAME);
	else
		event_submit(head, longer, ctx, source, DOVETAP_COUNT_AUTH_EMITTED);
	return false;
}

/* Dovecot authenticates its own processes to one another with the mechanism DOVECOT-TOKEN, for
 * instance when it resumes a hibernated IMAP session. */
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

/* What a hit can mean. */
enum auth_probe {
	AUTH_FINISHED, /* the outcome stands in the request */
	AUTH_SUCCESS,  /* the fallbacks: only an outcome of this kind counts */
	AUTH_FAILURE,  /* a lookup without a client */
};

/* The counter of a hit that is none of ours; 0 for one that is. */
static __always_inline __u32 auth_drops(const struct auth_copy *copy, struct pt_regs *ctx,
					enum auth_probe probe)
{
	const struct auth_request *request = (const void *)PT_REGS_PARM1(ctx);
	bool successful = auth_flags(copy) & DOVETAP_FLAG_SUCCESSFUL;

	if (probe != AUTH_FINISHED && !lone_value(request, handler))
		return DOVETAP_COUNT_NO_HANDLER;
	if (probe != AUTH_FINISHED && successful != (probe == AUTH_SUCCESS))
		return DOVETAP_COUNT_NOT_SUCCESSFUL;
	return auth_is_internal(copy) ? DOVETAP_COUNT_INTERNAL_TOKEN : 0;
}

static __always_inline int auth_hit(struct pt_regs *ctx, enum auth_probe probe)
{
	const void *request = argument(ctx);
	struct auth_copy copy = {};
	struct source source;
	__u32 drop;

	if (!request)
		return count(DOVETAP_COUNT_NO_OBJECT);
	if (auth_read(&copy, request) != 0)
		return count(DOVETAP_COUNT_NO_USERNAME);
	drop = auth_drops(&copy, ctx, probe);
	if (drop)
		return count(auth_is_mixed(&copy, ctx) ? DOVETAP_COUNT_MIXED : drop);
	source_find(&source);
	drop = budget_drops(&source);
	if (drop)
		return count(drop);
	source.origin = unknown_to_verifier(source.origin);
	copy.proxy_host = auth_field_find_host((const void *)auth_value(&copy, extra_fields));
	if (auth_emit(&copy, ctx, &source, false))
		auth_emit(&copy, ctx, &source, true);
	return 0;
}

#endif
