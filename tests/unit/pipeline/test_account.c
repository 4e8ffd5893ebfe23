/* SPDX-License-Identifier: MIT */
/*
 * Pipelines that follow each other on one source and one ledger, as after kills: all records are
 * accounted for, and every number of the statistics goes on.
 */
#include <sys/mman.h>

#include "base/timeline.h"
#include "pipeline/account.h"
#include "pipeline_case.h"

#define STAMP (170 * (uint64_t)NS_PER_SEC)

/* fake_source with the marks of a ring. */
struct marked_source {
	struct fake_source fake;
	uint64_t read; /* by earlier lives */
	uint64_t again;
};

static int marked_peek(struct event_source *source, struct slice *record_r, uint64_t *position_r,
		       struct error *error_r)
{
	struct marked_source *marked = (struct marked_source *)source;
	int ret = fake_peek(source, record_r, position_r, error_r);

	marked->again += ret == 1 && *position_r <= marked->read;
	return ret;
}

static uint64_t position_of(const struct marked_source *marked)
{
	uint64_t cursor = 10 * marked->fake.next;

	return cursor > marked->read ? cursor : marked->read;
}

static uint64_t marked_marks(struct event_source *source, struct source_mark *marks_r)
{
	const struct marked_source *marked = (struct marked_source *)source;

	marks_r[0] = (struct source_mark){1, position_of(marked)};
	return marked->again;
}

static bool marked_all_released(struct event_source *source)
{
	const struct marked_source *marked = (struct marked_source *)source;

	return marked->fake.released >= position_of(marked);
}

static const struct event_source_ops source_ops = {
	.peek = marked_peek,
	.release = fake_release,
	.marks = marked_marks,
	.all_released = marked_all_released,
};

static int match(const struct login_event *event, enum deliver_purpose purpose, void *context)
{
	(void)context;
	return purpose == DELIVER_LOGIN && event->kind == LOGIN_EVENT_LOGIN ? 0 : -1;
}

struct world {
	struct marked_source source;
	struct ledger ledger;
	struct timeline timeline;
	struct sink store;
	struct deliver_route route;
	struct pipeline *pipeline;
	int fd;
};

static int setup(void **state)
{
	const struct clock_offset offset = {.wall_minus_boot = 0};
	struct world *world = calloc(1, sizeof(*world));

	world->fd = memfd_create("ledger", MFD_CLOEXEC);
	assert_int_equal(ftruncate(world->fd, LEDGER_BYTES), 0);
	assert_int_equal(ledger_map(world->fd, &world->ledger, NULL), 0);
	world->source.fake.source.ops = &source_ops;
	timeline_init(&world->timeline, &offset);
	sink_open(&world->store);
	world->route = (struct deliver_route){.key = template_of("%{user}"),
					      .writer = world->store.writer};
	*state = world;
	return 0;
}

static int teardown(void **state)
{
	struct world *world = *state;

	pipeline_free(&world->pipeline);
	template_free(&world->route.key);
	sink_close(&world->store);
	timeline_release(&world->timeline);
	ledger_unmap(&world->ledger);
	close(world->fd);
	free(world);
	return 0;
}

static void start(struct world *world)
{
	const struct pipeline_config config = {
		.source = &world->source.fake.source,
		.ledger = ledger_block(&world->ledger, "pipeline"),
		.timeline = &world->timeline,
		.now_boot_ns = STAMP + (uint64_t)NS_PER_SEC,
		.deliver = {.routes = &world->route,
			    .route_count = 1,
			    .writers = &world->store.writer,
			    .writer_count = 1,
			    .mask = ip_mask_none,
			    .match = match},
	};

	assert_int_equal(pipeline_new(&config, &world->pipeline, NULL), 0);
}

/* The next one finds the ledger, and the source at what was released. A writer that outlives it
 * here would take positions of the last one for newer. */
static void kill_and_start(struct world *world)
{
	struct source_mark marks[SOURCE_MARKS];

	pipeline_free(&world->pipeline);
	sink_close(&world->store);
	sink_open(&world->store);
	world->route.writer = world->store.writer;
	pipeline_marks(ledger_block(&world->ledger, "pipeline"), marks);
	world->source.read = marks[0].position;
	world->source.again = 0;
	world->source.fake.next = (size_t)world->source.fake.released / 10;
	start(world);
}

static void add(struct world *world, enum dovetap_event_type type, const char *user,
		const char *session)
{
	source_add(&world->source.fake,
		   record_of(type, user, session, STAMP + world->source.fake.count));
}

/* Of another user each: a newer login of the same one would be done with the older one's record. */
static void add_logins(struct world *world, unsigned int count)
{
	char user[16];

	while (count-- > 0) {
		(void)snprintf(user, sizeof(user), "u%zu", (size_t)world->source.fake.count);
		add(world, DOVETAP_EVENT_MAIL_USER, user, "");
	}
}

