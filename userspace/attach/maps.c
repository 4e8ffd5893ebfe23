/* SPDX-License-Identifier: MIT */
#include "attach/maps.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <linux/types.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "attach/ring_used.h"
#include "base/log.h"
#include "dovetap/counters.h"

static int map_info(int fd, struct bpf_map_info *info_r)
{
	uint32_t len = sizeof(*info_r);

	*info_r = (struct bpf_map_info){0};
	return bpf_obj_get_info_by_fd(fd, info_r, &len);
}

static bool is_ring(int fd, size_t *bytes_r)
{
	struct bpf_map_info info;

	if (map_info(fd, &info) < 0 || info.type != BPF_MAP_TYPE_RINGBUF)
		return false;
	*bytes_r = info.max_entries;
	return true;
}

static uint32_t counters_entries(int cpus)
{
	return DOVETAP_COUNTER_STRIDE * (1 + (uint32_t)cpus);
}

static bool is_counters(int fd)
{
	int cpus = libbpf_num_possible_cpus();
	struct bpf_map_info info;
	uint32_t first = 0;
	uint64_t value;

	return cpus > 0 && map_info(fd, &info) == 0 && info.type == BPF_MAP_TYPE_ARRAY &&
	       info.value_size == sizeof(value) && info.max_entries == counters_entries(cpus) &&
	       (info.map_flags & BPF_F_MMAPABLE) != 0 &&
	       bpf_map_lookup_elem(fd, &first, &value) == 0 && value == (uint64_t)cpus;
}

static const enum dovetap_counter_use uses[] = {
#define DOVETAP_X(id, name, use) DOVETAP_COUNTS_##use,
	DOVETAP_BPF_COUNTERS(DOVETAP_X)
#undef DOVETAP_X
};

/* Adds to the uses that an earlier version has noted for its counters. */
static int print_use(int fd, enum dovetap_counter_use use)
{
	uint32_t key = 1 + use;
	uint64_t bits;

	if (bpf_map_lookup_elem(fd, &key, &bits) < 0)
		return -errno;
	for (unsigned int i = 0; i < DOVETAP_COUNTER_COUNT; i++)
		bits |= (uint64_t)(uses[i] == use) << i;
	return bpf_map_update_elem(fd, &key, &bits, BPF_ANY);
}

static int print_uses(int fd, struct error *error_r)
{
	int ret = 0;

	for (unsigned int use = 0; use < DOVETAP_COUNTER_USES && ret == 0; use++)
		ret = print_use(fd, use);
	return ret < 0 ? error_set(error_r, -ret, "cannot label the counters: %s", strerror(-ret))
		       : 0;
}

/* Returns the descriptor. */
static int make_counters(struct error *error_r)
{
	LIBBPF_OPTS(bpf_map_create_opts, mmapable, .map_flags = BPF_F_MMAPABLE);
	int cpus = libbpf_num_possible_cpus(), fd = cpus, ret;
	uint64_t value = (uint64_t)cpus;
	uint32_t first = 0;

	if (cpus > 0)
		fd = bpf_map_create(BPF_MAP_TYPE_ARRAY, "counters", sizeof(first), sizeof(value),
				    counters_entries(cpus), &mmapable);
	ret = fd < 0 ? fd : bpf_map_update_elem(fd, &first, &value, BPF_ANY);
	if (ret == 0)
		return fd;
	if (fd >= 0)
		close(fd);
	return error_set(error_r, -ret, "cannot create the counters: %s", strerror(-ret));
}

static void ring_name(size_t bytes, char name_r[FD_STORE_NAME_MAX])
{
	snprintf(name_r, FD_STORE_NAME_MAX, MAPS_RING "%zu", bytes);
}

static void take_ring(struct maps *maps, const struct inherited_ring *ring, size_t wanted,
		      struct fd_stores *fd_stores)
{
	size_t bytes;

	if (!is_ring(ring->fd, &bytes)) {
		log_warning("%s was kept, but is no ring buffer: not used", ring->name);
		fd_stores_drop(fd_stores, ring->name);
		close(ring->fd);
	} else if (bytes == wanted && maps->ring_fd < 0) {
		maps->ring_fd = ring->fd;
		maps->inherited = true;
	} else {
		maps->old[maps->old_count++] = *ring;
		log_info("the ring of %zu bytes is read to its end; the next one has %zu", bytes,
			 wanted);
	}
}

