/* SPDX-License-Identifier: MIT */
#include "proof/form.h"

#include <ctype.h>
#include <strings.h>

#include "base/utf8.h"

#define SESSION_MIN 8 /* Dovecot's own have 16 and more; a proxy may give others */
#define SERVICE_MAX 32
#define MECH_MIN    2

static const char *const services[] = {
	"imap", "pop3",	   "submission",     "managesieve", "sieve",	    "lmtp",	  "lda",
	"smtp", "doveadm", "indexer-worker", "indexer",	    "quota-status", "replicator", "dsync",
};

static const char *const mechs[] = {
	"PLAIN",
	"LOGIN",
	"CRAM-MD5",
	"DIGEST-MD5",
	"SCRAM-SHA-1",
	"APOP",
	"NTLM",
	"SCRAM-SHA-256",
	"GSSAPI",
	"GSS-SPNEGO",
	"OTP",
	"ANONYMOUS",
	"EXTERNAL",
	"XOAUTH2",
	"OAUTHBEARER",
	"SCRAM-SHA-1-PLUS",
	"SCRAM-SHA-256-PLUS",
};

static bool is_one_of(struct slice text, const char *const *list, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (text.len == strlen(list[i]) && strncasecmp(text.ptr, list[i], text.len) == 0)
			return true;
	}
	return false;
}

#define ONE_OF(text, list) is_one_of(text, list, sizeof(list) / sizeof((list)[0]))

/* Letters, digits and what words are made of. */
static bool is_word(struct slice text)
{
	for (size_t i = 0; i < text.len; i++) {
		if (!isalnum((unsigned char)text.ptr[i]) && !strchr("-_.", text.ptr[i]))
			return false;
	}
	return text.len > 0;
}

static bool is_visible(struct slice text)
{
	for (size_t i = 0; i < text.len; i++) {
		if ((unsigned char)text.ptr[i] <= ' ' || text.ptr[i] == 0x7f)
			return false;
	}
	return text_is_utf8(text);
}

bool form_alike(struct slice a, struct slice b)
{
	return a.len == b.len && (a.len == 0 || strncasecmp(a.ptr, b.ptr, a.len) == 0);
}

/* The program that the process runs: "imap" for imap, "dovecot-lda" for lda. */
static bool is_programs(struct slice service, struct slice comm)
{
	const char *prefix = "dovecot-";
	size_t skip = strlen(prefix);

	if (slice_is(service, "sieve"))
		service = slice_str("managesieve");
	if (comm.len > skip && memcmp(comm.ptr, prefix, skip) == 0)
		comm = (struct slice){comm.ptr + skip, comm.len - skip};
	/* "doveadm-server"; and the kernel keeps 15 bytes. */
	return service.len >= 3 && comm.len >= 3 &&
	       memcmp(service.ptr, comm.ptr, service.len < comm.len ? service.len : comm.len) == 0;
}

static void judge(struct form *form, enum proof_member member, bool good, bool bad)
{
	if (bad)
		form->bad |= PROOF_BIT(member);
	else if (good)
		form->good |= PROOF_BIT(member);
}

/* A name can have any byte; only who was refused may have had none. */
static void judge_name(const struct login *login, struct form *form)
{
	struct slice name = login->text[DOVETAP_FIELD_USERNAME];
	bool needed = login->type == DOVETAP_EVENT_MAIL_USER ||
		      (login->flags & DOVETAP_FLAG_SUCCESSFUL) != 0;

	judge(form, PROOF_USERNAME, name.len > 0 && is_visible(name) && name.ptr[0] != '/',
	      name.len == 0 && needed);
}

/* Dovecot's own user for a mail that is on its way: marked as no login, it does not come here.
 * Somebody of that name would have a session. */
static void judge_kind(const struct login *login, struct form *form)
{
	struct slice name = login->text[DOVETAP_FIELD_USERNAME];
	bool raw = login_session(login).len == 0 &&
		   (slice_is(name, "raw mail user") || slice_is(name, "raw-mail-user"));

	if (login->type == DOVETAP_EVENT_MAIL_USER)
		judge(form, PROOF_KIND, !raw, raw);
}

static void judge_session(const struct login *login, struct form *form)
{
	struct slice id = login_session(login);

	judge(form, PROOF_SESSION_ID, id.len >= SESSION_MIN && is_visible(id),
	      id.len > 0 && (id.len < SESSION_MIN || !is_visible(id)));
}

static void judge_service(const struct login *login, struct form *form)
{
	struct slice service = login->text[DOVETAP_FIELD_SERVICE];
	bool known;

	if (service.len == 0)
		service = login->text[DOVETAP_FIELD_PROTOCOL];
	known = ONE_OF(service, services);
	if (login->type == DOVETAP_EVENT_AUTH)
		judge(form, PROOF_SERVICE, known, !is_word(service) || service.len > SERVICE_MAX);
	else
		judge(form, PROOF_SERVICE, is_programs(service, login->comm),
		      !known && !is_programs(service, login->comm));
}

