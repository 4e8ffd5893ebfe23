/* SPDX-License-Identifier: MIT */
/* Made-up logins, and what a dict answers to the entries that they would become. */
#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>

#include "base/clock.h"
#include "plan/plan_private.h"

#define SAMPLE_USER "user@example.com"
#define ALL_TEXTS   (DOVETAP_BIT(DOVETAP_TEXT_COUNT) - 1)
#define KEY_MAX	    65536
#define PREFIX	    "shared/"

const char *const plan_services[PLAN_SERVICE_COUNT] = {"imap", "pop3", "submission", "managesieve",
						       "lmtp", "lda",  "doveadm",    "smtp"};

struct login_event plan_made_up_login(struct slice user, const char *service)
{
	struct login_event event = {.login.type = DOVETAP_EVENT_MAIL_USER};
	struct login *login = &event.login;

	login->text[DOVETAP_FIELD_USERNAME] = user;
	login->text[DOVETAP_FIELD_SERVICE] = slice_str(service);
	login->text[DOVETAP_FIELD_PROTOCOL] = slice_str(service);
	login->present = DOVETAP_BIT(DOVETAP_FIELD_USERNAME) | DOVETAP_BIT(DOVETAP_FIELD_SERVICE) |
			 DOVETAP_BIT(DOVETAP_FIELD_PROTOCOL);
	return event;
}

struct login_event plan_sample_login(const char *service)
{
	struct login_event event = plan_made_up_login(slice_str(SAMPLE_USER), service);
	struct login *login = &event.login;

	login->time_ns = clock_wall_ns();
	login->remote_ip = login->local_ip = (struct login_ip){AF_INET, {192, 0, 2, 1}};
	login->remote_port = login->local_port = 1;
	for (unsigned int i = 0; i < DOVETAP_TEXT_COUNT; i++) {
		if (login->text[i].len == 0)
			login->text[i] = slice_str("x");
	}
	login->present = ALL_TEXTS;
	return event;
}

/* Some kind of event of that service has this route. */
static bool has_route(const struct plan *plan, size_t index, struct login_event event)
{
	for (unsigned int kind = 0; kind < LOGIN_EVENT_KINDS; kind++) {
		event.kind = kind;
		if (plan_match(plan, &event, plan->routes[index].purpose) == (int)index)
			return true;
	}
	return false;
}

/* --- one entry ------------------------------------------------------------------------------ */

/* A key that cannot be made up shows nothing. */
static int expect_entry(const struct plan *plan, const struct plan_route *route,
			const struct login_event *event, struct dict *dict, struct error *error_r)
{
	const struct template_host host = plan_host(plan);
	size_t max = template_part_count(route->key), count;
	struct key_part *parts = calloc(max + 1, sizeof(*parts));
	struct dict_entry entry = {.time_ns = event->login.time_ns, .parts = parts};
	char value[PRECISION_TEXT_MAX];
	struct buf key;
	int ret = parts ? 0 : plan_no_memory(error_r);

	buf_init(&key, KEY_MAX);
	buf_append_str(&key, PREFIX);
	if (ret == 0 && template_expand(route->key, &event->login, &host, &key, parts, max, &count,
					NULL) == 0) {
		entry.key = buf_slice(&key);
		entry.part_count = count;
		entry.value.ptr = value;
		entry.value.len = precision_format(route->precision, entry.time_ns, value);
		ret = dict_expect(dict, &entry, error_r);
	}
	buf_release(&key);
	free(parts);
	return ret;
}

/* --- all of a route ------------------------------------------------------------------------- */

struct unmapped {
	dict_note_cb *cb; /* NULL: nobody wants to know */
	void *context;
	size_t mapped, unmapped;
};

static int expect_service(const struct plan *plan, size_t index, const char *service,
			  struct dict *dict, struct unmapped *unmapped, struct error *error_r)
{
	const struct login_event event = plan_sample_login(service);
	struct error error = {0};
	int ret = expect_entry(plan, &plan->routes[index], &event, dict, &error);

	if (ret < 0 && (ret != -ENOENT || unmapped->unmapped == 0))
		*error_r = error;
	unmapped->mapped += ret == 0;
	unmapped->unmapped += ret == -ENOENT;
	if (ret == -ENOENT && unmapped->cb)
		unmapped->cb(unmapped->context, error.text);
	return ret == -ENOENT ? 0 : ret;
}

/* A route of a "remote" block has no login of the sample's address; any service will do there. */
static int expect_route(const struct plan *plan, size_t index, struct dict *dict,
			struct unmapped *unmapped, struct error *error_r)
{
	int ret = 0;

	for (size_t i = 0; i < PLAN_SERVICE_COUNT && ret == 0; i++)
		if (has_route(plan, index, plan_sample_login(plan_services[i])))
			ret = expect_service(plan, index, plan_services[i], dict, unmapped,
					     error_r);
	if (ret == 0 && unmapped->mapped + unmapped->unmapped == 0)
		ret = expect_service(plan, index, plan_services[0], dict, unmapped, error_r);
	return ret;
}

int plan_expect(const struct plan *plan, size_t index, struct dict *dict, struct error *error_r)
{
	struct unmapped unmapped = {0};
	struct error error = {0};
	int ret = expect_route(plan, index, dict, &unmapped, &error);

	if (ret == 0 && unmapped.mapped == 0 && error.code)
		ret = -EINVAL;
	return ret < 0 ? error_set(error_r, -ret, "%s", error.text) : 0;
}

void plan_dict_notes(const struct plan *plan, size_t index, struct dict *dict, dict_note_cb *cb,
		     void *context)
{
	struct unmapped unmapped = {.cb = cb, .context = context};
	struct error error;

	for (size_t i = 0; i < plan->route_count; i++)
		if (plan_route_uses(plan, i, index) && !deliver_is_history(plan->routes[i].purpose))
			(void)expect_route(plan, i, dict, &unmapped, &error);
	dict_notes(dict, cb, context);
}
