/* SPDX-License-Identifier: MIT */
#include "login/enrich.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/hash.h"
#include "login/cgroup.h"

/* The kubelet makes a container's log file a moment after the container. */
#define NAMES_AGAIN_NS (5 * NS_PER_SEC)

struct known {
	uint64_t cgroup_id;
	int64_t again_ns; /* when to look for the names once more */
	struct enrichment enrichment;
	UT_hash_handle hh;
};

struct enrich {
	struct enrich_places places;
	struct cgroup_finder finder;
	struct known *known;		     /* by cgroup_id */
	struct known room[ENRICH_KNOWN_MAX]; /* those in use come first */
	struct known unnumbered; /* of the last login that has no group of its own number */
};

int enrich_new(const struct enrich_places *places, struct enrich **enrich_r, struct error *error_r)
{
	struct enrich *enrich = calloc(1, sizeof(*enrich));

	if (!enrich)
		return error_set(error_r, ENOMEM, "out of memory");
	if (places)
		enrich->places = *places;
	if (!enrich->places.pods)
		enrich->places.pods = "/var/log/pods";
	if (!enrich->places.containers)
		enrich->places.containers = "/var/log/containers";
	if (cgroup_finder_init(&enrich->finder, enrich->places.cgroup, enrich->places.proc) < 0) {
		free(enrich);
		return error_set(error_r, ENOMEM, "out of memory");
	}
	*enrich_r = enrich;
	return 0;
}

void enrich_free(struct enrich **enrich)
{
	if (!*enrich)
		return;
	HASH_CLEAR(hh, (*enrich)->known);
	cgroup_finder_release(&(*enrich)->finder);
	free(*enrich);
	*enrich = NULL;
}

int enrich_fd(const struct enrich *enrich)
{
	return enrich->finder.index ? cgroup_index_fd(enrich->finder.index) : -1;
}

void enrich_refresh(struct enrich *enrich)
{
	if (enrich->finder.index)
		cgroup_index_refresh(enrich->finder.index);
}

/* Calls take for the names in a directory until it returns true. */
static void look_in(const char *path,
		    bool (*take)(const char *, const char *, struct container_names *),
		    const char *id, struct container_names *names)
{
	DIR *dir = opendir(path);
	const struct dirent *entry;

	if (!dir)
		return;
	while ((entry = readdir(dir)) && !take(entry->d_name, id, names))
		;
	closedir(dir);
}

static void find_names(const struct enrich *enrich, struct known *known, int64_t now)
{
	struct enrichment *e = &known->enrichment;

	known->again_ns = now + NAMES_AGAIN_NS;
	look_in(enrich->places.containers, container_names_from_log, e->container.id, &e->names);
	if (!e->names.pod[0])
		look_in(enrich->places.pods, container_names_from_pod, e->container.pod_uid,
			&e->names);
}

static void find_missing_names(const struct enrich *enrich, struct known *known)
{
	int64_t now;

	if (known->enrichment.names.container[0] || !known->enrichment.container.pod_uid[0])
		return;
	now = clock_monotonic_ns();
	if (now >= known->again_ns)
		find_names(enrich, known, now);
}

/* When there is no room, all is found anew: rare, and no account of use is to be kept. */
static struct known *keep(struct enrich *enrich, uint64_t cgroup_id,
			  const struct container *container)
{
	struct known *known;

	if (HASH_COUNT(enrich->known) == ENRICH_KNOWN_MAX)
		HASH_CLEAR(hh, enrich->known);
	known = &enrich->room[HASH_COUNT(enrich->known)];
	*known = (struct known){.cgroup_id = cgroup_id, .enrichment.container = *container};
	HASH_ADD(hh, enrich->known, cgroup_id, sizeof(known->cgroup_id), known);
	return known;
}

/* Version 1 or gone: what is known of the last such login holds if it was in the same container. */
static struct known *without_number(struct enrich *enrich, const struct container *container)
{
	struct known *known = &enrich->unnumbered;

	if (strcmp(known->enrichment.container.id, container->id) != 0 ||
	    strcmp(known->enrichment.container.pod_uid, container->pod_uid) != 0 ||
	    strcmp(known->enrichment.container.name, container->name) != 0)
		*known = (struct known){.enrichment.container = *container};
	return known;
}

static struct known *find(struct enrich *enrich, const struct login *login)
{
	struct container container = {0};
	struct known *known;

	HASH_FIND(hh, enrich->known, &login->cgroup_id, sizeof(login->cgroup_id), known);
	if (known)
		return known;
	if (cgroup_find(&enrich->finder, login, &container))
		return keep(enrich, login->cgroup_id, &container);
	return without_number(enrich, &container);
}

const struct enrichment *enrich_login(struct enrich *enrich, const struct login *login)
{
	struct known *known = find(enrich, login);

	find_missing_names(enrich, known);
	return &known->enrichment;
}

static struct slice first_of(const char *name, const char *id)
{
	return slice_str(name[0] ? name : id[0] ? id : ENRICH_UNKNOWN);
}

struct slice enrich_get(const struct enrichment *enrichment, enum enrich_fact fact)
{
	const struct container_names *names = &enrichment->names;
	const struct container *ids = &enrichment->container;

	switch (fact) {
	case ENRICH_POD:
		return first_of(names->pod, ids->pod_uid);
	case ENRICH_CONTAINER:
		return first_of(names->container[0] ? names->container : ids->name, ids->id);
	case ENRICH_POD_NAMESPACE:
		return first_of(names->namespace, "");
	case ENRICH_POD_UID:
		return first_of(ids->pod_uid, "");
	case ENRICH_CONTAINER_ID:
		return first_of(ids->id, ids->name);
	}
	return slice_str(ENRICH_UNKNOWN);
}