static void judge_mech(const struct login *login, struct form *form)
{
	struct slice mech = login->text[DOVETAP_FIELD_MECH];
	bool needed = login->type == DOVETAP_EVENT_AUTH;

	judge(form, PROOF_MECH, ONE_OF(mech, mechs),
	      mech.len > 0 ? !is_word(mech) || mech.len < MECH_MIN : needed);
}

/* Enum passdb_result of Dovecot, from NEXT to OK. Who has logged in was found by the passdb, if
 * there was one to ask. */
static void judge_result(const struct login *login, struct form *form)
{
	int32_t result = login->passdb_result;
	bool successful = login->flags & DOVETAP_FLAG_SUCCESSFUL;

	if (login->type != DOVETAP_EVENT_AUTH)
		return;
	judge(form, PROOF_RESULT, successful == (result == 1),
	      result > 1 || result < -16 || (successful && (result == 0 || result < -2)));
}

/* 0.0.0.0 or ::, which no peer has: a read behind the address. 2.0.0.0 or a00::, of networks that
 * are nobody's either: the number of the family itself, of this address or the next. */
static bool is_nowhere(const struct login_ip *ip)
{
	static const uint8_t zeros[sizeof(ip->bytes)];
	const uint8_t number[4] = {(uint8_t)ip->family};

	return ip->family != 0 && (memcmp(ip->bytes, zeros, sizeof(zeros)) == 0 ||
				   memcmp(ip->bytes, number, sizeof(number)) == 0);
}

/* Dovecot has both of a connection, or none. */
static bool has_lone_port(const struct login *login)
{
	return login->remote_port != 0 && login->remote_ip.family == 0;
}

/* Twice in the record unless somebody stands between. */
static void judge_address(const struct login *login, struct form *form)
{
	bool twice = login->remote_ip.family != 0 &&
		     login->remote_ip.family == login->real_remote_ip.family &&
		     memcmp(login->remote_ip.bytes, login->real_remote_ip.bytes, 16) == 0;

	judge(form, PROOF_REMOTE_IP,
	      login->type == DOVETAP_EVENT_AUTH ? twice : login->remote_ip.family != 0,
	      is_nowhere(&login->remote_ip) || has_lone_port(login));
}

static void judge_unreadable(const struct login *login, struct form *form)
{
	static const struct {
		unsigned int field;
		enum proof_member member;
	} fields[] = {
		{DOVETAP_FIELD_USERNAME, PROOF_USERNAME},
		{DOVETAP_FIELD_AUTH_USER, PROOF_LOGIN_NAME},
		{DOVETAP_FIELD_SESSION_ID, PROOF_SESSION_ID},
		{DOVETAP_FIELD_SERVICE, PROOF_SERVICE},
		{DOVETAP_FIELD_PROTOCOL, PROOF_SERVICE},
		{DOVETAP_FIELD_MECH, PROOF_MECH},
		{DOVETAP_FIELD_REMOTE_IP, PROOF_REMOTE_IP},
		{DOVETAP_FIELD_LOCAL_IP, PROOF_LOCAL_IP},
	};

	for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++)
		judge(form, fields[i].member, false, login->failed & DOVETAP_BIT(fields[i].field));
}

struct form form_of(const struct login *login)
{
	struct slice name = login->text[DOVETAP_FIELD_USERNAME];
	struct form form = {0};

	if (login->type == DOVETAP_EVENT_PROXY)
		return form;
	judge_name(login, &form);
	judge_kind(login, &form);
	judge_session(login, &form);
	judge_service(login, &form);
	judge_mech(login, &form);
	judge_result(login, &form);
	judge_address(login, &form);
	judge(&form, PROOF_LOGIN_NAME,
	      name.len > 0 && form_alike(name, login->text[DOVETAP_FIELD_AUTH_USER]), false);
	judge_unreadable(login, &form);
	form.good &= ~form.bad;
	return form;
}

bool form_is_whole(const struct login *login, struct form form)
{
	uint32_t needed = PROOF_BIT(PROOF_USERNAME) | PROOF_BIT(PROOF_SERVICE);

	if (login->type == DOVETAP_EVENT_AUTH)
		needed = PROOF_BIT(PROOF_MECH) | PROOF_BIT(PROOF_SERVICE) | PROOF_BIT(PROOF_RESULT);
	else if (login_has(login, DOVETAP_FIELD_MECH))
		needed |= PROOF_BIT(PROOF_MECH) | PROOF_BIT(PROOF_SESSION_ID);
	return form.bad == 0 && (form.good & needed) == needed;
}
