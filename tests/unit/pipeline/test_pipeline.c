/* SPDX-License-Identifier: MIT */
#include "base/timeline.h"
#include "login/join.h"
#include "pipeline/pipeline.h"
#include "pipeline_case.h"
#include "proof/judge.h"

#define WALL_MINUS_BOOT 1795338000000000000LL
#define STAMP		(170 * (uint64_t)NS_PER_SEC)

struct seen {
	struct login_event event;
	char user[64];
	int route;
};

struct world {
	struct fake_source source;
	struct timeline timeline;
	struct sink store;
	struct deliver_route route;
	struct pipeline_config config;
	struct pipeline *pipeline;
	struct error error;
	bool accept_none;
	struct seen seen[64];
	size_t seen_count, record_count, record_bytes;
};

static void fake_level(struct event_source *source, struct source_level *level_r)
{
	(void)source;
	*level_r = (struct source_level){.used = 0};
}

static const struct event_source_ops source_ops = {
	.peek = fake_peek, .release = fake_release, .level = fake_level};

static int match(const struct login_event *event, enum deliver_purpose purpose, void *context)
{
	const struct world *world = context;

	return purpose == DELIVER_LOGIN && event->kind == LOGIN_EVENT_LOGIN && !world->accept_none
		       ? 0
		       : -1;
}

static void observe(const struct login_event *event, int route, void *context)
{
	struct world *world = context;
	struct seen *seen = &world->seen[world->seen_count++];
	struct slice user = event->login.text[DOVETAP_FIELD_USERNAME];

	seen->event = *event;
	seen->route = route;
	snprintf(seen->user, sizeof(seen->user), "%.*s", (int)user.len, user.ptr);
}

static void record(struct slice bytes, void *context)
{
	struct world *world = context;

	world->record_count++;
	world->record_bytes += bytes.len;
}

static int setup(void **state)
{
	const struct clock_offset offset = {.wall_minus_boot = WALL_MINUS_BOOT};
	struct world *world = calloc(1, sizeof(*world));

	world->source.source.ops = &source_ops;
	timeline_init(&world->timeline, &offset);
	sink_open(&world->store);
	world->route = (struct deliver_route){.key = template_of("%{user}"),
					      .writer = world->store.writer};
	world->config = (struct pipeline_config){
		.source = &world->source.source,
		.timeline = &world->timeline,
		.now_boot_ns = STAMP + (uint64_t)NS_PER_SEC,
		.deliver = {.routes = &world->route,
			    .route_count = 1,
			    .writers = &world->store.writer,
			    .writer_count = 1,
			    .mask = ip_mask_none,
			    .match = match,
			    .context = world},
		.observe = observe,
		.record = record,
		.context = world,
	};
	*state = world;
	return 0;
}

static int teardown(void **state)
{
	struct world *world = *state;

	if (world->pipeline)
		assert_int_equal(pipeline_difference(world->pipeline), 0);
	pipeline_free(&world->pipeline);
	assert_null(world->pipeline);
	pipeline_free(&world->pipeline);
	template_free(&world->route.key);
	sink_close(&world->store);
	timeline_release(&world->timeline);
	free(world);
	return 0;
}

static void start(struct world *world)
{
	assert_int_equal(pipeline_new(&world->config, &world->pipeline, &world->error), 0);
}

static int drain(struct world *world)
{
	return pipeline_drain(world->pipeline, &world->error);
}

/* Nobody said who made these: that is proof enough of nothing. */
static void a_record_that_is_not_believed_goes_nowhere(void **state)
{
	const struct origin_policy policy = {.require_proof = true};
	struct world *world = *state;
	struct origins *origins = NULL;

	assert_int_equal(origins_new(&policy, &origins, NULL), 0);
	world->config.origins = origins;
	start(world);
	source_add(&world->source, record_of(DOVETAP_EVENT_AUTH, "u@x", "s1", STAMP));
	source_add(&world->source, record_of(DOVETAP_EVENT_MAIL_USER, "u@x", "s1", STAMP + 1));
	assert_int_equal(drain(world), 2);
	assert_int_equal(pipeline_stats(world->pipeline)->judged[ORIGIN_UNPROVED], 2);
	assert_int_equal(pipeline_stats(world->pipeline)->filtered[FILTER_PASS], 0);
	assert_int_equal(pipeline_difference(world->pipeline), 0);
	sink_drain(&world->store);
	assert_null(sink_value(&world->store, "shared/u@x"));
	origins_free(&origins);
}

