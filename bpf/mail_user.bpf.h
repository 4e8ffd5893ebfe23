/* SPDX-License-Identifier: GPL-2.0-only */
/* The mail_user role: a user object exists, so the login is complete. */
#ifndef DOVETAP_MAIL_USER_BPF_H
#define DOVETAP_MAIL_USER_BPF_H

#include "emit.bpf.h"
#include "user_read.bpf.h"

/* What is read of a mail_user. */
struct mail_user_copy {
	__u64 members[22]; /* from username to error */
	__u64 flags[1];	   /* from anonymous to session_restored: two bytes far behind the rest */
};

/* Only names the type. */
#define MAIL_USER ((const struct mail_user *)0)

#define user_value(copy, member) member_value((copy)->members, MAIL_USER, username, error, member)
#define user_flag(copy, member)                                                                    \
	member_value((copy)->flags, MAIL_USER, anonymous, session_restored, member)

/* Not 0 when the memory cannot be read. */
static __always_inline long mail_user_read(struct mail_user_copy *copy,
					   const struct mail_user *user)
{
	return read_stretch(copy->members, user, username, error) ||
	       read_stretch(copy->flags, user, anonymous, session_restored);
}

static __always_inline __u64 mail_user_sum(const struct mail_user_copy *copy)
{
	return words_sum(copy->flags, WORDS(copy->flags),
			 words_sum(copy->members, WORDS(copy->members), 0));
}

/* Whether the copy is not, or no longer, of the object that the probe was called with. */
static __always_inline bool mail_user_is_mixed(struct mail_user_copy *copy, struct pt_regs *ctx)
{
	__u64 used = mail_user_sum(copy);

	return mail_user_read(copy, (const struct mail_user *)PT_REGS_PARM1(ctx)) != 0 ||
	       mail_user_sum(copy) != used;
}

static __always_inline __u32 mail_user_flags(const struct mail_user_copy *copy)
{
	return flag_if(user_flag(copy, anonymous), DOVETAP_FLAG_ANONYMOUS) |
	       flag_if(user_flag(copy, autocreated), DOVETAP_FLAG_AUTOCREATED) |
	       flag_if(user_flag(copy, session_restored), DOVETAP_FLAG_SESSION_RESTORED) |
	       flag_if(user_flag(copy, admin), DOVETAP_FLAG_ADMIN) |
	       flag_if(user_value(copy, conn.secured), DOVETAP_FLAG_SECURED) |
	       flag_if(user_value(copy, conn.end_client_tls_secured),
		       DOVETAP_FLAG_SECURED | DOVETAP_FLAG_TLS);
}

static __always_inline void mail_user_fill(struct dovetap_event_head *head,
					   const struct mail_user_copy *copy, bool longer)
{
#define TEXT(id, member) read_text(head, DOVETAP_FIELD_##id, longer, user_value(copy, member))
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
	read_text(head, DOVETAP_FIELD_CLIENT_ID, longer, 0);
	read_text(head, DOVETAP_FIELD_PROXY_HOST, longer, 0);
	read_ip(head, DOVETAP_FIELD_REMOTE_IP, &head->remote_family, head->remote_ip,
		user_value(copy, conn.remote_ip));
	read_ip(head, DOVETAP_FIELD_LOCAL_IP, &head->local_family, head->local_ip,
		user_value(copy, conn.local_ip));
	take_port(head, DOVETAP_FIELD_REMOTE_PORT, &head->remote_port,
		  user_value(copy, conn.remote_port));
	take_port(head, DOVETAP_FIELD_LOCAL_PORT, &head->local_port,
		  user_value(copy, conn.local_port));
	head->mail_uid = user_value(copy, uid);
	head->mail_gid = user_value(copy, gid);
	if (head->mail_uid != (__u32)-1)
		head->present |= DOVETAP_BIT(DOVETAP_FIELD_MAIL_UID);
	head->flags = mail_user_flags(copy);
}