static void take_over(struct maps *maps, size_t wanted, struct inherited *inherited,
		      struct fd_stores *fd_stores)
{
	for (size_t i = 0; i < inherited->ring_count; i++)
		take_ring(maps, &inherited->rings[i], wanted, fd_stores);
	inherited->ring_count = 0;
	if (inherited->counters_fd >= 0 && !is_counters(inherited->counters_fd)) {
		log_warning("the counters that were kept do not fit: starting from 0");
		fd_stores_drop(fd_stores, MAPS_COUNTERS);
		close(inherited->counters_fd);
		inherited->counters_fd = -1;
	}
	maps->counters_fd = inherited->counters_fd;
	inherited->counters_fd = -1;
}

static int make_missing(struct maps *maps, size_t ring_bytes, struct error *error_r)
{
	if (maps->ring_fd < 0)
		maps->ring_fd = bpf_map_create(BPF_MAP_TYPE_RINGBUF, "events", 0, 0,
					       (uint32_t)ring_bytes, NULL);
	if (maps->ring_fd < 0)
		return error_set(error_r, -maps->ring_fd,
				 "cannot create a ring buffer of %zu bytes: %s", ring_bytes,
				 strerror(-maps->ring_fd));
	if (maps->counters_fd < 0)
		maps->counters_fd = make_counters(error_r);
	return maps->counters_fd < 0 ? maps->counters_fd : print_uses(maps->counters_fd, error_r);
}

/* Also what came from an fd store: there may be another one now. */
static void keep(const struct maps *maps, size_t ring_bytes, struct fd_stores *fd_stores)
{
	char name[FD_STORE_NAME_MAX];

	ring_name(ring_bytes, name);
	fd_stores_put(fd_stores, name, maps->ring_fd);
	fd_stores_put(fd_stores, MAPS_COUNTERS, maps->counters_fd);
	for (size_t i = 0; i < maps->old_count; i++)
		fd_stores_put(fd_stores, maps->old[i].name, maps->old[i].fd);
}

static int identify(struct maps *maps, struct error *error_r)
{
	struct bpf_map_info ring, counters;

	if (map_info(maps->ring_fd, &ring) < 0 || map_info(maps->counters_fd, &counters) < 0)
		return error_set(error_r, errno, "cannot ask for a map's id: %s", strerror(errno));
	maps->ring_id = ring.id;
	maps->counters_id = counters.id;
	return 0;
}

int maps_open(struct maps *maps, size_t ring_bytes, struct inherited *inherited,
	      struct fd_stores *fd_stores, struct error *error_r)
{
	int ret;

	*maps = (struct maps){.ring_fd = -1, .counters_fd = -1};
	if (inherited)
		take_over(maps, ring_bytes, inherited, fd_stores);
	ret = make_missing(maps, ring_bytes, error_r);
	if (ret == 0)
		ret = identify(maps, error_r);
	if (ret < 0)
		maps_close(maps);
	else if (fd_stores)
		keep(maps, ring_bytes, fd_stores);
	return ret;
}

void maps_close(struct maps *maps)
{
	if (maps->ring_fd >= 0)
		close(maps->ring_fd);
	if (maps->counters_fd >= 0)
		close(maps->counters_fd);
	for (size_t i = 0; i < maps->old_count; i++)
		close(maps->old[i].fd);
	*maps = (struct maps){.ring_fd = -1, .counters_fd = -1};
}

void maps_drop_read(struct maps *maps, const struct fd_stores *fd_stores)
{
	size_t left = 0;

	for (size_t i = 0; i < maps->old_count; i++) {
		const struct inherited_ring *ring = &maps->old[i];

		if (ring_used(ring->fd) != 0) {
			maps->old[left++] = *ring;
			continue;
		}
		log_info("%s was read to its end and is gone", ring->name);
		fd_stores_drop(fd_stores, ring->name);
		close(ring->fd);
	}
	maps->old_count = left;
}
