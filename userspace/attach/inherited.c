/* SPDX-License-Identifier: MIT */
#include "attach/inherited.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <utlist.h>

#include "attach/maps.h"

static bool has_ring(const struct inherited *inherited, const char *name)
{
	for (size_t i = 0; i < inherited->ring_count; i++) {
		if (strcmp(inherited->rings[i].name, name) == 0)
			return true;
	}
	return false;
}

static bool take_ring(struct inherited *inherited, const char *name, int fd)
{
	struct inherited_ring *ring = &inherited->rings[inherited->ring_count];

	if (inherited->ring_count == INHERITED_RINGS_MAX || has_ring(inherited, name))
		return false;
	ring->fd = fd;
	snprintf(ring->name, sizeof(ring->name), "%s", name);
	inherited->ring_count++;
	return true;
}

static bool has_link(const struct inherited *inherited, const char *name)
{
	const struct inherited_link *link;

	LL_FOREACH(inherited->links, link) {
		if (strcmp(link->name, name) == 0)
			return true;
	}
	return false;
}

static bool take_link(struct inherited *inherited, const char *name, int fd)
{
	struct inherited_link *link;
	struct link_name parsed;

	if (!link_name_parse(name, &parsed) || has_link(inherited, name))
		return false;
	link = calloc(1, sizeof(*link));
	if (!link)
		return false;
	link->is = parsed;
	link->fd = fd;
	snprintf(link->name, sizeof(link->name), "%s", name);
	LL_APPEND(inherited->links, link);
	return true;
}

/* Two fd stores may have the same thing: the second descriptor is not needed. */
static void take(void *ctx, const char *name, int fd)
{
	struct inherited *inherited = ctx;
	bool taken;

	if (strncmp(name, MAPS_RING, strlen(MAPS_RING)) == 0) {
		taken = take_ring(inherited, name, fd);
	} else if (strcmp(name, MAPS_COUNTERS) == 0) {
		taken = inherited->counters_fd < 0;
		inherited->counters_fd = taken ? fd : inherited->counters_fd;
	} else if (strcmp(name, MAPS_ACCOUNTS) == 0) {
		taken = inherited->accounts_fd < 0;
		inherited->accounts_fd = taken ? fd : inherited->accounts_fd;
	} else if (strcmp(name, MAPS_MASTERS) == 0) {
		taken = inherited->masters_fd < 0;
		inherited->masters_fd = taken ? fd : inherited->masters_fd;
	} else if (strcmp(name, MAPS_DESCENTS) == 0) {
		taken = inherited->descents_fd < 0;
		inherited->descents_fd = taken ? fd : inherited->descents_fd;
	} else {
		taken = take_link(inherited, name, fd);
	}
	if (!taken)
		close(fd);
}

void inherited_take(struct inherited *inherited, struct fd_stores *fd_stores)
{
	*inherited = (struct inherited)INHERITED_NOTHING;
	fd_stores_each(fd_stores, take, inherited);
}

/* Takes the link that stands there off the list, and closes it. */
static void forget(struct inherited_link **at)
{
	struct inherited_link *link = *at;

	*at = link->next;
	close(link->fd);
	free(link);
}

void inherited_release(struct inherited *inherited)
{
	while (inherited->links)
		forget(&inherited->links);
	for (size_t i = 0; i < inherited->ring_count; i++)
		close(inherited->rings[i].fd);
	if (inherited->counters_fd >= 0)
		close(inherited->counters_fd);
	if (inherited->accounts_fd >= 0)
		close(inherited->accounts_fd);
	if (inherited->masters_fd >= 0)
		close(inherited->masters_fd);
	if (inherited->descents_fd >= 0)
		close(inherited->descents_fd);
	*inherited = (struct inherited)INHERITED_NOTHING;
}

static bool is_on(const struct inherited_link *link, enum priv_role role, const struct file_id *id)
{
	return link->is.role == role && file_id_equal(&link->is.id, id);
}

struct inherited_link *inherited_claim(struct inherited *inherited, enum priv_role role,
				       const struct file_id *id, uint64_t generation)
{
	struct inherited_link *link;

	LL_FOREACH(inherited->links, link) {
		if (link->is.generation == generation && is_on(link, role, id)) {
			LL_DELETE(inherited->links, link);
			return link;
		}
	}
	return NULL;
}

void inherited_detach(struct inherited *inherited, const struct fd_stores *fd_stores,
		      struct inherited_link *link)
{
	struct inherited_link **at = &inherited->links;

	while (*at != link)
		at = &(*at)->next;
	fd_stores_drop(fd_stores, link->name);
	forget(at);
}

unsigned int inherited_detach_file(struct inherited *inherited, const struct fd_stores *fd_stores,
				   enum priv_role role, const struct file_id *id)
{
	struct inherited_link **at = &inherited->links;
	unsigned int count = 0;

	while (*at) {
		if (!is_on(*at, role, id)) {
			at = &(*at)->next;
			continue;
		}
		fd_stores_drop(fd_stores, (*at)->name);
		forget(at);
		count++;
	}
	return count;
}
