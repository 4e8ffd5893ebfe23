/* SPDX-License-Identifier: MIT */
#include "cli/carry.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/escape.h"
#include "pipeline/deliver.h"
#include "pipeline/targets.h"

#define DRAIN_NS      (60 * NS_PER_SEC)
#define PENDING_MAX   20000 /* in memory, before the dicts are waited for */
#define USER_MAX_SIZE (1U << 20)

struct carry {
	const struct plan *plan;
	const char *service;
	struct targets targets;
	struct deliver *deliver; /* NULL: nothing is written */
	struct carry_counts counts;
	uint64_t position;
	struct error error; /* of the first wait in vain */
};

/* What is carried is the newest record, of which no more is known: it is no row of a history. */
static int match(const struct login_event *event, enum deliver_purpose purpose, void *context)
{
	return deliver_is_history(purpose) ? -1 : plan_match(context, event, purpose);
}

int carry_new(const struct plan *plan, bool dry_run, const char *service, struct carry **carry_r,
	      struct error *error_r)
{
	const struct targets_options memory_only = {.spool = false};
	struct carry *carry = calloc(1, sizeof(*carry));
	struct deliver_config config;
	int ret = 0;

	if (!carry)
		return error_set(error_r, ENOMEM, "out of memory");
	carry->plan = plan;
	carry->service = service;
	if (!dry_run) {
		ret = targets_open(&carry->targets, plan, &memory_only, error_r);
		config = targets_describe(&carry->targets);
		config.match = match;
		if (ret == 0)
			ret = deliver_new(&config, &carry->deliver, error_r);
	}
	if (ret < 0)
		carry_free(&carry);
	else
		*carry_r = carry;
	return ret;
}

void carry_free(struct carry **carry)
{
	if (!*carry)
		return;
	deliver_free(&(*carry)->deliver);
	if ((*carry)->targets.writers)
		targets_close(&(*carry)->targets);
	free(*carry);
	*carry = NULL;
}

/* --- a record as a login ------------------------------------------------------------ */

static void set_text(struct login *login, enum dovetap_field field, struct slice text)
{
	login->text[field] = text;
	login->present |= DOVETAP_BIT(field);
}

static void set_ip(struct login *login, struct slice text)
{
	char copy[INET6_ADDRSTRLEN];

	if (text.len == 0 || text.len >= sizeof(copy))
		return;
	memcpy(copy, text.ptr, text.len);
	copy[text.len] = '\0';
	if (inet_pton(AF_INET, copy, login->remote_ip.bytes) == 1)
		login->remote_ip.family = AF_INET;
	else if (inet_pton(AF_INET6, copy, login->remote_ip.bytes) == 1)
		login->remote_ip.family = AF_INET6;
	if (login->remote_ip.family)
		login->present |= DOVETAP_BIT(DOVETAP_FIELD_REMOTE_IP);
}

static struct login_event event_of(const struct roster_record *record, struct slice user,
				   struct slice service)
{
	struct login_event event = {
		.kind = LOGIN_EVENT_LOGIN,
		.login = {.type = DOVETAP_EVENT_MAIL_USER, .time_ns = record->time_ns},
		.auth_ns = -1,
	};

	set_text(&event.login, DOVETAP_FIELD_USERNAME, user);
	set_text(&event.login, DOVETAP_FIELD_SERVICE, service);
	set_text(&event.login, DOVETAP_FIELD_PROTOCOL, service);
	set_ip(&event.login, record->remote_ip);
	return event;
}

static bool shows_service(const struct template *key)
{
	const char *const *name = template_variables(key);

	while (*name && strcmp(*name, "service") != 0 && strcmp(*name, "protocol") != 0)
		name++;
	return *name != NULL;
}

/* One that has a key and leaves no trace in it; len 0: there is none. */
static struct slice any_service(const struct carry *carry, const struct roster_record *record,
				struct slice user)
{
	static const char *const usual[] = {"imap", "pop3", "submission", "managesieve", "lmtp"};

	for (size_t i = 0; i < sizeof(usual) / sizeof(usual[0]); i++) {
		struct login_event event = event_of(record, user, slice_str(usual[i]));
		int route = plan_match(carry->plan, &event, DELIVER_LOGIN);

		if (route >= 0 && !shows_service(plan_route(carry->plan, (size_t)route)->key))
			return slice_str(usual[i]);
	}
	return (struct slice){0};
}

/* --- carrying ------------------------------------------------------------ */

static void wait_for_dicts(struct carry *carry)
{
	struct error error;

	if (targets_drain(&carry->targets, clock_monotonic_ns() + DRAIN_NS, &error) < 0 &&
	    !carry->error.code)
		carry->error = error;
}

static void deliver(struct carry *carry, const struct login_event *event)
{
	carry->counts.taken++;
	if (!carry->deliver || carry->error.code)
		return;
	(void)deliver_event(carry->deliver, event, ++carry->position);
	if (carry->position % PENDING_MAX == 0)
		wait_for_dicts(carry);
}

void carry_record(struct carry *carry, const struct roster_record *record, struct slice user)
{
	struct slice service = record->service;
	struct login_event event;

	if (record->class == SERVICE_CLASSES) /* somebody without a record */
		return;
	if (record->time_ns < 0) {
		carry->counts.timeless++;
		return;
	}
	if (service.len == 0)
		service = carry->service ? slice_str(carry->service)
					 : any_service(carry, record, user);
	if (service.len == 0) {
		carry->counts.nameless++;
		return;
	}
	event = event_of(record, user, service);
	if (plan_match(carry->plan, &event, DELIVER_LOGIN) < 0)
		carry->counts.unrouted++;
	else
		deliver(carry, &event);
}

static void count(struct carry *carry)
{
	for (size_t i = 0; i < plan_dict_count(carry->plan); i++) {
		struct writer_stats stats;

		writer_stats(carry->targets.writers[i], &stats);
		carry->counts.stored += stats.stored;
		carry->counts.unchanged += stats.unchanged + stats.superseded;
		carry->counts.refused += stats.lost[WRITER_LOST_REFUSED];
	}
}

int carry_end(struct carry *carry, struct carry_counts *counts_r, struct error *error_r)
{
	int ret = 0;

	if (carry->deliver) {
		wait_for_dicts(carry);
		count(carry);
		ret = targets_lost(&carry->targets, error_r);
	}
	if (ret == 0 && carry->error.code) {
		ret = -carry->error.code;
		*error_r = carry->error;
	}
	*counts_r = carry->counts;
	return ret;
}
