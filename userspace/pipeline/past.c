/* SPDX-License-Identifier: MIT */
#include "pipeline/past.h"

#include <inttypes.h>
#include <stdio.h>

#include "base/fnv.h"

#define ID_SIZE 17

/* What the record was made of by the kernel, not what became of it here. The boot clock starts
 * anew with the machine: node and session distinguish those. */
static void make_id(const struct login_event *event, const struct template_host *host,
		    char id[ID_SIZE])
{
	const struct login *login = &event->login;
	struct slice session = login_session(login);
	uint64_t sum = fnv(FNV_START, &login->boot_ns, sizeof(login->boot_ns));

	sum = fnv(sum, &login->object, sizeof(login->object));
	sum = fnv(sum, &login->pid, sizeof(login->pid));
	sum = fnv(sum, session.ptr, session.len);
	sum = fnv(sum, host->node.ptr, host->node.len);
	(void)snprintf(id, ID_SIZE, "%016" PRIx64, sum);
}

int past_append(const struct login_event *event, const struct template_host *host, struct buf *key,
		struct buf *value)
{
	const struct login *login = &event->login;
	bool failed = event->kind == LOGIN_EVENT_FAILURE;
	char id[ID_SIZE], ip[LOGIN_IP_TEXT_MAX];
	const struct history_row row = {
		.field = {
			[HISTORY_ID] = {id, ID_SIZE - 1},
			[HISTORY_SERVICE] = login_event_service(event),
			[HISTORY_REMOTE_IP] = {ip, login_ip_text(&login->remote_ip, ip)},
			[HISTORY_COUNTRY] = host->country,
			[HISTORY_ASN] = host->asn,
			[HISTORY_CLIENT_ID] = login->text[DOVETAP_FIELD_CLIENT_ID],
			[HISTORY_MECH] = login->text[DOVETAP_FIELD_MECH],
			[HISTORY_TLS] = slice_str(login->flags & DOVETAP_FLAG_TLS ? "yes" : "no"),
			[HISTORY_NODE] = host->node,
			[HISTORY_SESSION] = login_session(login),
			[HISTORY_OUTCOME] =
				slice_str(failed ? login_outcome_name(event->outcome) : ""),
		}};

	make_id(event, host, id);
	buf_append_char(key, '/');
	buf_append_str(key, id);
	return key->failed < 0 ? key->failed : history_format(value, &row);
}
