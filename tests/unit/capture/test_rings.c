/* SPDX-License-Identifier: MIT */
/* Sources made of numbers: record N of a ring ends at position 100 N, behind a start of its own. */
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "../cmocka_all.h"
#include "capture/rings.h"

struct fake {
	struct event_source source;
	char name;
	uint64_t there, taken; /* records */
	uint64_t start;
	uint64_t released; /* position */
	char text[16];
	int fd;
	bool *closed;
};

static int fake_peek(struct event_source *source, struct slice *record_r, uint64_t *position_r,
		     struct error *error_r)
{
	struct fake *fake = (struct fake *)source;
	int ret = fake->taken < fake->there;

	(void)error_r;
	if (ret) {
		(void)snprintf(fake->text, sizeof(fake->text), "%c%d", fake->name,
			       (int)fake->taken);
		*record_r = slice_str(fake->text);
		fake->taken++;
	}
	*position_r = fake->start + 100 * fake->taken;
	return ret;
}

static void fake_release(struct event_source *source, uint64_t position)
{
	struct fake *fake = (struct fake *)source;

	assert_true(position >= fake->released);
	fake->released = position;
}

static int fake_fd(struct event_source *source)
{
	return ((struct fake *)source)->fd;
}

static void fake_level(struct event_source *source, struct source_level *level_r)
{
	(void)source;
	*level_r = (struct source_level){.used = 3, .size = 10};
}

static void fake_close(struct event_source *source)
{
	struct fake *fake = (struct fake *)source;

	*fake->closed = true;
	close(fake->fd);
	free(fake);
}

static uint64_t fake_marks(struct event_source *source, struct source_mark *marks_r)
{
	struct fake *fake = (struct fake *)source;

	marks_r[0] = (struct source_mark){(uint64_t)fake->name, fake->start + 100 * fake->taken};
	return 1;
}

static bool fake_all_released(struct event_source *source)
{
	struct fake *fake = (struct fake *)source;

	return fake->released == fake->start + 100 * fake->taken;
}

static const struct event_source_ops ops = {
	.peek = fake_peek,
	.release = fake_release,
	.fd = fake_fd,
	.level = fake_level,
	.marks = fake_marks,
	.all_released = fake_all_released,
	.close = fake_close,
};
static bool closed[2];

static struct fake *fake_new(char name, uint64_t there, uint64_t start)
{
	struct fake *fake = calloc(1, sizeof(*fake));

	assert_non_null(fake);
	*fake = (struct fake){
		{&ops}, name, there, 0, start, 0, "", eventfd(0, 0), &closed[name - 'a']};
	*fake->closed = false;
	return fake;
}

struct scenario {
	struct fake *a, *b;
	struct event_source *whole;
	uint64_t position;
};

static void begin(struct scenario *scenario, uint64_t in_a, uint64_t in_b)
{
	struct event_source *list[2];

	scenario->a = fake_new('a', in_a, 7000);
	scenario->b = fake_new('b', in_b, 500);
	list[0] = &scenario->a->source;
	list[1] = &scenario->b->source;
	assert_int_equal(rings_join(list, 2, &scenario->whole, NULL), 0);
}

static void next_is(struct scenario *scenario, const char *text)
{
	uint64_t before = scenario->position;
	struct slice record;
	int ret = scenario->whole->ops->peek(scenario->whole, &record, &scenario->position, NULL);

	assert_int_equal(ret, text != NULL);
	if (text && !slice_is(record, text))
		fail_msg("%.*s instead of %s", (int)record.len, record.ptr, text);
	assert_true(scenario->position >= before);
}

static void finish(struct scenario *scenario)
{
	scenario->whole->ops->close(scenario->whole);
	assert_true(closed[0] && closed[1]);
}

static void test_the_earlier_ring_is_read_first(void **state)
{
	struct scenario scenario = {0};

	(void)state;
	begin(&scenario, 2, 2);
	next_is(&scenario, "a0");
	next_is(&scenario, "a1");
	next_is(&scenario, "b0");
	scenario.a->there = 3; /* its probe was still set */
	next_is(&scenario, "a2");
	next_is(&scenario, "b1");
	next_is(&scenario, NULL);
	finish(&scenario);
}

