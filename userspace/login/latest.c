/* SPDX-License-Identifier: MIT */
#include "login/latest.h"

/* UNSAFE: copies at most max bytes. */
static size_t copy(char *to, size_t max, struct slice text)
{
	size_t len = text.len < max ? text.len : max;

	if (len > 0)
		memcpy(to, text.ptr, len);
	return len;
}

void latest_note(struct latest *latest, const struct login_event *event)
{
	struct latest_event *last = &latest->events[latest->next];

	latest->next = (latest->next + 1) % LATEST_MAX;
	if (latest->count < LATEST_MAX)
		latest->count++;
	last->kind = event->kind;
	last->outcome = event->outcome;
	last->time_ns = event->login.time_ns;
	last->remote_ip = event->login.remote_ip;
	last->user_len =
		copy(last->user, sizeof(last->user), event->login.text[DOVETAP_FIELD_USERNAME]);
	last->service_len = copy(last->service, sizeof(last->service), login_event_service(event));
}

const struct latest_event *latest_get(const struct latest *latest, size_t index)
{
	if (index >= latest->count)
		return NULL;
	return &latest->events[(latest->next + LATEST_MAX - 1 - index) % LATEST_MAX];
}
