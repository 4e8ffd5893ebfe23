/* SPDX-License-Identifier: MIT */
#include "audit/record.h"

#include "base/clock.h"
#include "login/enrich.h"
#include "login/geo.h"

_Static_assert(AUDIT_FIELD_COUNT <= 64, "fields are bits of a uint64_t");

typedef void get_fn(const struct audit_policy *policy, const struct login_event *event,
		    size_t argument, struct audit_value *value_r);

static void set_text(struct audit_value *value, struct slice text)
{
	if (text.len > 0)
		*value = (struct audit_value){.kind = AUDIT_TEXT, .text = text};
}

static void get_text(const struct audit_policy *policy, const struct login_event *event,
		     size_t argument, struct audit_value *value_r)
{
	(void)policy;
	set_text(value_r, event->login.text[argument]);
}

/* Of a name that was cut the hash would be another user's. */
static void get_name(const struct audit_policy *policy, const struct login_event *event,
		     size_t argument, struct audit_value *value_r)
{
	struct slice name = event->login.text[argument];

	if (!policy->pseudonym || name.len == 0) {
		set_text(value_r, name);
		return;
	}
	if (event->login.truncated & DOVETAP_BIT(argument))
		return;
	value_r->text.ptr = value_r->room;
	value_r->text.len = pseudonym_of(policy->pseudonym, name, value_r->room);
	if (value_r->text.len > 0)
		value_r->kind = AUDIT_HASH;
}

static void put_address(const struct ip_mask *mask, const struct login_event *event,
			size_t argument, struct audit_value *value_r)
{
	struct login_ip ip;

	memcpy(&ip, (const char *)&event->login + argument, sizeof(ip));
	ip_mask_apply(mask, &ip);
	value_r->text = (struct slice){value_r->room, login_ip_text(&ip, value_r->room)};
	if (value_r->text.len > 0)
		value_r->kind = AUDIT_TEXT;
}

static void get_client(const struct audit_policy *policy, const struct login_event *event,
		       size_t argument, struct audit_value *value_r)
{
	put_address(&policy->mask, event, argument, value_r);
}

static void get_server(const struct audit_policy *policy, const struct login_event *event,
		       size_t argument, struct audit_value *value_r)
{
	(void)policy;
	put_address(&ip_mask_none, event, argument, value_r);
}

static void set_number(struct audit_value *value, int64_t number)
{
	value->kind = AUDIT_NUMBER;
	value->number = number;
}

static void get_port(const struct audit_policy *policy, const struct login_event *event,
		     size_t argument, struct audit_value *value_r)
{
	uint16_t port;

	(void)policy;
	memcpy(&port, (const char *)&event->login + argument, sizeof(port));
	if (port > 0)
		set_number(value_r, port);
}

static void get_pid(const struct audit_policy *policy, const struct login_event *event,
		    size_t argument, struct audit_value *value_r)
{
	(void)policy;
	(void)argument;
	set_number(value_r, event->login.pid);
}

static void get_uid(const struct audit_policy *policy, const struct login_event *event,
		    size_t argument, struct audit_value *value_r)
{
	(void)policy;
	(void)argument;
	set_number(value_r, event->login.uid);
}

static void get_exe(const struct audit_policy *policy, const struct login_event *event,
		    size_t argument, struct audit_value *value_r)
{
	(void)policy;
	(void)argument;
	set_text(value_r, slice_str(event->login.process.exe));
}

/* Only where it is so. */
static void get_unverified(const struct audit_policy *policy, const struct login_event *event,
			   size_t argument, struct audit_value *value_r)
{
	(void)policy;
	(void)argument;
	if (!event->login.process.unverified)
		return;
	value_r->kind = AUDIT_BOOL;
	value_r->number = true;
}

static void get_flag(const struct audit_policy *policy, const struct login_event *event,
		     size_t argument, struct audit_value *value_r)
{
	(void)policy;
	value_r->kind = AUDIT_BOOL;
	value_r->number = (event->login.flags & argument) != 0;
}

/* 2.4 calls the service of an authentication its protocol. */
static void get_service(const struct audit_policy *policy, const struct login_event *event,
			size_t argument, struct audit_value *value_r)
{
	(void)policy;
	(void)argument;
	set_text(value_r, login_event_service(event));
}

static void get_outcome(const struct audit_policy *policy, const struct login_event *event,
			size_t argument, struct audit_value *value_r)
{
	(void)policy;
	(void)argument;
	if (event->outcome != LOGIN_OUTCOME_UNKNOWN)
		set_text(value_r, slice_str(login_outcome_name(event->outcome)));
}

static void get_auth_us(const struct audit_policy *policy, const struct login_event *event,
			size_t argument, struct audit_value *value_r)
{
	(void)policy;
	(void)argument;
	if (event->auth_ns >= 0)
		set_number(value_r, event->auth_ns / NS_PER_USEC);
}

static void get_country(const struct audit_policy *policy, const struct login_event *event,
			size_t argument, struct audit_value *value_r)
{
	(void)policy;
	(void)argument;
	if (event->geo)
		set_text(value_r, slice_str(event->geo->country));
}

static void get_asn(const struct audit_policy *policy, const struct login_event *event,
		    size_t argument, struct audit_value *value_r)
{
	(void)policy;
	(void)argument;
	if (event->geo && event->geo->asn[0])
		set_number(value_r, (int64_t)strtoul(event->geo->asn, NULL, 10));
}