/* True when a text did not fit and nothing was emitted. */
static __always_inline bool mail_user_emit(struct mail_user_copy *copy, struct pt_regs *ctx,
					   const struct source *source, bool longer)
{
	struct dovetap_event_head *head = event_reserve(DOVETAP_EVENT_MAIL_USER, ctx, longer);

	if (!head)
		return false;
	mail_user_fill(head, copy, longer);
	if (event_is_too_short(head, longer))
		return true;
	if (mail_user_is_mixed(copy, ctx))
		event_discard(head, DOVETAP_COUNT_MIXED);
	else
		event_submit(head, longer, ctx, source, DOVETAP_COUNT_MAIL_USER_EMITTED);
	return false;
}

/*
 * The counter of a user who is no login of a person: raw delivery users, owners of shared
 * mailboxes, woken up IMAP sessions. 0 for others; which services count is the collector's
 * decision. With may_fail the user is not known to have been initialised, and carries an error when
 * that failed. One who has authenticated is emitted all the same, with its flags: where the layout
 * is wrong the bits are others, and the collector must see that.
 */
static __always_inline __u32 mail_user_drops(const struct mail_user_copy *copy, bool may_fail)
{
	if (may_fail && user_value(copy, error))
		return DOVETAP_COUNT_USER_ERROR;
	if (user_value(copy, auth_mech))
		return 0;
	if (user_flag(copy, autocreated))
		return DOVETAP_COUNT_AUTOCREATED;
	return user_flag(copy, session_restored) ? DOVETAP_COUNT_SESSION_RESTORED : 0;
}

#define SERVICE_NO_PLUGINS 0x100 /* MAIL_STORAGE_SERVICE_FLAG_NO_PLUGINS, in all releases */
#define COMPARED_WORDS	   2	 /* of a name that are compared */

/* The names at two places begin alike. */
static __always_inline bool same_name(__u64 a, __u64 b)
{
	__u64 texts[2][COMPARED_WORDS] = {};

	if (!a || !b || bpf_probe_read_user_str(texts[0], sizeof(texts[0]), (const void *)a) < 0 ||
	    bpf_probe_read_user_str(texts[1], sizeof(texts[1]), (const void *)b) < 0)
		return false;
	return texts[0][0] == texts[1][0] && texts[0][1] == texts[1][1];
}

/*
 * For such a user Dovecot calls no plugin, so last_login does not count it: "doveadm user" looks at
 * what a user would get. The struct is private: its layout has to prove itself by the user's name.
 */
static __always_inline bool is_without_plugins(const struct mail_user *user,
					       const struct mail_user_copy *copy)
{
	const struct mail_storage_service_user *service =
		(const void *)(lone_value(user, _service_user) | lone_value(user, service_user));

	return service && (lone_value(service, flags) & SERVICE_NO_PLUGINS) != 0 &&
	       same_name(lone_value(service, input.username), user_value(copy, username));
}

static __always_inline int mail_user_hit(struct pt_regs *ctx, bool may_fail)
{
	const struct mail_user *user = argument(ctx);
	struct mail_user_copy copy = {};
	struct source source;
	__u32 drop;

	if (!user)
		return count(DOVETAP_COUNT_NO_OBJECT);
	if (mail_user_read(&copy, user) != 0)
		return count(DOVETAP_COUNT_NO_USERNAME);
	drop = mail_user_drops(&copy, may_fail);
	if (drop)
		return count(mail_user_is_mixed(&copy, ctx) ? DOVETAP_COUNT_MIXED : drop);
	if (is_without_plugins(user, &copy))
		return count(DOVETAP_COUNT_NO_PLUGINS);
	source_find(&source);
	drop = budget_drops(&source);
	if (drop)
		return count(drop);
	source.origin = unknown_to_verifier(source.origin);
	if (mail_user_emit(&copy, ctx, &source, false))
		mail_user_emit(&copy, ctx, &source, true);
	return 0;
}

#endif
