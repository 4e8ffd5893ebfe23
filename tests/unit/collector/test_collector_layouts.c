/* SPDX-License-Identifier: MIT */
/* Records are believed only from files whose layout is; in a collector that runs. */
#include "collector_case.h"

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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_refused_file_has_no_logins),
	};

	return cmocka_run_group_tests(tests, enter_folder, leave_folder);
}
