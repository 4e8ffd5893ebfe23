/* SPDX-License-Identifier: MIT */
/*
 * What a captured login costs the process that is probed, next to an empty probe on a function of
 * the same code. Short bursts of both alternate, and each pair gives a ratio: other load on the
 * machine hits both of a pair alike, and the median drops the pairs where it does not. A thread
 * empties the ring as the collector does: drain, nap, drain.
 *
 * Prints one line; exit 1 when the ratio is above the limit that the first argument gives.
 */
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "login_object.h"
#include "skel/empty.skel.h"
#include "target/functions.h"
#include "target/login_image.h"

#define ABI    "2.3.ABIv19(2.3.19.1)"
#define ROUNDS 501
#define CALLS  200

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

static double time_calls(void (*function)(void *), void *argument)
{
	uint64_t start = now_ns();

	for (int i = 0; i < CALLS; i++)
		function(argument);
	return (double)(now_ns() - start) / CALLS;
}

static int compare_doubles(const void *left, const void *right)
{
	double a = *(const double *)left, b = *(const double *)right;

	return (a > b) - (a < b);
}

static double median(double values[ROUNDS])
{
	qsort(values, ROUNDS, sizeof(*values), compare_doubles);
	return values[ROUNDS / 2];
}

/* Both probes stay attached all the time, so that nothing but the calls differs. */
static double measure(struct login_object *object, struct empty_bpf *empty, void *user)
{
	double none[ROUNDS], bare[ROUNDS], captured[ROUNDS], ratio[ROUNDS];

	for (int i = 0; i < ROUNDS; i++)
		none[i] = time_calls(hook_mail_user_created, user);
	login_object_attach(object, mail_user_created, "hook_mail_user_created");
	empty->links.empty = login_object_link(empty->progs.empty, "auth_request_finished_event");
	for (int i = 0; i < ROUNDS; i++) {
		bare[i] = time_calls(auth_request_finished_event, user);
		captured[i] = time_calls(hook_mail_user_created, user);
		ratio[i] = captured[i] / bare[i];
	}
	printf("probe: no probe %.0f ns, empty %.0f ns, captured login %.0f ns", median(none),
	       median(bare), median(captured));
	return median(ratio);
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
