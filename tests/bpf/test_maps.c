/* SPDX-License-Identifier: MIT */
/* What is taken over of what an earlier process has left, with a keeper that remembers in memory.
 */
#include <bpf/bpf.h>
#include <linux/types.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "attach/maps.h"
#include "base/ledger.h"
#include "dovetap/counters.h"
#include "unit/cmocka_all.h"

#define KEPT_MAX 8
#define RING	 65536

struct memory {
	struct {
		char name[FD_STORE_NAME_MAX];
		int fd;
	} kept[KEPT_MAX];
	size_t count;
};

static int put(void *ctx, const char *name, int fd, struct error *error_r)
{
	struct memory *memory = ctx;

	(void)error_r;
	for (size_t i = 0; i < memory->count; i++) {
		if (strcmp(memory->kept[i].name, name) == 0)
			return 0;
	}
	(void)snprintf(memory->kept[memory->count].name, FD_STORE_NAME_MAX, "%s", name);
	memory->kept[memory->count++].fd = dup(fd);
	return 0;
}

static void drop(void *ctx, const char *name)
{
	struct memory *memory = ctx;

	for (size_t i = 0; i < memory->count; i++) {
		if (strcmp(memory->kept[i].name, name) != 0)
			continue;
		close(memory->kept[i].fd);
		memory->kept[i] = memory->kept[--memory->count];
		return;
	}
}

static int each(void *ctx, fd_store_fn *fn, void *fn_ctx, struct error *error_r)
{
	const struct memory *memory = ctx;

	(void)error_r;
	for (size_t i = 0; i < memory->count; i++)
		fn(fn_ctx, memory->kept[i].name, dup(memory->kept[i].fd));
	return 0;
}

static bool has(const struct memory *memory, const char *name)
{
	for (size_t i = 0; i < memory->count; i++) {
		if (strcmp(memory->kept[i].name, name) == 0)
			return true;
	}
	return false;
}

/* One life of dovetap, as far as its maps go. */
struct life {
	struct memory *memory;
	struct fd_store fd_store;
	struct fd_stores fd_stores;
	struct inherited inherited;
	struct maps maps;
};

static void begin(struct life *life, struct memory *memory, size_t ring_bytes)
{
	*life = (struct life){
		.memory = memory,
		.fd_store = {.ctx = memory, .put = put, .drop = drop, .each = each},
	};
	life->fd_stores = (struct fd_stores){.list = &life->fd_store, .count = 1};
	inherited_take(&life->inherited, &life->fd_stores);
	assert_int_equal(
		maps_open(&life->maps, ring_bytes, &life->inherited, &life->fd_stores, NULL), 0);
}

static void end(struct life *life)
{
	inherited_release(&life->inherited);
	maps_close(&life->maps);
}

static void forget(struct memory *memory)
{
	while (memory->count > 0)
		drop(memory, memory->kept[0].name);
}

#define LOSS(id) (1UL << DOVETAP_COUNT_##id)
#define LOSSES                                                                                     \
	(LOSS(RING_FULL) | LOSS(NO_OBJECT) | LOSS(NO_USERNAME) | LOSS(NO_SESSION_ID) |             \
	 LOSS(MIXED) | LOSS(BUDGET_DOVECOT) | LOSS(BUDGET_USER))

static const uint32_t losses_key = 1 + DOVETAP_COUNTS_LOGIN_LOST;

/* The bits of the counters that are losses. */
static uint64_t losses(const struct maps *maps)
{
	uint64_t bits = 0;

	assert_int_equal(bpf_map_lookup_elem(maps->counters_fd, &losses_key, &bits), 0);
	return bits;
}

/* As a newer version with one more of them. */
static void add_loss(const struct maps *maps, unsigned int counter)
{
	uint64_t bits = losses(maps) | 1UL << counter;

	assert_int_equal(bpf_map_update_elem(maps->counters_fd, &losses_key, &bits, BPF_ANY), 0);
}

static void test_the_next_life_has_the_same_maps(void **state)
{
	struct memory memory = {.count = 0};
	static const struct ledger_row rows[] = {{0, 1, 1}, {0, 0, 0}};
	struct life first, second;
	struct ledger ledger;
	uint32_t ring, counters, masters;
	uint64_t number = 7;

	(void)state;
	begin(&first, &memory, RING);
	assert_false(first.maps.inherited);
	ring = first.maps.ring_id;
	counters = first.maps.counters_id;
	masters = first.maps.masters_id;
	assert_int_equal(losses(&first.maps), LOSSES);
	add_loss(&first.maps, 31);
	assert_int_equal(ledger_map(first.maps.accounts_fd, &ledger, NULL), 0);
	ledger_write(ledger_block(&ledger, "a"), rows, &number);
	ledger_unmap(&ledger);
	number = 0;
	end(&first);
	begin(&second, &memory, RING);
	assert_true(second.maps.inherited);
	assert_int_equal(second.maps.ring_id, ring);
	assert_int_equal(second.maps.counters_id, counters);
	assert_int_equal(second.maps.masters_id, masters);
	assert_int_equal(memory.count, 4);
	assert_int_equal(losses(&second.maps), LOSSES | 1UL << 31);
	assert_int_equal(ledger_map(second.maps.accounts_fd, &ledger, NULL), 0);
	assert_true(ledger_read(ledger_block(&ledger, "a"), rows, &number));
	assert_int_equal(number, 7);
	ledger_unmap(&ledger);
	end(&second);
	forget(&memory);
}

