/* SPDX-License-Identifier: MIT */
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "cli/try_settings.h"
#include "plan_of.h"

static int try(const char *setting, struct error *error_r)
{
	struct plan *plan;
	char text[1000];
	int ret;

	(void)snprintf(text, sizeof(text), "dovetap {\n %s%s\n}\n", setting,
		       strncmp(setting, "state_dir", 9) == 0 ? "" : "\n state_dir = /tmp");
	plan = plan_of(text);
	ret = try_settings(plan, error_r);
	plan_free(&plan);
	return ret;
}

static void fails(const char *setting, const char *expected)
{
	struct error error = {0};

	assert_int_equal(try(setting, &error), -EINVAL);
	if (!strstr(error.text, ":2: ") || !strstr(error.text, expected))
		fail_msg("'%s' is not in '%s'", expected, error.text);
}

static void works(const char *setting)
{
	struct error error = {0};

	if (try(setting, &error) < 0)
		fail_msg("%s", error.text);
}

static void a_directory_needs_the_one_above_it(void **state)
{
	(void)state;
	works("state_dir = /tmp/dovetap-is-not-there");
	fails("state_dir = /no/such/folder", "state_dir: /no/such: No such file or directory");
	fails("spool_dir = spool", "spool_dir: \"spool\" is no absolute path");
	fails("spool_dir = /dev/null", "spool_dir: /dev/null: Not a directory");
	works("control_socket = /tmp/not-there/control.sock");
	fails("control_socket = /tmp/not/there/control.sock", "control_socket: /tmp/not: No such");
	works("control_socket =");
}

/* One that a dovetap answers at, or that a killed one has left. */
static void a_socket_may_be_there_already(void **state)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX, .sun_path = "/tmp/dovetap-try.sock"};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	(void)state;
	(void)unlink(address.sun_path);
	assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	close(fd);
	works("control_socket = /tmp/dovetap-try.sock");
	works("metrics_listen = /tmp/dovetap-try.sock");
	assert_int_equal(unlink(address.sun_path), 0);
}

static void addresses_are_paths_or_of_loopback(void **state)
{
	(void)state;
	works("metrics_listen = [::1]:9190");
	works("metrics_listen = /tmp/metrics.sock");
	fails("metrics_listen = 9190",
	      "metrics_listen: 9190: a socket path or an address and port");
	fails("metrics_listen = 192.0.2.1:9190",
	      "metrics_listen: others than this machine reach it");
	fails("metrics_listen = /no/such/metrics.sock", "metrics_listen: /no/such: No such");
}

static void pins_and_users_must_be_possible(void **state)
{
	(void)state;
	fails("pin = /tmp/pins", "pin: /tmp/pins is not in bpffs");
	works("pin = /sys/fs/bpf/dovetap"); /* though bpffs may not be there */
	fails("user = nosuchuser", "user: ");
	fails("user = root", "user: ");
	works("user = nobody");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_directory_needs_the_one_above_it),
		cmocka_unit_test(a_socket_may_be_there_already),
		cmocka_unit_test(addresses_are_paths_or_of_loopback),
		cmocka_unit_test(pins_and_users_must_be_possible),
	};

	return cmocka_run_group_tests(tests, enter_folder, leave_folder);
}
