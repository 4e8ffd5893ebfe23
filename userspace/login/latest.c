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

void latest_forget(struct latest *latest, struct slice user)
{
	for (size_t i = 0; i < latest->count; i++) {
		struct latest_event *event = &latest->events[i];
		size_t len = user.len < sizeof(event->user) ? user.len : sizeof(event->user);

		if (!slice_equal((struct slice){event->user, event->user_len},
				 (struct slice){user.ptr, len}))
			continue;
		event->user_len = 0;
		event->remote_ip = (struct login_ip){.family = 0};
	}
}

const struct latest_event *latest_get(const struct latest *latest, size_t index)
{
	if (index >= latest->count)
		return NULL;
	return &latest->events[(latest->next + LATEST_MAX - 1 - index) % LATEST_MAX];
}