static void add(struct world *world, enum dovetap_event_type type, const char *user,
		const char *session)
{
	source_add(&world->source, record_of(type, user, session, STAMP + world->source.count));
}

/* The time is that of the probe's stamp on the boot clock, whatever the time now. */
static void a_login_goes_all_the_way(void **state)
{
	struct world *world = *state;

	start(world);
	add(world, DOVETAP_EVENT_AUTH, "u@x", "s1");
	add(world, DOVETAP_EVENT_MAIL_USER, "u@x", "s1");
	assert_int_equal(drain(world), 2);
	sink_drain(&world->store);
	assert_string_equal(sink_value(&world->store, "shared/u@x"), "1795338170");
	assert_int_equal(world->seen_count, 2);
	assert_int_equal(world->seen[0].event.kind, LOGIN_EVENT_AUTH);
	assert_int_equal(world->seen[0].route, -1);
	assert_int_equal(world->seen[1].event.kind, LOGIN_EVENT_LOGIN);
	assert_int_equal(world->seen[1].route, 0);
	assert_string_equal(world->seen[1].user, "u@x");
	assert_true(world->seen[1].event.login.time_ns == WALL_MINUS_BOOT + (int64_t)STAMP + 1);
	assert_null(world->seen[1].event.where);
	assert_null(world->seen[1].event.geo);
	assert_int_equal(pipeline_stats(world->pipeline)->events, 2);
	assert_int_equal(pipeline_stats(world->pipeline)->joined, 1);
	assert_int_equal(pipeline_stats(world->pipeline)->kinds[LOGIN_EVENT_LOGIN], 1);
	assert_int_equal(pipeline_stats(world->pipeline)->kinds[LOGIN_EVENT_AUTH], 1);
	assert_int_equal(pipeline_stats(world->pipeline)->filtered[FILTER_PASS], 1);
	assert_int_equal(pipeline_stats(world->pipeline)->others[FILTER_PASS], 1);
	assert_int_equal(pipeline_delivered(world->pipeline)->logins, 1);
	assert_int_equal(world->record_count, 2);
	assert_int_equal(world->record_bytes, 2 * sizeof(struct dovetap_event));
	assert_int_equal(drain(world), 0);
}

static void on_decided(const struct proof_file *file, void *context)
{
	(void)file;
	++*(unsigned int *)context;
}

static void add_read_with(struct world *world, enum dovetap_event_type type, uint64_t file,
			  const char *mech)
{
	struct dovetap_event event =
		record_of(type, "u@x", "session-1", STAMP + world->source.count);

	event.head.passdb_result = 1;
	event.origin.file = file;
	SET(&event, mech, MECH, mech);
	source_add(&world->source, event);
}

/* The source keeps it until a login proves its layout. */
static void what_is_not_proved_waits_in_the_source(void **state)
{
	struct world *world = *state;
	unsigned int decisions = 0;

	assert_int_equal(judge_new(on_decided, &decisions, &world->config.judge, NULL), 0);
	start(world);
	add_read_with(world, DOVETAP_EVENT_AUTH, 0x22, "PLAIN");
	assert_int_equal(drain(world), 1);
	assert_int_equal(world->seen_count, 0);
	assert_int_equal(pipeline_held(world->pipeline), 1);
	assert_int_equal(pipeline_difference(world->pipeline), 0);
	assert_false(pipeline_release(world->pipeline));
	assert_int_equal(world->source.released, 0);
	add_read_with(world, DOVETAP_EVENT_MAIL_USER, 0x11, "PLAIN");
	assert_int_equal(drain(world), 1);
	assert_int_equal(decisions, 2);
	assert_int_equal(world->seen_count, 2);
	assert_int_equal(pipeline_held(world->pipeline), 0);
	assert_int_equal(pipeline_difference(world->pipeline), 0);
	sink_drain(&world->store);
	assert_true(pipeline_release(world->pipeline));
	assert_int_equal(world->source.released, 20);
	judge_free(&world->config.judge);
}