static void get_node(const struct audit_policy *policy, const struct login_event *event,
		     size_t argument, struct audit_value *value_r)
{
	(void)event;
	(void)argument;
	set_text(value_r, policy->node);
}

static void get_where(const struct audit_policy *policy, const struct login_event *event,
		      size_t argument, struct audit_value *value_r)
{
	(void)policy;
	if (event->where)
		set_text(value_r, enrich_get(event->where, (enum enrich_fact)argument));
}

static get_fn get_truncated;

static const struct {
	get_fn *get;
	size_t argument;
} rows[AUDIT_FIELD_COUNT] = {
	[AUDIT_FIELD_USER] = {get_name, DOVETAP_FIELD_USERNAME},
	[AUDIT_FIELD_AUTH_USER] = {get_name, DOVETAP_FIELD_AUTH_USER},
	[AUDIT_FIELD_MASTER_USER] = {get_name, DOVETAP_FIELD_MASTER_USER},
	[AUDIT_FIELD_SERVICE] = {get_service, 0},
	[AUDIT_FIELD_MECH] = {get_text, DOVETAP_FIELD_MECH},
	[AUDIT_FIELD_SESSION] = {get_text, DOVETAP_FIELD_SESSION_ID},
	[AUDIT_FIELD_REMOTE_IP] = {get_client, offsetof(struct login, remote_ip)},
	[AUDIT_FIELD_REMOTE_PORT] = {get_port, offsetof(struct login, remote_port)},
	[AUDIT_FIELD_LOCAL_IP] = {get_server, offsetof(struct login, local_ip)},
	[AUDIT_FIELD_LOCAL_PORT] = {get_port, offsetof(struct login, local_port)},
	[AUDIT_FIELD_REAL_REMOTE_IP] = {get_client, offsetof(struct login, real_remote_ip)},
	[AUDIT_FIELD_REAL_REMOTE_PORT] = {get_port, offsetof(struct login, real_remote_port)},
	[AUDIT_FIELD_REAL_LOCAL_IP] = {get_server, offsetof(struct login, real_local_ip)},
	[AUDIT_FIELD_REAL_LOCAL_PORT] = {get_port, offsetof(struct login, real_local_port)},
	[AUDIT_FIELD_LOCAL_NAME] = {get_text, DOVETAP_FIELD_LOCAL_NAME},
	[AUDIT_FIELD_CLIENT_ID] = {get_text, DOVETAP_FIELD_CLIENT_ID},
	[AUDIT_FIELD_PROXY_HOST] = {get_text, DOVETAP_FIELD_PROXY_HOST},
	[AUDIT_FIELD_SECURED] = {get_flag, DOVETAP_FLAG_SECURED},
	[AUDIT_FIELD_TLS] = {get_flag, DOVETAP_FLAG_TLS},
	[AUDIT_FIELD_OUTCOME] = {get_outcome, 0},
	[AUDIT_FIELD_AUTH_US] = {get_auth_us, 0},
	[AUDIT_FIELD_COUNTRY] = {get_country, 0},
	[AUDIT_FIELD_ASN] = {get_asn, 0},
	[AUDIT_FIELD_NODE] = {get_node, 0},
	[AUDIT_FIELD_POD] = {get_where, ENRICH_POD},
	[AUDIT_FIELD_CONTAINER] = {get_where, ENRICH_CONTAINER},
	[AUDIT_FIELD_PID] = {get_pid, 0},
	[AUDIT_FIELD_TRUNCATED] = {get_truncated, 0},
	[AUDIT_FIELD_POD_NAMESPACE] = {get_where, ENRICH_POD_NAMESPACE},
	[AUDIT_FIELD_POD_UID] = {get_where, ENRICH_POD_UID},
	[AUDIT_FIELD_CONTAINER_ID] = {get_where, ENRICH_CONTAINER_ID},
	[AUDIT_FIELD_UID] = {get_uid, 0},
	[AUDIT_FIELD_EXE] = {get_exe, 0},
	[AUDIT_FIELD_UNVERIFIED] = {get_unverified, 0},
};

static bool is_text_of_login(get_fn *get)
{
	return get == get_text || get == get_name;
}

static void get_truncated(const struct audit_policy *policy, const struct login_event *event,
			  size_t argument, struct audit_value *value_r)
{
	(void)argument;
	for (unsigned int i = 0; i < AUDIT_FIELD_COUNT; i++) {
		if (policy->fields & UINT64_C(1) << i && is_text_of_login(rows[i].get) &&
		    event->login.truncated & DOVETAP_BIT(rows[i].argument))
			value_r->number |= INT64_C(1) << i;
	}
	value_r->kind = value_r->number != 0 ? AUDIT_LIST : AUDIT_NOTHING;
}

void audit_record_make(const struct audit_policy *policy, const struct login_event *event,
		       struct audit_record *record_r)
{
	record_r->event = event->kind;
	record_r->time_ns = event->login.time_ns;
	for (unsigned int i = 0; i < AUDIT_FIELD_COUNT; i++) {
		record_r->values[i].kind = AUDIT_NOTHING;
		record_r->values[i].number = 0;
		if (policy->fields & UINT64_C(1) << i)
			rows[i].get(policy, event, rows[i].argument, &record_r->values[i]);
	}
}