/* Only the kernel may move the producer's position: a ring with something in it is one whose reader
 * has gone back. */
static void set_consumer(int ring_fd, unsigned long position)
{
	unsigned long *page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, ring_fd, 0);

	assert_ptr_not_equal(page, MAP_FAILED);
	*page = position;
	munmap(page, 4096);
}

static void test_a_ring_of_another_size_is_read_to_its_end(void **state)
{
	struct memory memory = {.count = 0};
	struct life life;
	uint32_t before;

	(void)state;
	begin(&life, &memory, RING);
	before = life.maps.ring_id;
	set_consumer(life.maps.ring_fd, -64UL);
	end(&life);

	begin(&life, &memory, 2 * RING);
	assert_int_not_equal(life.maps.ring_id, before);
	assert_false(life.maps.inherited);
	assert_int_equal(life.maps.old_count, 1);
	maps_drop_read(&life.maps, &life.fd_stores);
	assert_int_equal(life.maps.old_count, 1); /* 64 bytes are left */
	end(&life);

	begin(&life, &memory, 2 * RING); /* killed meanwhile: the next one goes on with it */
	assert_true(life.maps.inherited);
	assert_int_equal(life.maps.old_count, 1);
	set_consumer(life.maps.old[0].fd, 0);
	maps_drop_read(&life.maps, &life.fd_stores);
	assert_int_equal(life.maps.old_count, 0);
	assert_false(has(&memory, "ring-65536"));
	assert_true(has(&memory, "ring-131072"));
	end(&life);
	forget(&memory);
}

static int other_array(uint32_t entries, uint32_t flags)
{
	LIBBPF_OPTS(bpf_map_create_opts, options, .map_flags = flags);
	int fd = bpf_map_create(BPF_MAP_TYPE_ARRAY, "other", 4, 8, entries, &options);

	assert_true(fd >= 0);
	return fd;
}

static void test_what_does_not_fit_is_made_anew(void **state)
{
	struct memory memory = {.count = 0};
	int fd = other_array(DOVETAP_COUNTER_STRIDE, BPF_F_MMAPABLE);
	struct life life;

	(void)state;
	put(&memory, "ring-65536", fd, NULL);
	put(&memory, MAPS_COUNTERS, fd, NULL);
	put(&memory, MAPS_ACCOUNTS, fd, NULL);
	put(&memory, "somebody-elses", fd, NULL);
	close(fd);
	begin(&life, &memory, RING);
	assert_false(life.maps.inherited);
	assert_int_equal(life.maps.old_count, 0);
	end(&life);
	begin(&life, &memory, RING); /* what is kept now are those that were made */
	assert_true(life.maps.inherited);
	assert_true(has(&memory, "somebody-elses"));
	end(&life);
	forget(&memory);
}

static void test_links_are_recognised_by_their_names(void **state)
{
	static const struct file_id id = {.dev = 1, .ino = 1, .ctime_ns = 5, .size = 1};
	struct memory memory = {.count = 0};
	struct inherited_link *claimed;
	struct life life;
	int fd = other_array(1, 0);

	(void)state;
	put(&memory, "auth-a-1-1-5-1-0", fd, NULL);
	put(&memory, "auth-b-1-1-5-1-0", fd, NULL);
	put(&memory, "auth-a-1-2-5-1-0", fd, NULL);
	close(fd);
	begin(&life, &memory, RING);
	assert_null(inherited_claim(&life.inherited, PRIV_ROLE_MAIL_USER, &id, 0xa));
	assert_null(inherited_claim(&life.inherited, PRIV_ROLE_AUTH, &id, 0xc));
	claimed = inherited_claim(&life.inherited, PRIV_ROLE_AUTH, &id, 0xa);
	assert_string_equal(claimed->name, "auth-a-1-1-5-1-0");
	close(claimed->fd);
	free(claimed);
	assert_int_equal(
		inherited_detach_file(&life.inherited, &life.fd_stores, PRIV_ROLE_AUTH, &id), 1);
	assert_true(has(&memory, "auth-a-1-1-5-1-0"));
	assert_false(has(&memory, "auth-b-1-1-5-1-0"));
	assert_true(has(&memory, "auth-a-1-2-5-1-0"));
	end(&life);
	forget(&memory);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_the_next_life_has_the_same_maps),
		cmocka_unit_test(test_a_ring_of_another_size_is_read_to_its_end),
		cmocka_unit_test(test_what_does_not_fit_is_made_anew),
		cmocka_unit_test(test_links_are_recognised_by_their_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