/* What is refused is counted, and the source need not keep it. */
static void what_is_read_wrongly_goes_nowhere(void **state)
{
	struct world *world = *state;
	unsigned int decisions = 0;

	assert_int_equal(judge_new(on_decided, &decisions, &world->config.judge, NULL), 0);
	start(world);
	for (int i = 0; i < 3; i++)
		add_read_with(world, DOVETAP_EVENT_MAIL_USER, 0x11, "\x01");
	assert_int_equal(drain(world), 3);
	pipeline_flush(world->pipeline);
	assert_int_equal(drain(world), 0);
	assert_int_equal(decisions, 1);
	assert_int_equal(world->seen_count, 0);
	assert_int_equal(pipeline_stats(world->pipeline)->layout_refused, 3);
	assert_int_equal(pipeline_difference(world->pipeline), 0);
	sink_drain(&world->store);
	assert_true(pipeline_release(world->pipeline));
	judge_free(&world->config.judge);
}

static void nobody_need_look(void **state)
{
	struct world *world = *state;

	world->config.observe = NULL;
	world->config.record = NULL;
	start(world);
	add(world, DOVETAP_EVENT_AUTH, "u@x", "s1");
	add(world, DOVETAP_EVENT_MAIL_USER, "u@x", "s1");
	assert_int_equal(drain(world), 2);
	assert_int_equal(world->seen_count, 0);
	assert_int_equal(pipeline_delivered(world->pipeline)->logins, 1);
}

/* --- giving back ----------------------------------------------------------------------------- */

static void room_is_given_back_when_the_store_has_it(void **state)
{
	struct world *world = *state;

	fake_set_down(&world->store.fake, true);
	start(world);
	add(world, DOVETAP_EVENT_AUTH, "u", "s1");
	add(world, DOVETAP_EVENT_MAIL_USER, "u", "s1");
	assert_int_equal(drain(world), 2);
	assert_false(pipeline_release(world->pipeline));
	assert_true(world->source.released <= 10); /* the auth record at most */
	fake_set_down(&world->store.fake, false);
	sink_drain(&world->store);
	assert_true(pipeline_release(world->pipeline));
	assert_int_equal(world->source.released, 20);
	assert_true(pipeline_release(world->pipeline)); /* not a second time */
}

static void what_no_route_takes_is_given_back_at_once(void **state)
{
	struct world *world = *state;

	world->accept_none = true;
	start(world);
	add(world, DOVETAP_EVENT_AUTH, "u", "s1");
	add(world, DOVETAP_EVENT_MAIL_USER, "u", "s1");
	assert_int_equal(drain(world), 2);
	assert_true(pipeline_release(world->pipeline));
	assert_int_equal(world->source.released, 20);
	assert_int_equal(pipeline_delivered(world->pipeline)->unrouted, 1);
}

/* Of two dicts the slower one decides. */
static void every_writer_must_have_it(void **state)
{
	struct world *world = *state;
	struct sink slow;
	struct writer *writers[2];

	sink_open(&slow);
	writers[0] = world->store.writer;
	writers[1] = slow.writer;
	world->config.deliver.writers = writers;
	world->config.deliver.writer_count = 2;
	world->config.deliver.mirror_count = 1;
	world->route.also = true;
	fake_set_down(&slow.fake, true);
	start(world);
	add(world, DOVETAP_EVENT_AUTH, "u", "s1");
	add(world, DOVETAP_EVENT_MAIL_USER, "u", "s1");
	assert_int_equal(drain(world), 2);
	sink_drain(&world->store);
	assert_false(pipeline_release(world->pipeline));
	fake_set_down(&slow.fake, false);
	sink_drain(&slow);
	assert_true(pipeline_release(world->pipeline));
	assert_int_equal(world->source.released, 20);
	pipeline_free(&world->pipeline);
	sink_close(&slow);
}

static void all_is_given_back_on_request(void **state)
{
	struct world *world = *state;

	fake_set_down(&world->store.fake, true);
	start(world);
	add(world, DOVETAP_EVENT_AUTH, "u", "s1");
	add(world, DOVETAP_EVENT_MAIL_USER, "u", "s1");
	add(world, DOVETAP_EVENT_MAIL_USER, "w", "s2"); /* waits for its authentication */
	assert_int_equal(drain(world), 3);
	pipeline_release_all(world->pipeline);
	assert_int_equal(world->source.released, 30);
	assert_int_equal(pipeline_delivered(world->pipeline)->logins, 2);
	fake_set_down(&world->store.fake, false);
	sink_drain(&world->store);
	assert_int_equal(world->store.fake.count, 2);
}

/* --- waiting for a partner ------------------------------------------------------------------- */

