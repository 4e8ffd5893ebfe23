/* SPDX-License-Identifier: MIT */
/* The last events, copied, for somebody who looks. */
#ifndef DOVETAP_LATEST_H
#define DOVETAP_LATEST_H

#include "login/event.h"

#define LATEST_MAX	 32
#define LATEST_TEXT_MAX	 128 /* of a user name; the rest is left out */
#define LATEST_SHORT_MAX 24

struct latest_event {
	enum login_event_kind kind;
	enum login_outcome outcome;
	int64_t time_ns;
	struct login_ip remote_ip;
	size_t user_len, service_len;
	char user[LATEST_TEXT_MAX], service[LATEST_SHORT_MAX];
};

/* Zero-initialised state is ready. */
struct latest {
	struct latest_event events[LATEST_MAX];
	size_t next, count;
};

void latest_note(struct latest *latest, const struct login_event *event);

/* Events of that user have no name any more. */
void latest_forget(struct latest *latest, struct slice user);

/* The newest is number 0; NULL when there are fewer. */
const struct latest_event *latest_get(const struct latest *latest, size_t index);

#endif
