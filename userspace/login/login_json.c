/* SPDX-License-Identifier: MIT */
#include "login/login_json.h"

#include <inttypes.h>

#include "base/clock.h"
#include "base/escape.h"
#include "base/json.h"
#include "login/outcome.h"

static const char *const type_names[] = {
	[DOVETAP_EVENT_MAIL_USER] = "mail_user",
	[DOVETAP_EVENT_AUTH] = "auth",
	[DOVETAP_EVENT_PROXY] = "proxy",
};

#define DOVETAP_X(id, member, ordinary, longer) #member,
static const char *const text_names[] = {DOVETAP_TEXT_FIELDS(DOVETAP_X)};
#undef DOVETAP_X

static const struct {
	uint32_t flag;
	const char *name;
} flag_names[] = {
	{DOVETAP_FLAG_ANONYMOUS, "anonymous"},
	{DOVETAP_FLAG_ADMIN, "admin"},
	{DOVETAP_FLAG_AUTOCREATED, "autocreated"},
	{DOVETAP_FLAG_SESSION_RESTORED, "session_restored"},
	{DOVETAP_FLAG_SECURED, "secured"},
	{DOVETAP_FLAG_SUCCESSFUL, "successful"},
	{DOVETAP_FLAG_AUTH_ONLY, "auth_only"},
	{DOVETAP_FLAG_POLICY_REFUSAL, "policy_refusal"},
	{DOVETAP_FLAG_INTERNAL_FAILURE, "internal_failure"},
	{DOVETAP_FLAG_TLS, "tls"},
};

static void add_texts(struct buf *out, const struct login *login)
{
	for (unsigned int i = 0; i < DOVETAP_TEXT_COUNT; i++) {
		if (login_has(login, i))
			json_text(out, text_names[i], login->text[i]);
	}
}

static void add_address(struct buf *out, const char *side, const struct login_ip *ip, uint16_t port,
			bool has_port)
{
	char text[LOGIN_IP_TEXT_MAX];

	if (login_ip_text(ip, text) > 0)
		buf_appendf(out, ",\"%s_ip\":\"%s\"", side, text);
	if (has_port)
		buf_appendf(out, ",\"%s_port\":%u", side, port);
}

static void add_numbers(struct buf *out, const struct login *login)
{
	buf_appendf(out, ",\"pid\":%u,\"tid\":%u,\"uid\":%u,\"cgroup_id\":%" PRIu64, login->pid,
		    login->tid, login->uid, login->cgroup_id);
	if (login_has(login, DOVETAP_FIELD_MAIL_UID))
		buf_appendf(out, ",\"mail_uid\":%u,\"mail_gid\":%u", login->mail_uid,
			    login->mail_gid);
	if (login_has(login, DOVETAP_FIELD_PASSDB_RESULT))
		buf_appendf(out, ",\"passdb_result\":%d", login->passdb_result);
	if (login->type == DOVETAP_EVENT_AUTH)
		buf_appendf(out, ",\"outcome\":\"%s\"",
			    login_outcome_name(login_outcome_of(login)));
}

static void add_flags(struct buf *out, const struct login *login)
{
	const char *comma = "";

	buf_append_str(out, ",\"flags\":[");
	for (size_t i = 0; i < sizeof(flag_names) / sizeof(flag_names[0]); i++) {
		if (!(login->flags & flag_names[i].flag))
			continue;
		buf_appendf(out, "%s\"%s\"", comma, flag_names[i].name);
		comma = ",";
	}
	buf_append_char(out, ']');
}

static void add_truncated(struct buf *out, const struct login *login)
{
	const char *comma = "";

	if (login->truncated == 0)
		return;
	buf_append_str(out, ",\"truncated\":[");
	for (unsigned int i = 0; i < DOVETAP_TEXT_COUNT; i++) {
		if (!(login->truncated & DOVETAP_BIT(i)))
			continue;
		buf_appendf(out, "%s\"%s\"", comma, text_names[i]);
		comma = ",";
	}
	buf_append_char(out, ']');
}

int login_json(struct buf *out, const struct login *login)
{
	buf_appendf(out, "{\"type\":\"%s\",\"boot_ns\":%" PRIu64, type_names[login->type],
		    login->boot_ns);
	if (login->time_ns > 0)
		json_time(out, "time", login->time_ns);
	add_texts(out, login);
	add_address(out, "remote", &login->remote_ip, login->remote_port,
		    login_has(login, DOVETAP_FIELD_REMOTE_PORT));
	add_address(out, "local", &login->local_ip, login->local_port,
		    login_has(login, DOVETAP_FIELD_LOCAL_PORT));
	add_address(out, "real_remote", &login->real_remote_ip, login->real_remote_port,
		    login_has(login, DOVETAP_FIELD_REAL_REMOTE_PORT));
	add_address(out, "real_local", &login->real_local_ip, login->real_local_port,
		    login_has(login, DOVETAP_FIELD_REAL_LOCAL_PORT));
	add_numbers(out, login);
	add_flags(out, login);
	add_truncated(out, login);
	return buf_append_char(out, '}');
}

int login_line(struct buf *out, const struct login *login)
{
	char ip[LOGIN_IP_TEXT_MAX];

	clock_append_utc(out, login->time_ns);
	buf_append_char(out, ' ');
	escape_terminal(out, login->text[DOVETAP_FIELD_SERVICE]);
	buf_append_char(out, ' ');
	escape_terminal(out, login->text[DOVETAP_FIELD_USERNAME]);
	return buf_appendf(out, " %s", login_ip_text(&login->remote_ip, ip) > 0 ? ip : "-");
}
