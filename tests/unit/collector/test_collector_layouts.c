/* SPDX-License-Identifier: MIT */
/* Records are believed only from files whose layout is; in a collector that runs. */
#include "collector_case.h"
#include "proof/remembered.h"

static char printed[1 << 16];

static void send_about(struct running *it, enum priv_message_type type, uint64_t file)
{
	struct priv_message message = {.version = PRIV_PROTO_VERSION,
				       .type = type,
				       .role = PRIV_ROLE_MAIL_USER,
				       .links = (uint32_t)file,
				       .file = file};

	(void)snprintf(message.path, sizeof(message.path), "/lib/%d", (int)file);
	(void)snprintf(message.abi, sizeof(message.abi), "2.4.ABIv1");
	assert_int_equal(priv_send(it->peer, &message), 0);
}

static void a_refused_file_has_no_logins(void **state)
{
	struct running *it = running_start("");

	(void)state;
	send_about(it, PRIV_REFUSED, 5);
	wait_for_answer(it->control, "/metrics", "\ndovetap_probes_attached 5\n");
	running_login_of(it, "refused@x", 5);
	running_login_of(it, "unnamed@x", 0);
	wait_for_file("dict", "unnamed@x");
	wait_for_answer(it->control, "/metrics", "{stage=\"proof\",reason=\"layout_refused\"} 1\n");
	assert_int_equal(kill(it->pid, SIGTERM), 0);
	assert_int_equal(running_end(it, printed, sizeof(printed)), 0);
	assert_false(file_has("dict", "refused@x"));
	assert_int_equal(unlink("dict"), 0);
}

/* What was proved before is in a file; one that is none costs the proof, not the logins. */
static void a_memory_that_is_none_is_reported(void **state)
{
	(void)state;
	for (int broken = 0; broken < 2; broken++) {
		struct running *it;

		if (broken)
			assert_int_equal(mkdir(REMEMBERED_NAME, 0700), 0);
		it = running_start("");
		running_login_of(it, "plain@x", 0);
		wait_for_file("dict", "plain@x");
		assert_int_equal(kill(it->pid, SIGTERM), 0);
		assert_int_equal(running_end(it, printed, sizeof(printed)), 0);
		if (broken)
			assert_non_null(strstr(printed, "the proof of layouts begins anew: "));
		else
			assert_null(strstr(printed, "begins anew"));
		assert_int_equal(unlink("dict"), 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_refused_file_has_no_logins),
		cmocka_unit_test(a_memory_that_is_none_is_reported),
	};

	return cmocka_run_group_tests(tests, enter_folder, leave_folder);
}
