/* SPDX-License-Identifier: MIT */
#include "login/event.h"

static const char *const kind_names[LOGIN_EVENT_KINDS] = {
	[LOGIN_EVENT_LOGIN] = "login",
	[LOGIN_EVENT_AUTH] = "auth",
	[LOGIN_EVENT_FAILURE] = "failure",
	[LOGIN_EVENT_PROXY] = "proxy",
};

const char *login_event_kind_name(enum login_event_kind kind)
{
	return kind_names[kind];
}

struct slice login_event_service(const struct login_event *event)
{
	const struct slice *text = event->login.text;

	return text[DOVETAP_FIELD_SERVICE].len > 0 ? text[DOVETAP_FIELD_SERVICE]
						   : text[DOVETAP_FIELD_PROTOCOL];
}

static void fill_text(struct login *login, const struct login *auth, unsigned int field)
{
	if (login->text[field].len > 0 || auth->text[field].len == 0)
		return;
	login->text[field] = auth->text[field];
	login->present |= DOVETAP_BIT(field);
	login->truncated |= auth->truncated & DOVETAP_BIT(field);
}

#define CONNECTION                                                                                 \
	(DOVETAP_BIT(DOVETAP_FIELD_REAL_REMOTE_IP) | DOVETAP_BIT(DOVETAP_FIELD_REAL_LOCAL_IP) |    \
	 DOVETAP_BIT(DOVETAP_FIELD_REAL_REMOTE_PORT) |                                             \
	 DOVETAP_BIT(DOVETAP_FIELD_REAL_LOCAL_PORT) | DOVETAP_BIT(DOVETAP_FIELD_PASSDB_RESULT))

/* A mail user knows less of the connection than authentication did. */
static void complete(struct login *login, const struct login *auth)
{
	static const unsigned int texts[] = {DOVETAP_FIELD_MECH, DOVETAP_FIELD_MASTER_USER,
					     DOVETAP_FIELD_AUTH_USER, DOVETAP_FIELD_LOCAL_NAME,
					     DOVETAP_FIELD_CLIENT_ID};

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		fill_text(login, auth, texts[i]);
	login->present |= auth->present & CONNECTION;
	login->real_remote_ip = auth->real_remote_ip;
	login->real_local_ip = auth->real_local_ip;
	login->real_remote_port = auth->real_remote_port;
	login->real_local_port = auth->real_local_port;
	login->passdb_result = auth->passdb_result;
	login->flags |= auth->flags & (DOVETAP_FLAG_SECURED | DOVETAP_FLAG_TLS);
}

/* The login process provides the session and the time; the user is known from authentication
 * only. */
static void complete_proxy(struct login *login, const struct login *auth)
{
	struct login proxy = *auth;

	proxy.type = login->type;
	proxy.boot_ns = login->boot_ns;
	proxy.time_ns = login->time_ns;
	proxy.pid = login->pid;
	proxy.tid = login->tid;
	proxy.uid = login->uid;
	proxy.process = login->process;
	proxy.process.unverified |= auth->process.unverified;
	proxy.cgroup_id = login->cgroup_id;
	proxy.object = login->object;
	*login = proxy;
}

struct login_event login_event_make(const struct login *record, const struct login *auth)
{
	struct login_event event = {
		.login = *record, .record = record, .auth = auth, .auth_ns = -1};

	event.kind = record->type == DOVETAP_EVENT_PROXY ? LOGIN_EVENT_PROXY : LOGIN_EVENT_LOGIN;
	if (!auth)
		return event;
	event.joined = true;
	event.outcome = login_outcome_of(auth);
	if (record->boot_ns >= auth->boot_ns)
		event.auth_ns = (int64_t)(record->boot_ns - auth->boot_ns);
	if (event.kind == LOGIN_EVENT_PROXY)
		complete_proxy(&event.login, auth);
	else
		complete(&event.login, auth);
	return event;
}

struct login_event login_event_of_auth(const struct login *auth)
{
	struct login_event event = {.login = *auth, .record = auth, .auth_ns = -1};

	event.outcome = login_outcome_of(auth);
	event.kind = event.outcome == LOGIN_OUTCOME_OK ? LOGIN_EVENT_AUTH : LOGIN_EVENT_FAILURE;
	return event;
}

struct login_event login_event_of(const struct login *record, const struct login *auth)
{
	return record->type == DOVETAP_EVENT_AUTH ? login_event_of_auth(record)
						  : login_event_make(record, auth);
}
