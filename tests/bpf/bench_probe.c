/* SPDX-License-Identifier: MIT */
/*
 * What a captured login costs the process that is probed, next to an empty probe on the same
 * function. Rounds of both alternate and the quickest of each are compared: other load on the
 * machine only adds to a round. A thread empties the ring as the collector does: drain, nap, drain.
 *
 * Prints one line; exit 1 when the ratio is above the limit that the first argument gives.
 */
#include "login_object.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "skel/empty.skel.h"
#include "target/functions.h"
#include "target/login_image.h"

#define ABI    "2.3.ABIv19(2.3.19.1)"
#define ROUNDS 25
#define CALLS  5000

enum { KIND_NONE, KIND_EMPTY, KIND_CAPTURED, KIND_COUNT };

static atomic_bool stop;
static struct layout_table table;

static uint64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000U + (uint64_t)now.tv_nsec;
}

static int ignore_record(void *context, void *data, size_t size)
{
	(void)context;
	(void)data;
	(void)size;
	return 0;
}

static void *consume(void *context)
{
	struct ring_buffer *ring = context;

	while (!atomic_load(&stop)) {
		ring_buffer__poll(ring, 20);
		usleep(5000);
	}
	return NULL;
}

static double time_calls(void *user)
{
	uint64_t start = now_ns();

	for (int i = 0; i < CALLS; i++)
		hook_mail_user_created(user);
	return (double)(now_ns() - start) / CALLS;
}

static double least(const double values[ROUNDS])
{
	double best = values[0];

	for (int i = 1; i < ROUNDS; i++)
		best = values[i] < best ? values[i] : best;
	return best;
}

static double time_with(struct bpf_program *program, void *user)
{
	struct bpf_link *link = login_object_link(program, "hook_mail_user_created");
	double ns;

	time_calls(user); /* warm */
	ns = time_calls(user);
	bpf_link__destroy(link);
	return ns;
}

static double measure(struct login_object *object, struct empty_bpf *empty, void *user)
{
	double ns[KIND_COUNT][ROUNDS];

	for (int i = 0; i < ROUNDS; i++) {
		ns[KIND_NONE][i] = time_calls(user);
		ns[KIND_EMPTY][i] = time_with(empty->progs.empty, user);
		ns[KIND_CAPTURED][i] = time_with(object->skel->progs.mail_user_created, user);
	}
	printf("probe: no probe %.0f ns, empty %.0f ns, captured login %.0f ns",
	       least(ns[KIND_NONE]), least(ns[KIND_EMPTY]), least(ns[KIND_CAPTURED]));
	return least(ns[KIND_CAPTURED]) / least(ns[KIND_EMPTY]);
}

static void large_ring(struct login_bpf *skel)
{
	bpf_map__set_max_entries(skel->maps.events, 16U << 20);
}

int main(int argc, char **argv)
{
	double limit = argc > 1 ? strtod(argv[1], NULL) : 0, ratio;
	struct empty_bpf *empty = empty_bpf__open_and_load();
	struct login_object object;
	struct mail_user_image image;
	struct ring_buffer *ring;
	pthread_t consumer;

	login_table_read(&table);
	mail_user_image_init(&image, &table, ABI, 0, &target_login_plain);
	login_object_load(&object, layout_find(ABI), large_ring);
	ring = ring_buffer__new(bpf_map__fd(object.skel->maps.events), ignore_record, NULL, NULL);
	if (!empty || !ring || pthread_create(&consumer, NULL, consume, ring) != 0)
		return EXIT_FAILURE;
	ratio = measure(&object, empty, image.user.bytes);
	printf(", ratio %.2f, lost %llu\n", ratio,
	       login_object_count(&object, DOVETAP_COUNT_RING_FULL));
	atomic_store(&stop, true);
	pthread_join(consumer, NULL);
	ring_buffer__free(ring);
	login_object_release(&object);
	empty_bpf__destroy(empty);
	mail_user_image_release(&image);
	layout_table_release(&table);
	return limit > 0 && ratio > limit ? EXIT_FAILURE : EXIT_SUCCESS;
}