static void a_record_that_waits_holds_the_source(void **state)
{
	struct world *world = *state;

	start(world);
	add(world, DOVETAP_EVENT_AUTH, "a", "s1");
	add(world, DOVETAP_EVENT_MAIL_USER, "w", "s2");
	add(world, DOVETAP_EVENT_AUTH, "b", "s3");
	assert_int_equal(drain(world), 3);
	assert_int_equal(pipeline_waiting(world->pipeline), 1);
	assert_false(pipeline_release(world->pipeline));
	assert_true(world->source.released <= 10);
	add(world, DOVETAP_EVENT_AUTH, "w", "s2"); /* it came late */
	assert_int_equal(drain(world), 1);
	assert_int_equal(pipeline_waiting(world->pipeline), 0);
	assert_int_equal(pipeline_stats(world->pipeline)->joined, 1);
	sink_drain(&world->store);
	assert_true(pipeline_release(world->pipeline));
	assert_int_equal(world->source.released, 40);
}

static void at_the_end_nobody_waits(void **state)
{
	struct world *world = *state;

	start(world);
	add(world, DOVETAP_EVENT_MAIL_USER, "w", "s2");
	assert_int_equal(drain(world), 1);
	assert_int_equal(pipeline_waiting(world->pipeline), 1);
	pipeline_flush(world->pipeline);
	assert_int_equal(pipeline_waiting(world->pipeline), 0);
	assert_int_equal(pipeline_delivered(world->pipeline)->logins, 1);
	assert_int_equal(pipeline_stats(world->pipeline)->joined, 0);
	add(world, DOVETAP_EVENT_MAIL_USER, "v", "s3");
	world->source.end = -ENODATA; /* of a recorded file */
	assert_int_equal(drain(world), -ENODATA);
	assert_int_equal(pipeline_waiting(world->pipeline), 0);
	assert_int_equal(pipeline_delivered(world->pipeline)->logins, 2);
}

static void a_broken_source_is_an_error(void **state)
{
	struct world *world = *state;

	start(world);
	add(world, DOVETAP_EVENT_AUTH, "a", "s1");
	world->source.end = -EBADMSG;
	assert_int_equal(drain(world), -EBADMSG);
	assert_string_equal(world->error.text, "the end");
	assert_int_equal(pipeline_stats(world->pipeline)->events, 1);
}

/* A proxied login knows nothing but its session: without the authentication it is nobody's. */
static void a_proxied_login_without_authentication_is_counted_lost(void **state)
{
	struct world *world = *state;

	start(world);
	add(world, DOVETAP_EVENT_AUTH, "u", "s1");
	add(world, DOVETAP_EVENT_PROXY, "", "s1");
	add(world, DOVETAP_EVENT_PROXY, "", "s2");
	assert_int_equal(drain(world), 3);
	pipeline_flush(world->pipeline);
	assert_int_equal(pipeline_stats(world->pipeline)->kinds[LOGIN_EVENT_PROXY], 2);
	assert_int_equal(pipeline_stats(world->pipeline)->unmatched, 1);
	assert_int_equal(pipeline_stats(world->pipeline)->joined, 0); /* of logins */
	assert_int_equal(world->seen_count, 3);
	assert_int_equal(world->seen[2].route, -1);
}

/* --- what is no login ------------------------------------------------------------------------ */

static void records_that_cannot_be_read_are_counted(void **state)
{
	struct world *world = *state;
	struct dovetap_event record = record_of(DOVETAP_EVENT_AUTH, "u", "s", STAMP);

	start(world);
	record.head.major++;
	source_add(&world->source, record);
	record.head.major--;
	record.head.remote_family = 77;
	source_add(&world->source, record);
	source_add(&world->source, record);
	record.seal.tid++;
	source_add(&world->source, record);
	assert_int_equal(drain(world), 4);
	assert_int_equal(pipeline_stats(world->pipeline)->events, 4);
	assert_int_equal(pipeline_stats(world->pipeline)->other_version, 1);
	assert_int_equal(pipeline_stats(world->pipeline)->undecodable, 2);
	assert_int_equal(pipeline_stats(world->pipeline)->mixed, 1);
	assert_int_equal(pipeline_difference(world->pipeline), 0);
	assert_int_equal(world->seen_count, 0);
	assert_int_equal(world->record_count, 4); /* whoever reports it wants to see it */
	assert_true(pipeline_release(world->pipeline));
	assert_int_equal(world->source.released, 40);
}

