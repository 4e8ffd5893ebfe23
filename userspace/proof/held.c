/* SPDX-License-Identifier: MIT */
#include "proof/held.h"

#include <stdlib.h>
#include <utlist.h>

#include "login/login_copy.h"

static void event_free(struct held_event *event)
{
	if (!event)
		return;
	free(event->record);
	free(event->auth);
	free(event);
}

bool held_add(struct held *held, const struct login_event *event, uint64_t position)
{
	struct held_event *kept = held->count < HELD_MAX ? calloc(1, sizeof(*kept)) : NULL;

	if (!kept)
		return false;
	kept->record = login_copy(event->record);
	kept->auth = event->auth ? login_copy(event->auth) : NULL;
	kept->position = position;
	if (!kept->record || (event->auth && !kept->auth)) {
		event_free(kept);
		return false;
	}
	DL_APPEND(held->first, kept);
	held->count++;
	return true;
}

struct login_event held_event(const struct held_event *event)
{
	return login_event_of(event->record, event->auth);
}

void held_drop(struct held *held, struct held_event *event)
{
	DL_DELETE(held->first, event);
	held->count--;
	event_free(event);
}

void held_release(struct held *held)
{
	while (held->first)
		held_drop(held, held->first);
}
