/* SPDX-License-Identifier: MIT */
/*
 * A collector's stages as its numbers see them: counters in a memory file, a source and records
 * that the test makes up, a real pipeline with the real dicts of a configuration.
 */
#ifndef DOVETAP_STATS_CASE_H
#define DOVETAP_STATS_CASE_H

#include <string.h>
#include <sys/mman.h>

#include "../conf/folder.h"
#include "../pipeline/pipeline_case.h"
#include "base/timeline.h"
#include "stats/metrics_collect.h"
#include "stats/metrics_private.h"

#define WALL_MINUS_BOOT 1795338000000000000LL
#define STAMP		(170 * (uint64_t)NS_PER_SEC)
#define CPUS		2U
#define BLOCK		DOVETAP_COUNTER_STRIDE

struct world {
	uint64_t map[(1 + CPUS) * BLOCK]; /* of the counters, as it is in the kernel */
	struct counters counters;
	struct fake_source ring;
	struct ring_account ring_account;
	struct timeline timeline;
	struct plan *plan;
	struct targets targets;
	struct failures *failures;
	struct audit *audit;
	struct pipeline *pipeline;
	struct metrics_source source;
};

static inline void world_level(struct event_source *source, struct source_level *level_r)
{
	(void)source;
	*level_r = (struct source_level){.used = 3 << 19, .size = 4 << 20};
}

static const struct event_source_ops world_ring = {
	.peek = fake_peek, .release = fake_release, .level = world_level};

/* Block 0 has who counts what (dovetap/counters.h). */
static inline void world_uses(uint64_t *map)
{
#define DOVETAP_X(id, name, use) map[1 + DOVETAP_COUNTS_##use] |= 1ULL << DOVETAP_COUNT_##id;
	map[0] = CPUS;
	DOVETAP_BPF_COUNTERS(DOVETAP_X)
#undef DOVETAP_X
}

static inline void world_map(struct world *world)
{
	int fd = memfd_create("counters", MFD_CLOEXEC);

	counters_unmap(&world->counters);
	assert_int_equal(write(fd, world->map, sizeof(world->map)), sizeof(world->map));
	assert_int_equal(counters_map(fd, &world->counters, NULL), 0);
	close(fd);
}

static inline void world_open_plan(struct world *world, const char *text)
{
	const struct config_options options = {.path = "t.conf", .doveconf = ""};
	const struct targets_options none = {.ack_fd = 0};
	struct error error = {0};

	write_file("t.conf", text, 0600);
	if (plan_new(&options, &world->plan, &error) < 0 ||
	    targets_open(&world->targets, world->plan, &none, &error) < 0)
		fail_msg("%s", error.text);
}

static inline void world_open_pipeline(struct world *world)
{
	const struct pipeline_config config = {
		.source = &world->ring.source,
		.timeline = &world->timeline,
		.now_boot_ns = STAMP + (uint64_t)NS_PER_SEC,
		.deliver = targets_describe(&world->targets),
	};

	assert_int_equal(pipeline_new(&config, &world->pipeline, NULL), 0);
}

/* text is a dovetap.conf. */
static inline struct world *world_open(const char *text)
{
	const struct clock_offset offset = {.wall_minus_boot = WALL_MINUS_BOOT};
	struct world *world = calloc(1, sizeof(*world));

	assert_non_null(world);
	world->ring.source.ops = &world_ring;
	world_uses(world->map);
	world_map(world);
	timeline_init(&world->timeline, &offset);
	world_open_plan(world, text);
	world_open_pipeline(world);
	assert_int_equal(failures_new(&world->failures, NULL), 0);
	world->source = (struct metrics_source){
		.pipeline = world->pipeline,
		.targets = &world->targets,
		.failures = world->failures,
		.ring = &world->ring.source,
		.counters = &world->counters,
		.ring_account = &world->ring_account,
		.started_ns = clock_wall_ns(),
		.timeline = &world->timeline,
	};
	return world;
}

static inline void world_close(struct world *world)
{
	pipeline_free(&world->pipeline);
	audit_free(&world->audit, clock_monotonic_ns() + LONG_NS);
	failures_free(&world->failures);
	targets_close(&world->targets);
	plan_free(&world->plan);
	counters_unmap(&world->counters);
	timeline_release(&world->timeline);
	free(world);
}

/* What is in the source goes all the way. */
static inline void world_drain(struct world *world)
{
	struct error error = {0};

	assert_true(pipeline_drain(world->pipeline, &error) >= 0);
	pipeline_flush(world->pipeline);
	if (targets_drain(&world->targets, clock_monotonic_ns() + LONG_NS, &error) < 0)
		fail_msg("%s", error.text);
}

/* --- what was printed ------------------------------------------------------------------------ */

/* One whole line of it. */
static inline bool has_line(const char *text, const char *line)
{
	size_t len = strlen(line);

	for (const char *at = text; (at = strstr(at, line)); at++) {
		if ((at == text || at[-1] == '\n') && at[len] == '\n')
			return true;
	}
	return false;
}

static inline void expect_line(const char *text, const char *line)
{
	if (!has_line(text, line))
		fail_msg("no line '%s' in\n%s", line, text);
}

#define EXPECT_LINEF(text, ...)                                                                    \
	do {                                                                                       \
		char expected_line[300];                                                           \
                                                                                                   \
		(void)snprintf(expected_line, sizeof(expected_line), __VA_ARGS__);                 \
		expect_line(text, expected_line);                                                  \
	} while (0)

/* Lines that begin so. */
static inline size_t count_lines(const char *text, const char *begin)
{
	size_t count = 0;

	for (const char *at = text; (at = strstr(at, begin)); at++)
		count += at == text || at[-1] == '\n';
	return count;
}

/* The samples that call adds to "metrics", in the Prometheus form; to be freed. */
#define SAMPLES(text_r, call)                                                                      \
	do {                                                                                       \
		struct metrics samples, *metrics = &samples;                                       \
		struct buf samples_text;                                                           \
                                                                                                   \
		metrics_init(&samples);                                                            \
		buf_init(&samples_text, 1 << 20);                                                  \
		call;                                                                              \
		assert_int_equal(samples.failed, 0);                                               \
		assert_int_equal(metrics_print_prometheus(&samples, &samples_text), 0);            \
		*(text_r) = strdup(buf_str(&samples_text));                                        \
		buf_release(&samples_text);                                                        \
		metrics_release(&samples);                                                         \
	} while (0)

#define TWO_DICTS                                                                                  \
	"plugin {\n last_login_dict = memory:\n last_login_key = last/%u\n}\n"                     \
	"last_failure_key = failed/%{user}\n"                                                      \
	"dovetap {\n mirror_dicts = memory:\n services = imap\n}\n"

#endif
