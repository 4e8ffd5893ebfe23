/* SPDX-License-Identifier: MIT */
#include "pipeline/forgotten.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

void forgotten_release(struct forgotten *forgotten)
{
	for (size_t i = 0; i < forgotten->count; i++)
		free(forgotten->users[i].name);
	free(forgotten->users);
	*forgotten = (struct forgotten){0};
}

/* Room for one more: that of the oldest, when all is taken. */
static struct forgotten_user *next_place(struct forgotten *forgotten)
{
	struct forgotten_user *place;

	if (!forgotten->users)
		forgotten->users = calloc(FORGOTTEN_MAX, sizeof(*forgotten->users));
	if (!forgotten->users)
		return NULL;
	place = &forgotten->users[forgotten->next];
	forgotten->next = (forgotten->next + 1) % FORGOTTEN_MAX;
	if (forgotten->count < FORGOTTEN_MAX)
		forgotten->count++;
	free(place->name);
	*place = (struct forgotten_user){0};
	return place;
}

int forgotten_add(struct forgotten *forgotten, struct slice user, int64_t until_ns)
{
	char *name = malloc(user.len + 1);
	struct forgotten_user *place = name ? next_place(forgotten) : NULL;

	if (!place) {
		free(name);
		return -ENOMEM;
	}
	memcpy(name, user.ptr ? user.ptr : "", user.len);
	*place = (struct forgotten_user){name, user.len, until_ns};
	return 0;
}

bool forgotten_has(const struct forgotten *forgotten, struct slice user, int64_t time_ns)
{
	for (size_t i = 0; i < forgotten->count; i++) {
		const struct forgotten_user *one = &forgotten->users[i];

		if (time_ns <= one->until_ns &&
		    slice_equal(user, (struct slice){one->name, one->len}))
			return true;
	}
	return false;
}
