/* SPDX-License-Identifier: MIT */
/* Scenarios of conformance.c for a store that keeps a history (TRAIT_HISTORY). */
#ifndef DOVETAP_TEST_DICT_HISTORY_H
#define DOVETAP_TEST_DICT_HISTORY_H

void a_row_comes_back_as_it_was(void **state);
void the_same_row_again_changes_nothing(void **state);
void a_replay_at_another_time_is_the_same_row(void **state);
void a_replay_that_knows_less_is_the_same_row(void **state);
void the_rows_of_a_user_can_be_removed(void **state);
void a_row_with_any_client_id_is_stored(void **state);
void the_newest_rows_stay_in_any_order(void **state);
void several_writers_keep_the_newest(void **state);
void rows_of_hostile_names_come_back(void **state);
void what_is_no_row_is_refused_alone(void **state);
void logins_and_failures_are_kept_apart(void **state);
void records_are_not_touched_by_rows(void **state);
void the_newest_of_all_are_found(void **state); /* TRAIT_RECENT */
void old_rows_expire(void **state);		/* TRAIT_EXPIRES */

#endif
