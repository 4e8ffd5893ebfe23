/* SPDX-License-Identifier: MIT */
/* The pages of a collector that runs. */
#include "collector_case.h"

static char printed[1 << 16], metrics_address[32];
static struct running *it;

/* A port that nobody has: the kernel chooses it, and it is free again. */
static int free_port(void)
{
	struct sockaddr_storage address = {.ss_family = AF_INET};
	socklen_t len = sizeof(address);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	unsigned char port[2];

	assert_int_equal(bind(fd, (struct sockaddr *)&address, 16), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&address, &len), 0);
	memcpy(port, (const char *)&address + 2, 2);
	close(fd);
	return port[0] << 8 | port[1];
}

static int set_up(void **state)
{
	char setting[100];

	if (enter_folder(state) < 0)
		return -1;
	(void)snprintf(metrics_address, sizeof(metrics_address), "127.0.0.1:%d", free_port());
	(void)snprintf(setting, sizeof(setting), "metrics_listen = %s", metrics_address);
	it = running_start(setting);
	return 0;
}

static int tear_down(void **state)
{
	kill(it->pid, SIGTERM);
	return running_end(it, printed, sizeof(printed)) == 0 ? leave_folder(state) : -1;
}

static void send_message(enum priv_message_type type)
{
	struct priv_message message = {.version = PRIV_PROTO_VERSION,
				       .type = type,
				       .links = 3,
				       .refused = 1,
				       .stalled = 2,
				       .limited = 4,
				       .dovecots = 6,
				       .refused_by = {[PRIV_REFUSAL_FUSE] = 1}};

	(void)snprintf(message.path, sizeof(message.path), "/lib/x");
	(void)snprintf(message.reason, sizeof(message.reason), "no layout");
	assert_int_equal(priv_send(it->peer, &message), 0);
}

static bool is_ok(const char *answer)
{
	return strncmp(answer, "HTTP/1.", 7) == 0 && strncmp(answer + 8, " 200 ", 5) == 0;
}

static void it_is_ready_after_the_first_search(void **state)
{
	(void)state;
	assert_true(is_ok(ask(it->control, "/livez")));
	assert_non_null(strstr(ask(it->control, "/readyz"), " 503 "));
	send_message(PRIV_ATTACHED);
	wait_for_answer(it->control, "/metrics", "\ndovetap_probes_attached 3\n");
	assert_non_null(strstr(ask(it->control, "/readyz"), " 503 "));
	send_message(PRIV_INITIAL_SCAN_DONE);
	wait_for_answer(it->control, "/readyz", " 200 ");
}

static void the_attachers_numbers_are_metrics(void **state)
{
	const char *text;

	(void)state;
	send_message(PRIV_REFUSED);
	wait_for_answer(it->control, "/summary", "/lib/x: no layout");
	text = ask(it->control, "/metrics");
	assert_non_null(strstr(text, "\ndovetap_builds_refused 1\n"));
	assert_non_null(strstr(text, "\ndovetap_files_not_attached{reason=\"fuse\"} 1\n"));
	assert_non_null(strstr(text, "\ndovetap_files_not_attached{reason=\"attach\"} 0\n"));
	assert_non_null(strstr(text, "\ndovetap_dovecot_processes 6\n"));
	assert_non_null(strstr(text, "\nprocess_cpu_seconds_total{process=\"attacher\"} "));
	assert_non_null(strstr(text, "\ndovetap_places_stalled 2\n"));
	assert_non_null(strstr(text, "\ndovetap_search_limited 4\n"));
	assert_non_null(strstr(text, "\ndovetap_ring_inherited 0\n"));
	assert_non_null(strstr(ask(it->control, "/status"), "\"dovetap_builds_refused\""));
}

/* Names and addresses of users are for those who may open the control socket. */
static void names_of_users_are_on_the_control_socket_alone(void **state)
{
	static const char *const pages[] = {"/top", "/top.json", "/top/failures",
					    "/top/failures.json"};

	(void)state;
	running_login(it, "name@x");
	wait_for_answer(it->control, "/top", "name@x");
	assert_non_null(strstr(ask(it->control, "/top.json"), "\"user\":\"name@x\""));
	assert_non_null(strstr(ask(it->control, "/top.json"), "application/json"));
	assert_non_null(strstr(ask(it->control, "/top/failures"), "0 failures since"));
	assert_non_null(strstr(ask(it->control, "/top/failures.json"), "\"by_user\""));
	for (size_t i = 0; i < sizeof(pages) / sizeof(pages[0]); i++) {
		assert_true(is_ok(ask(it->control, pages[i])));
		assert_non_null(strstr(ask(metrics_address, pages[i]), " 404 "));
	}
	assert_true(is_ok(ask(metrics_address, "/metrics")));
	assert_null(strstr(ask(metrics_address, "/metrics"), "name@x"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(it_is_ready_after_the_first_search),
		cmocka_unit_test(the_attachers_numbers_are_metrics),
		cmocka_unit_test(names_of_users_are_on_the_control_socket_alone),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