static void what_the_filter_refuses_goes_no_further(void **state)
{
	struct world *world = *state;
	struct dovetap_event record = record_of(DOVETAP_EVENT_MAIL_USER, "u", "", STAMP);

	start(world);
	record.head.flags |= DOVETAP_FLAG_AUTOCREATED;
	source_add(&world->source, record);
	/* Five minutes ahead of the clock that the configuration gives. */
	source_add(&world->source, record_of(DOVETAP_EVENT_AUTH, "u", "s",
					     world->config.now_boot_ns + FILTER_FUTURE_NS + 1));
	assert_int_equal(drain(world), 2);
	assert_int_equal(pipeline_stats(world->pipeline)->filtered[FILTER_AUTOCREATED], 1);
	assert_int_equal(pipeline_stats(world->pipeline)->others[FILTER_FUTURE], 1);
	assert_int_equal(world->seen_count, 0);
}

/* Without a time of its own it is the machine's: a stamp of 1970 plus some seconds is long ago. */
/* What a bug would have lost or invented; each number is put right again. */
static void what_does_not_add_up_is_told(void **state)
{
	struct world *world = *state;
	struct pipeline_stats *stats;
	struct deliver_stats *delivered;

	start(world);
	stats = (struct pipeline_stats *)(uintptr_t)pipeline_stats(world->pipeline);
	delivered = (struct deliver_stats *)(uintptr_t)pipeline_delivered(world->pipeline);
	{
		const struct {
			uint64_t *number;
			int64_t difference;
		} numbers[] = {
			{&stats->events, 1},
			{&stats->undecodable, 1},
			{&stats->other_version, 1},
			{&stats->mixed, 1},
			{&stats->filtered[FILTER_PASS], 2}, /* not behind the join either */
			{&stats->filtered[FILTER_RESULT_COUNT - 1], 1},
			{&stats->others[FILTER_PASS], 2},
			{&stats->others[FILTER_RESULT_COUNT - 1], 1},
			{&stats->kinds[LOGIN_EVENT_LOGIN], 2}, /* not delivered either */
			{&stats->kinds[LOGIN_EVENT_KINDS - 1], 1},
			{&delivered->logins, 1},
			{&delivered->unrouted, 1},
			{&delivered->due[0], 1},
			{&delivered->due[DELIVER_PURPOSES - 1], 1},
			{&delivered->unexpandable, 1},
			{&delivered->submitted, 1},
		};

		for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
			++*numbers[i].number;
			assert_int_equal(pipeline_difference(world->pipeline),
					 numbers[i].difference);
			--*numbers[i].number;
		}
	}
}

static void the_clock_is_the_machines_by_default(void **state)
{
	struct world *world = *state;
	uint64_t ahead = (uint64_t)clock_boot_ns() + FILTER_FUTURE_NS;

	world->config.now_boot_ns = 0;
	start(world);
	source_add(&world->source, record_of(DOVETAP_EVENT_AUTH, "u", "s", ahead / 2));
	source_add(&world->source,
		   record_of(DOVETAP_EVENT_AUTH, "u", "t", ahead + 3600 * (uint64_t)NS_PER_SEC));
	assert_int_equal(drain(world), 2);
	assert_int_equal(pipeline_stats(world->pipeline)->others[FILTER_PASS], 1);
	assert_int_equal(pipeline_stats(world->pipeline)->others[FILTER_FUTURE], 1);
}

#define scenario(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		scenario(a_login_goes_all_the_way),
		scenario(what_is_not_proved_waits_in_the_source),
		scenario(what_is_read_wrongly_goes_nowhere),
		scenario(a_record_that_is_not_believed_goes_nowhere),
		scenario(nobody_need_look),
		scenario(room_is_given_back_when_the_store_has_it),
		scenario(what_no_route_takes_is_given_back_at_once),
		scenario(every_writer_must_have_it),
		scenario(all_is_given_back_on_request),
		scenario(a_record_that_waits_holds_the_source),
		scenario(at_the_end_nobody_waits),
		scenario(a_broken_source_is_an_error),
		scenario(a_proxied_login_without_authentication_is_counted_lost),
		scenario(records_that_cannot_be_read_are_counted),
		scenario(what_the_filter_refuses_goes_no_further),
		scenario(what_does_not_add_up_is_told),
		scenario(the_clock_is_the_machines_by_default),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
