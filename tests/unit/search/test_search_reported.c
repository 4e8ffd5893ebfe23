/* SPDX-License-Identifier: MIT */
/* What a searcher reports is taken once, and only as far as it makes sense. */
#include "search_case.h"

static int take(struct search_case *it, const struct search_answer *answer)
{
	int fd = case_fd();

	search_take_found(it->search, answer, fd);
	return fd;
}

static void a_file_is_reported_once(void **state)
{
	struct search_case *it = *state;
	const struct search_answer answer = case_answer("/lib/a", 5), again = case_answer("/b", 5);
	int fd = take(it, &answer), second;

	assert_int_equal(it->found, 1);
	assert_string_equal(it->last->path, "/lib/a");
	assert_int_equal(it->last->fd, fd);
	assert_ptr_equal(it->last->probe, &probe_table[0]);
	assert_int_equal(it->last->offset, 77);
	assert_null(it->last->companion);
	assert_non_null(it->last->layout);
	assert_string_equal(it->last->abi, "2.4.ABIv1");
	second = take(it, &again);
	assert_int_equal(it->found, 1);
	assert_false(is_open(second));
	assert_true(is_open(fd));
}

static void roles_are_files_of_their_own(void **state)
{
	struct search_case *it = *state;
	struct search_answer answer = case_answer("/lib/a", 5);

	take(it, &answer);
	answer.role = answer.role == PRIV_ROLE_AUTH ? PRIV_ROLE_PROXY : PRIV_ROLE_AUTH;
	take(it, &answer);
	assert_int_equal(it->found, 2);
	assert_null(it->last->probe); /* which is of another role */
}

static void numbers_that_are_none_give_no_probe(void **state)
{
	struct search_case *it = *state;
	struct search_answer answer = case_answer("/lib/a", 5);

	answer.probe = probe_count + 7;
	answer.companion = UINT64_MAX;
	take(it, &answer);
	assert_null(it->last->probe);
	assert_null(it->last->companion);
}

static void an_abi_without_layout_gives_no_probe(void **state)
{
	struct search_case *it = *state;
	struct search_answer answer = case_answer("/lib/a", 5);

	(void)snprintf(answer.abi, sizeof(answer.abi), "9.9.ABIv9");
	take(it, &answer);
	assert_null(it->last->probe);
	assert_non_null(strstr(it->last->refusal.text, "9.9.ABIv9"));
}

static void a_lost_file_may_come_again(void **state)
{
	struct search_case *it = *state;
	struct search_answer answer = case_answer("/lib/a", 5), lost = answer;
	int fd = take(it, &answer);

	lost.type = SEARCH_LOST;
	lost.id.ino = 6;
	search_take_lost(it->search, &lost);
	assert_int_equal(it->lost, 0);
	lost.id.ino = 5;
	search_take_lost(it->search, &lost);
	assert_int_equal(it->lost, 1);
	assert_false(is_open(fd));
	search_take_lost(it->search, &lost);
	assert_int_equal(it->lost, 1);
	take(it, &answer);
	assert_int_equal(it->found, 2);
}

static void an_overwritten_file_replaces_the_old_one(void **state)
{
	struct search_case *it = *state;
	struct search_answer old = case_answer("/lib/old", 5), new = case_answer("/lib/new", 5);
	int fd = take(it, &old);

	new.id.size = 10;
	new.replaced = old.id;
	new.has_replaced = 1;
	take(it, &new);
	assert_int_equal(it->found, 2);
	assert_true(it->replaced);
	assert_string_equal(it->replaced_path, "/lib/old");
	assert_string_equal(it->path, "/lib/new");
	assert_false(is_open(fd));
	assert_int_equal(it->lost, 0);
}

/* A probe was left on it: the file is reported when it is found, and never asked for before. */
static void a_restored_file_is_reported_when_it_is_found(void **state)
{
	struct search_case *it = *state;
	struct search_answer answer = case_answer("/lib/a", 5);

	assert_int_equal(search_restore(it->search, answer.role, &answer.id), 0);
	assert_int_equal(search_restore(it->search, answer.role, &answer.id), 0);
	assert_int_equal(it->found, 0);
	take(it, &answer);
	assert_int_equal(it->found, 1);
	take(it, &answer);
	assert_int_equal(it->found, 1);
}

static void the_next_searcher_gets_all_that_is_known(void **state)
{
	struct search_case *it = *state;
	struct search_answer answer = case_answer("/lib/a", 5);
	const struct file_id other = {.ino = 8};
	struct search_restored *list;

	list = search_list_reported(it->search);
	assert_int_equal(list[0].role, 0);
	free(list);
	take(it, &answer);
	assert_int_equal(search_restore(it->search, PRIV_ROLE_AUTH, &other), 0);
	list = search_list_reported(it->search);
	assert_int_equal(list[0].role, answer.role);
	assert_int_equal(list[0].id.ino, 5);
	assert_int_equal(list[1].role, PRIV_ROLE_AUTH);
	assert_int_equal(list[1].id.ino, 8);
	assert_int_equal(list[2].role, 0);
	free(list);
}

static void what_lacked_an_importer_is_looked_at_again(void **state)
{
	struct search_case *it = *state;
	struct search_answer used = case_answer("/lib/a", 5), unused = case_answer("/lib/b", 6);

	unused.unused = 1;
	take(it, &used);
	take(it, &unused);
	search_forget_unused(it->search);
	assert_int_equal(it->lost, 1);
	take(it, &used);
	assert_int_equal(it->found, 2);
	take(it, &unused);
	assert_int_equal(it->found, 3);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(a_file_is_reported_once),
		CASE(roles_are_files_of_their_own),
		CASE(numbers_that_are_none_give_no_probe),
		CASE(an_abi_without_layout_gives_no_probe),
		CASE(a_lost_file_may_come_again),
		CASE(an_overwritten_file_replaces_the_old_one),
		CASE(a_restored_file_is_reported_when_it_is_found),
		CASE(the_next_searcher_gets_all_that_is_known),
		CASE(what_lacked_an_importer_is_looked_at_again),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