static void test_each_ring_gets_back_its_own(void **state)
{
	uint64_t after_a1, after_b1;
	struct scenario scenario = {0};

	(void)state;
	begin(&scenario, 2, 2);
	next_is(&scenario, "a0");
	next_is(&scenario, "a1");
	after_a1 = scenario.position;
	next_is(&scenario, "b0");
	next_is(&scenario, "b1");
	after_b1 = scenario.position;
	scenario.a->there = 3;
	next_is(&scenario, "a2");

	scenario.whole->ops->release(scenario.whole, after_a1 - 100);
	assert_int_equal(scenario.a->released, 7100);
	assert_int_equal(scenario.b->released, 0);
	scenario.whole->ops->release(scenario.whole, after_b1 - 100);
	assert_int_equal(scenario.a->released, 7200);
	assert_int_equal(scenario.b->released, 600);
	scenario.whole->ops->release(scenario.whole, scenario.position);
	assert_int_equal(scenario.a->released, 7300);
	assert_int_equal(scenario.b->released, 700);
	finish(&scenario);
}

static void test_each_ring_has_its_mark(void **state)
{
	struct source_mark marks[SOURCE_MARKS] = {{0, 0}};
	struct scenario scenario = {0};

	(void)state;
	begin(&scenario, 1, 2);
	for (int i = 0; i < 3; i++)
		next_is(&scenario, i == 0 ? "a0" : i == 1 ? "b0" : "b1");
	assert_int_equal(scenario.whole->ops->marks(scenario.whole, marks), 2);
	assert_int_equal(marks[0].id, 'a');
	assert_int_equal(marks[0].position, 7100);
	assert_int_equal(marks[1].id, 'b');
	assert_int_equal(marks[1].position, 700);
	assert_int_equal(marks[2].id, 0);
	scenario.whole->ops->release(scenario.whole, scenario.position - 100);
	assert_false(scenario.whole->ops->all_released(scenario.whole));
	scenario.whole->ops->release(scenario.whole, scenario.position);
	assert_true(scenario.whole->ops->all_released(scenario.whole));
	finish(&scenario);
}

/* Records that were discarded in the kernel move the position, and nothing comes. */
static void test_room_without_records_is_given_back(void **state)
{
	struct scenario scenario = {0};

	(void)state;
	begin(&scenario, 0, 0);
	scenario.a->start += 56;
	next_is(&scenario, NULL);
	scenario.whole->ops->release(scenario.whole, scenario.position);
	assert_int_equal(scenario.a->released, 7056);
	finish(&scenario);
}

static void test_any_number_of_turns_is_remembered(void **state)
{
	struct scenario scenario = {0};
	uint64_t positions[500];

	(void)state;
	begin(&scenario, 0, 0);
	for (int i = 0; i < 500; i++) {
		struct fake *fake = i % 2 ? scenario.a : scenario.b;
		char text[16];

		(void)snprintf(text, sizeof(text), "%c%d", fake->name, (int)fake->there++);
		next_is(&scenario, text);
		positions[i] = scenario.position;
	}
	for (int i = 0; i < 500; i++) {
		scenario.whole->ops->release(scenario.whole, positions[i]);
		assert_int_equal(scenario.b->released, 500 + 100 * (i / 2 + 1));
		assert_int_equal(scenario.a->released, i > 0 ? 7000 + 100 * ((i + 1) / 2) : 7000);
	}
	finish(&scenario);
}

static void test_any_of_them_wakes_the_reader(void **state)
{
	struct pollfd fd = {.events = POLLIN};
	struct scenario scenario = {0};
	struct source_level level;

	(void)state;
	begin(&scenario, 0, 0);
	fd.fd = scenario.whole->ops->fd(scenario.whole);
	assert_int_equal(poll(&fd, 1, 0), 0);
	assert_int_equal(eventfd_write(scenario.a->fd, 1), 0);
	assert_int_equal(poll(&fd, 1, 0), 1);
	scenario.whole->ops->level(scenario.whole, &level);
	assert_int_equal(level.used, 6);
	assert_int_equal(level.size, 20);
	finish(&scenario);
}

static void test_a_single_ring_is_itself(void **state)
{
	struct event_source *only = &fake_new('a', 0, 0)->source, *whole;

	(void)state;
	assert_int_equal(rings_join(&only, 1, &whole, NULL), 0);
	assert_ptr_equal(only, whole);
	whole->ops->close(whole);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_the_earlier_ring_is_read_first),
		cmocka_unit_test(test_each_ring_gets_back_its_own),
		cmocka_unit_test(test_each_ring_has_its_mark),
		cmocka_unit_test(test_room_without_records_is_given_back),
		cmocka_unit_test(test_any_number_of_turns_is_remembered),
		cmocka_unit_test(test_any_of_them_wakes_the_reader),
		cmocka_unit_test(test_a_single_ring_is_itself),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
