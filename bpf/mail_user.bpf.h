/* SPDX-License-Identifier: GPL-2.0-only */
/* The mail_user role: a user object exists, so the login is complete. */
#ifndef DOVETAP_MAIL_USER_BPF_H
#define DOVETAP_MAIL_USER_BPF_H

#include "emit.bpf.h"
#include "user_read.bpf.h"

static __always_inline __u32 mail_user_flags(const struct mail_user *user)
{
	__u32 flags = 0;

	if (user_number(user, anonymous))
		flags |= DOVETAP_FLAG_ANONYMOUS;
	if (user_number(user, admin))
		flags |= DOVETAP_FLAG_ADMIN;
	if (user_number(user, conn.secured) || user_number(user, conn.end_client_tls_secured))
		flags |= DOVETAP_FLAG_SECURED;
	return flags;
}

static __always_inline void read_mail_ids(struct dovetap_event_head *head,
					  const struct mail_user *user)
{
	if (bpf_core_read_user(&head->mail_uid, sizeof(head->mail_uid), &user->uid) < 0 ||
	    bpf_core_read_user(&head->mail_gid, sizeof(head->mail_gid), &user->gid) < 0)
		head->failed |= DOVETAP_BIT(DOVETAP_FIELD_MAIL_UID);
	else if (head->mail_uid != (__u32)-1)
		head->present |= DOVETAP_BIT(DOVETAP_FIELD_MAIL_UID);
}

static __always_inline void mail_user_fill(struct dovetap_event_head *head,
					   const struct mail_user *user, bool longer)
{
#define TEXT(id, member) read_text(head, DOVETAP_FIELD_##id, longer, user_member(user, member))
	TEXT(USERNAME, username);
	TEXT(AUTH_USER, auth_user);
	TEXT(MASTER_USER, master_user);
	TEXT(HOME, _home);
	TEXT(SESSION_ID, session_id);
	TEXT(SERVICE, service);
	TEXT(PROTOCOL, protocol);
	TEXT(MECH, auth_mech);
	TEXT(LOCAL_NAME, conn.local_name);
#undef TEXT
	read_ip_pointer(head, DOVETAP_FIELD_REMOTE_IP, &head->remote_family, head->remote_ip,
			user_member(user, conn.remote_ip));
	read_ip_pointer(head, DOVETAP_FIELD_LOCAL_IP, &head->local_family, head->local_ip,
			user_member(user, conn.local_ip));
	read_port(head, DOVETAP_FIELD_REMOTE_PORT, &head->remote_port,
		  user_member(user, conn.remote_port));
	read_port(head, DOVETAP_FIELD_LOCAL_PORT, &head->local_port,
		  user_member(user, conn.local_port));
	read_mail_ids(head, user);
	head->flags = mail_user_flags(user);
}

/* True when a text did not fit and nothing was emitted. */
static __always_inline bool mail_user_emit(const struct mail_user *user, bool longer)
{
	struct dovetap_event_head *head = event_reserve(DOVETAP_EVENT_MAIL_USER, user, longer);

	if (!head)
		return false;
	mail_user_fill(head, user, longer);
	if (!(head->present & DOVETAP_BIT(DOVETAP_FIELD_USERNAME))) {
		event_discard(head, DOVETAP_COUNT_NO_USERNAME);
		return false;
	}
	return event_submit(head, longer, DOVETAP_COUNT_MAIL_USER_EMITTED);
}

/* Not logins of a person: raw delivery users, owners of shared mailboxes, woken up IMAP sessions.
 * Which services count is the collector's decision. */
static __always_inline int mail_user_hit(const struct mail_user *user)
{
	if (!user)
		return count(DOVETAP_COUNT_NO_OBJECT);
	if (user_number(user, autocreated))
		return count(DOVETAP_COUNT_AUTOCREATED);
	if (user_number(user, session_restored))
		return count(DOVETAP_COUNT_SESSION_RESTORED);
	if (mail_user_emit(user, false))
		mail_user_emit(user, true);
	return 0;
}

#endif
