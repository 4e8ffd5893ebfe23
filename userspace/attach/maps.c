/* SPDX-License-Identifier: MIT */
#include "attach/maps.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/types.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "attach/ring_used.h"
#include "base/ledger.h"
#include "base/log.h"
#include "dovetap/counters.h"
#include "dovetap/origin.h"

static int map_info(int fd, struct bpf_map_info *info_r)
{
	uint32_t len = sizeof(*info_r);

	*info_r = (struct bpf_map_info){0};
	return bpf_obj_get_info_by_fd(fd, info_r, &len);
}

static bool is_ring(int fd, size_t *bytes_r, uint32_t *id_r)
{
	struct bpf_map_info info;

	if (map_info(fd, &info) < 0 || info.type != BPF_MAP_TYPE_RINGBUF)
		return false;
	*bytes_r = info.max_entries;
	*id_r = info.id;
	return true;
}

static uint32_t counters_entries(int cpus)
{
	return DOVETAP_COUNTER_STRIDE * (1 + (uint32_t)cpus);
}

/* struct descent of bpf/descents.bpf.h */
#define DESCENT_BYTES (4 * sizeof(uint32_t) + DOVETAP_EXE_NAME_MAX)

#define MASTERS_ENTRIES (DOVETAP_NOTED_ROOT + DOVETAP_NOTED_OTHERS)

#define ACCOUNTS_ENTRIES (uint32_t)(LEDGER_BYTES / sizeof(uint64_t))

/* Can it be mapped as that many numbers? */
static bool is_numbers(int fd, uint32_t entries)
{
	struct bpf_map_info info;

	return map_info(fd, &info) == 0 && info.type == BPF_MAP_TYPE_ARRAY &&
	       info.value_size == sizeof(uint64_t) && info.max_entries == entries &&
	       (info.map_flags & BPF_F_MMAPABLE) != 0;
}

