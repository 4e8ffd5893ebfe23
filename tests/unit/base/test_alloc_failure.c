/* SPDX-License-Identifier: MIT */
/* Buffers, escapes and the event loop without memory. */
#include <stdio.h>

#include "../alloc_failure.h"
#include "base/buf.h"
#include "base/escape.h"
#include "base/loop.h"
#include "base/space_saving.h"

/* A buffer remembers: whatever is appended later, the text counts as failed. */
static int fill_buffer(void *context)
{
	struct buf out;
	int ret;

	(void)context;
	buf_init(&out, 1U << 20);
	for (int i = 0; i < 1000; i++)
		(void)buf_append_str(&out, "some text ");
	(void)buf_appendf(&out, "%d", 1);
	(void)escape_json(&out, slice_str("\"\n\xff"));
	ret = buf_append_str(&out, "end");
	if (ret == 0)
		assert_string_equal(buf_str(&out) + out.len - 3, "end");
	buf_release(&out);
	return ret;
}

static void buffers_are_filled(void **state)
{
	(void)state;
	assert_true(each_failure(fill_buffer, NULL) > 3);
}

static void ignore(struct loop *loop, void *context)
{
	(void)loop;
	(void)context;
}

static int use_loop(void *context)
{
	struct loop *loop = NULL;
	struct loop_watch *timer = NULL, *watch = NULL;
	struct error error = {0};
	int ret = loop_new(&loop, &error);

	(void)context;
	if (ret == 0)
		ret = loop_add_timer(loop, ignore, NULL, &timer, &error);
	if (ret == 0)
		ret = loop_add_fd(loop, 0, ignore, NULL, &watch, &error);
	if (ret == -EPERM) /* standard input that epoll does not take */
		ret = 0;
	loop_free(&loop);
	return ret;
}

static void loops_are_used(void **state)
{
	(void)state;
	assert_true(each_failure(use_loop, NULL) > 1);
}

/* A key for which there is no memory is counted all the same. */
static int use_sketch(void *context)
{
	struct space_saving *sketch = NULL;
	struct error error = {0};
	int ret = space_saving_new(4, &sketch, &error);

	(void)context;
	if (ret < 0)
		return ret;
	for (int i = 0; i < 40; i++) {
		char key[16];

		snprintf(key, sizeof(key), "key %d", i % 7);
		space_saving_add(sketch, slice_str(key));
	}
	assert_int_equal(space_saving_total(sketch), 40);
	space_saving_reset(sketch);
	space_saving_free(&sketch);
	return 0;
}

static void counts_are_kept(void **state)
{
	(void)state;
	assert_true(each_failure(use_sketch, NULL) > 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(buffers_are_filled),
		cmocka_unit_test(loops_are_used),
		cmocka_unit_test(counts_are_kept),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