static void drain(struct world *world)
{
	assert_true(pipeline_drain(world->pipeline, NULL) >= 0);
}

/* Records that were made are those that were taken, each once. */
static void expect_taken(struct world *world, uint64_t events, uint64_t again)
{
	const struct pipeline_stats *stats = pipeline_stats(world->pipeline);

	assert_int_equal(stats->events, events);
	assert_int_equal(stats->again, again);
	assert_int_equal(stats->events - stats->again, world->source.fake.count);
	assert_int_equal(pipeline_difference(world->pipeline), 0);
}

static void what_was_given_back_stays_counted(void **state)
{
	struct world *world = *state;

	start(world);
	add_logins(world, 4);
	drain(world);
	sink_drain(&world->store);
	assert_true(pipeline_release(world->pipeline));
	kill_and_start(world);
	add_logins(world, 3);
	drain(world);
	expect_taken(world, 7, 0);
	assert_int_equal(pipeline_delivered(world->pipeline)->logins, 7);
}

/* Two of five are given back; the others come again, and again. */
static void what_comes_again_is_counted_as_such(void **state)
{
	struct world *world = *state;

	start(world);
	add_logins(world, 2);
	drain(world);
	sink_drain(&world->store);
	assert_true(pipeline_release(world->pipeline));
	add_logins(world, 1);
	fake_set_down(&world->store.fake, true);
	add_logins(world, 2);
	drain(world);
	assert_false(
		pipeline_release(world->pipeline)); /* nothing new: no account of these three */
	kill_and_start(world);
	drain(world);
	expect_taken(world, 5, 0);
	sink_drain(&world->store);
	(void)pipeline_release(world->pipeline);
	kill_and_start(world);
	drain(world);
	expect_taken(world, 5, 0);
}

/* The account of what was taken is written when any of it is given back. */
static void what_was_accounted_and_not_given_back_comes_again(void **state)
{
	struct world *world = *state;

	start(world);
	add_logins(world, 1);
	add(world, DOVETAP_EVENT_MAIL_USER, "w", "s9"); /* waits for its authentication */
	add_logins(world, 2);
	drain(world);
	sink_drain(&world->store);
	assert_false(pipeline_release(world->pipeline));
	assert_int_equal(world->source.fake.released, 10);
	kill_and_start(world);
	assert_int_equal(pipeline_stats(world->pipeline)->cut_off, 1);
	drain(world);
	expect_taken(world, 7, 3);
	pipeline_flush(world->pipeline);
	expect_taken(world, 7, 3);
}

static void exposures_are_numbered_over_lives(void **state)
{
	struct world *world = *state;
	struct ledger_block *ledger = ledger_block(&world->ledger, "pipeline");

	assert_int_equal(pipeline_exposures(ledger, &world->source.fake.source), 0);
	start(world);
	fake_set_down(&world->store.fake, true);
	add_logins(world, 2);
	drain(world);
	pipeline_release_all(world->pipeline);
	assert_int_equal(world->source.fake.released, 20);
	assert_true(pipeline_exposures(ledger, &world->source.fake.source) >= 1);
	add_logins(world, 1);
	drain(world);
	assert_int_equal(pipeline_exposures(ledger, &world->source.fake.source), 1);
	kill_and_start(world);
	fake_set_down(&world->store.fake, true);
	drain(world);
	pipeline_release_all(world->pipeline);
	expect_taken(world, 3, 0);
	assert_true(pipeline_exposures(ledger, &world->source.fake.source) >= 2);
}

/* Every number of the two structs: whoever adds one and forgets it in account.c fails here. */
static void every_number_goes_on(void **state)
{
	struct world *world = *state;
	struct ledger_block *ledger = ledger_block(&world->ledger, "pipeline");
	const size_t numbers = offsetof(struct pipeline_stats, last_error) / sizeof(uint64_t);
	const size_t delivered = offsetof(struct deliver_stats, last_error) / sizeof(uint64_t);
	struct account written = {.waiting = 0}, read = {.waiting = 0};

	for (size_t i = 0; i < numbers; i++)
		((uint64_t *)(void *)&written.stats)[i] = 1 + i;
	for (size_t i = 0; i < delivered; i++)
		((uint64_t *)(void *)&written.delivered)[i] = 1000 + i;
	account_write(ledger, &written);
	assert_true(account_read(ledger, &read));
	assert_memory_equal(&read.stats, &written.stats, numbers * sizeof(uint64_t));
	assert_memory_equal(&read.delivered, &written.delivered, delivered * sizeof(uint64_t));
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(what_was_given_back_stays_counted),
		TEST(what_comes_again_is_counted_as_such),
		TEST(what_was_accounted_and_not_given_back_comes_again),
		TEST(exposures_are_numbered_over_lives),
		TEST(every_number_goes_on),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