static bool is_counters(int fd)
{
	int cpus = libbpf_num_possible_cpus();
	uint32_t first = 0;
	uint64_t value;

	return cpus > 0 && is_numbers(fd, counters_entries(cpus)) &&
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
static int make_numbers(const char *name, uint32_t entries)
{
	LIBBPF_OPTS(bpf_map_create_opts, mmapable, .map_flags = BPF_F_MMAPABLE);

	return bpf_map_create(BPF_MAP_TYPE_ARRAY, name, sizeof(uint32_t), sizeof(uint64_t), entries,
			      &mmapable);
}

static int make_accounts(struct error *error_r)
{
	int fd = make_numbers(MAPS_ACCOUNTS, ACCOUNTS_ENTRIES);

	return fd < 0 ? error_set(error_r, -fd, "cannot create the accounts: %s", strerror(-fd))
		      : fd;
}

static int make_masters(struct error *error_r)
{
	int fd = bpf_map_create(BPF_MAP_TYPE_HASH, MAPS_MASTERS, sizeof(struct dovetap_master_file),
				sizeof(uint32_t), MASTERS_ENTRIES, NULL);

	return fd < 0 ? error_set(error_r, -fd, "cannot create the list of masters: %s",
				  strerror(-fd))
		      : fd;
}

static int make_counters(struct error *error_r)
{
	int cpus = libbpf_num_possible_cpus(), fd = cpus, ret;
	uint64_t value = (uint64_t)cpus;
	uint32_t first = 0;

	if (cpus > 0)
		fd = make_numbers(MAPS_COUNTERS, counters_entries(cpus));
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
	uint32_t id;
	size_t bytes;

	if (!is_ring(ring->fd, &bytes, &id)) {
		log_warning("%s was kept, but is no ring buffer: not used", ring->name);
		fd_stores_drop(fd_stores, ring->name);
		close(ring->fd);
	} else if (bytes == wanted && maps->ring_fd < 0) {
		maps->ring_fd = ring->fd;
		maps->inherited = true;
	} else {
		maps->old[maps->old_count] = *ring;
		maps->old[maps->old_count++].id = id;
		log_info("the ring of %zu bytes is read to its end; the next one has %zu", bytes,
			 wanted);
	}
}

static bool is_accounts(int fd)
{
	return is_numbers(fd, ACCOUNTS_ENTRIES);
}

/* Another size of its values is another version's. */
static bool is_descents(int fd)
{
	struct bpf_map_info info;

	return map_info(fd, &info) == 0 && info.type == BPF_MAP_TYPE_TASK_STORAGE &&
	       info.value_size == DESCENT_BYTES;
}

static bool is_masters(int fd)
{
	struct bpf_map_info info;

	return map_info(fd, &info) == 0 && info.type == BPF_MAP_TYPE_HASH &&
	       info.key_size == sizeof(struct dovetap_master_file) &&
	       info.max_entries == MASTERS_ENTRIES;
}

/* Returns the descriptor, or -1. */
static int take_fitting(int *inherited, bool (*fits)(int fd), const char *name,
			struct fd_stores *fd_stores)
{
	int fd = *inherited;

	*inherited = -1;
	if (fd < 0 || fits(fd))
		return fd;
	log_warning("the %s that were kept do not fit: starting anew", name);
	fd_stores_drop(fd_stores, name);
	close(fd);
	return -1;
}

static void take_over(struct maps *maps, size_t wanted, struct inherited *inherited,
		      struct fd_stores *fd_stores)
{
	for (size_t i = 0; i < inherited->ring_count; i++)
		take_ring(maps, &inherited->rings[i], wanted, fd_stores);
	inherited->ring_count = 0;
	maps->counters_fd =
		take_fitting(&inherited->counters_fd, is_counters, MAPS_COUNTERS, fd_stores);
	maps->accounts_fd =
		take_fitting(&inherited->accounts_fd, is_accounts, MAPS_ACCOUNTS, fd_stores);
	maps->masters_fd =
		take_fitting(&inherited->masters_fd, is_masters, MAPS_MASTERS, fd_stores);
	maps->descents_fd =
		take_fitting(&inherited->descents_fd, is_descents, MAPS_DESCENTS, fd_stores);
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
	if (maps->counters_fd < 0)
		return maps->counters_fd;
	if (maps->accounts_fd < 0)
		maps->accounts_fd = make_accounts(error_r);
	if (maps->accounts_fd < 0)
		return maps->accounts_fd;
	if (maps->masters_fd < 0)
		maps->masters_fd = make_masters(error_r);
	return maps->masters_fd < 0 ? maps->masters_fd : print_uses(maps->counters_fd, error_r);
}

/* Also what came from an fd store: there may be another one now. */
static void keep(const struct maps *maps, size_t ring_bytes, struct fd_stores *fd_stores)
{
	char name[FD_STORE_NAME_MAX];

	ring_name(ring_bytes, name);
	fd_stores_put(fd_stores, name, maps->ring_fd);
	fd_stores_put(fd_stores, MAPS_COUNTERS, maps->counters_fd);
	fd_stores_put(fd_stores, MAPS_ACCOUNTS, maps->accounts_fd);
	fd_stores_put(fd_stores, MAPS_MASTERS, maps->masters_fd);
	for (size_t i = 0; i < maps->old_count; i++)
		fd_stores_put(fd_stores, maps->old[i].name, maps->old[i].fd);
}

static int identify(struct maps *maps, struct error *error_r)
{
	struct bpf_map_info ring, counters, masters;

	if (map_info(maps->ring_fd, &ring) < 0 || map_info(maps->counters_fd, &counters) < 0 ||
	    map_info(maps->masters_fd, &masters) < 0)
		return error_set(error_r, errno, "cannot ask for a map's id: %s", strerror(errno));
	maps->ring_id = ring.id;
	maps->counters_id = counters.id;
	maps->masters_id = masters.id;
	return 0;
}

int maps_open(struct maps *maps, size_t ring_bytes, struct inherited *inherited,
	      struct fd_stores *fd_stores, struct error *error_r)
{
	int ret;

	*maps = (struct maps)MAPS_NONE;
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

int maps_take_descents(struct maps *maps, int fd, struct fd_stores *fd_stores)
{
	struct bpf_map_info info;

	if (map_info(fd, &info) < 0)
		return -errno;
	if (maps->descents_fd < 0)
		maps->descents_fd = fcntl(fd, F_DUPFD_CLOEXEC, 0);
	if (maps->descents_fd < 0)
		return -errno;
	maps->descents_id = info.id;
	if (fd_stores)
		fd_stores_put(fd_stores, MAPS_DESCENTS, maps->descents_fd);
	return 0;
}

void maps_close(struct maps *maps)
{
	if (maps->ring_fd >= 0)
		close(maps->ring_fd);
	if (maps->counters_fd >= 0)
		close(maps->counters_fd);
	if (maps->accounts_fd >= 0)
		close(maps->accounts_fd);
	if (maps->masters_fd >= 0)
		close(maps->masters_fd);
	if (maps->descents_fd >= 0)
		close(maps->descents_fd);
	for (size_t i = 0; i < maps->old_count; i++)
		close(maps->old[i].fd);
	*maps = (struct maps)MAPS_NONE;
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
