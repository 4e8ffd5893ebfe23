/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The proxy role: a proxied login is established. Only the session id is read from the login
 * process's client struct, whose layout differs between builds of one ABI. The collector joins it
 * with the auth record of the same id, and takes everything else from there.
 */
#ifndef DOVETAP_PROXY_BPF_H
#define DOVETAP_PROXY_BPF_H

#include "emit.bpf.h"
#include "user_read.bpf.h"

/* A user-space address read as text has at most six bytes; Dovecot's session ids are longer. */
#define POINTER_TEXT_MAX 6

/* Distributions patch a member into the struct and keep the ABI string, so that the session id lies
 * one pointer further on: Debian 2.3.19.1+deb12u7 and 2.4.1+deb13u7. A wrong text from there has no
 * partner in the collector. */
static __always_inline __u64 patched_session_id(const struct client *client)
{
	__u64 text = 0;

	bpf_probe_read_user(&text, sizeof(text),
			    (const void *)client + member_offset(client, session_id) +
				    sizeof(text));
	return text;
}

static __always_inline void proxy_fill(struct dovetap_event_head *head, const struct client *client,
				       bool longer)
{
	const __u32 id = DOVETAP_FIELD_SESSION_ID;
	const __u32 bit = DOVETAP_BIT(DOVETAP_FIELD_SESSION_ID);

#define DOVETAP_X(id, member, ordinary, long_)                                                     \
	text_slot(head, DOVETAP_FIELD_##id, longer)[0] = '\0';
	DOVETAP_TEXT_FIELDS(DOVETAP_X)
#undef DOVETAP_X
	read_text(head, id, longer, lone_value(client, session_id));
	if (head->length[id] <= POINTER_TEXT_MAX) {
		head->present &= ~bit;
		head->failed &= ~bit;
		head->length[id] = 0;
		read_text(head, id, longer, patched_session_id(client));
	}
}

static __always_inline bool proxy_emit(const struct client *client, struct pt_regs *ctx,
				       const struct source *source, bool longer)
{
	struct dovetap_event_head *head = event_reserve(DOVETAP_EVENT_PROXY, ctx, longer);

	if (!head)
		return false;
	proxy_fill(head, client, longer);
	if (event_is_too_short(head, longer))
		return true;
	if (!(head->present & DOVETAP_BIT(DOVETAP_FIELD_SESSION_ID)))
		event_discard(head, DOVETAP_COUNT_NO_SESSION_ID);
	else
		event_submit(head, longer, ctx, source, DOVETAP_COUNT_PROXY_EMITTED);
	return false;
}

static __always_inline int proxy_hit(struct pt_regs *ctx)
{
	const struct client *client = argument(ctx);
	struct source source;
	__u32 drop;

	if (!client)
		return count(DOVETAP_COUNT_NO_OBJECT);
	source_find(&source);
	drop = budget_drops(&source);
	if (drop)
		return count(drop);
	source.origin = unknown_to_verifier(source.origin);
	if (proxy_emit(client, ctx, &source, false))
		proxy_emit(client, ctx, &source, true);
	return 0;
}

#endif
