/* SPDX-License-Identifier: MIT */
/* On a pseudo-terminal: a child shows its screens, the test is the terminal. */
#include <poll.h>
#include <pty.h>
#include <signal.h>
#include <termios.h>

#include "base/clock.h"
#include "cli/screen.h"
#include "ended.h"

#define LONG_MS 20000

struct terminal {
	int fd;
	pid_t pid;
	char seen[100000];
	size_t len;
	struct termios before;
};

/* It ends with 7 when screen_wait() wants it to. */
static void show(const char *text, int milliseconds)
{
	struct error error;

	if (screen_open(&error) < 0)
		_exit(1);
	do
		screen_show(text);
	while (!screen_wait(milliseconds));
	screen_close();
	_exit(7);
}

static void begin(struct terminal *terminal, const char *text, unsigned short rows,
		  unsigned short columns, int milliseconds)
{
	struct winsize size = {.ws_row = rows, .ws_col = columns};

	*terminal = (struct terminal){.len = 0};
	terminal->pid = forkpty(&terminal->fd, NULL, NULL, &size);
	assert_true(terminal->pid >= 0);
	if (terminal->pid == 0)
		show(text, milliseconds);
	assert_int_equal(tcgetattr(terminal->fd, &terminal->before), 0);
}

static bool read_some(struct terminal *terminal)
{
	struct pollfd in = {.fd = terminal->fd, .events = POLLIN};
	ssize_t got = 0;

	if (poll(&in, 1, LONG_MS) > 0)
		got = read(terminal->fd, terminal->seen + terminal->len,
			   sizeof(terminal->seen) - 1 - terminal->len);
	if (got <= 0)
		return false; /* EIO: the child is gone */
	terminal->len += (size_t)got;
	terminal->seen[terminal->len] = '\0';
	return true;
}

static void wait_for(struct terminal *terminal, const char *text)
{
	while (!strstr(terminal->seen, text)) {
		if (!read_some(terminal))
			fail_msg("never came: %s", text);
	}
}

static int end_of(struct terminal *terminal)
{
	int status;

	while (read_some(terminal))
		;
	assert_int_equal(waitpid(terminal->pid, &status, 0), terminal->pid);
	assert_true(WIFEXITED(status));
	close(terminal->fd);
	return WEXITSTATUS(status);
}

#define END "\033[J"

static void the_text_is_cut_to_the_screen(void **state)
{
	struct terminal *terminal = calloc(1, sizeof(*terminal));

	(void)state;
	begin(terminal, "\303\244bcde\nx\033y\177z\nlast\nno more\n", 3, 4, LONG_MS);
	wait_for(terminal, END);
	assert_string_equal(terminal->seen, "\033[?1049h\033[?25l\033[H"
					    "\303\244bcd\033[K\r\r\n"
					    "x?y?\033[K\r\r\n"
					    "last\033[K" END);
	assert_int_equal(write(terminal->fd, "q", 1), 1);
	assert_int_equal(end_of(terminal), 7);
	free(terminal);
}

static void a_short_text_leaves_the_rest_empty(void **state)
{
	struct terminal *terminal = calloc(1, sizeof(*terminal));

	(void)state;
	begin(terminal, "one\n", 0, 0, LONG_MS); /* a terminal without a size */
	wait_for(terminal, "\033[Hone\033[K" END);
	assert_int_equal(write(terminal->fd, "q", 1), 1);
	assert_int_equal(end_of(terminal), 7);
	free(terminal);
}

static void the_terminal_is_as_it_was_in_the_end(void **state)
{
	struct terminal *terminal = calloc(1, sizeof(*terminal));
	struct termios meanwhile, after;

	(void)state;
	begin(terminal, "x", 5, 5, LONG_MS);
	wait_for(terminal, END);
	assert_int_equal(tcgetattr(terminal->fd, &meanwhile), 0);
	assert_int_equal(meanwhile.c_lflag & (ICANON | ECHO), 0);
	assert_int_equal(kill(terminal->pid, SIGTERM), 0);
	wait_for(terminal, "\033[?25h\033[?1049l");
	for (int i = 0;
	     i < 5000 && tcgetattr(terminal->fd, &after) == 0 && !(after.c_lflag & ICANON); i++)
		usleep(1000); /* it is given back behind the last text */
	assert_int_equal(after.c_lflag & (ICANON | ECHO),
			 terminal->before.c_lflag & (ICANON | ECHO));
	assert_int_equal(end_of(terminal), 7);
	free(terminal);
}

static size_t screens(const struct terminal *terminal)
{
	size_t count = 0;

	for (const char *at = terminal->seen; (at = strstr(at, END)); at++)
		count++;
	return count;
}

static void another_key_or_size_shows_it_again(void **state)
{
	const struct winsize size = {.ws_row = 1, .ws_col = 2};
	struct terminal *terminal = calloc(1, sizeof(*terminal));

	(void)state;
	begin(terminal, "abc\ndef", 5, 5, LONG_MS);
	wait_for(terminal, END);
	assert_int_equal(write(terminal->fd, "r", 1), 1);
	while (screens(terminal) < 2)
		assert_true(read_some(terminal));
	assert_int_equal(ioctl(terminal->fd, TIOCSWINSZ, &size), 0);
	wait_for(terminal, "\033[Hab\033[K" END);
	assert_int_equal(kill(terminal->pid, SIGINT), 0);
	assert_int_equal(end_of(terminal), 7);
	free(terminal);
}

static void the_time_shows_it_again(void **state)
{
	struct terminal *terminal = calloc(1, sizeof(*terminal));

	(void)state;
	begin(terminal, "abc", 5, 5, 1);
	while (screens(terminal) < 5)
		assert_true(read_some(terminal));
	assert_int_equal(write(terminal->fd, "\004", 1), 1); /* raw: no end of file */
	assert_int_equal(write(terminal->fd, "q", 1), 1);
	assert_int_equal(end_of(terminal), 7);
	free(terminal);
}

static void a_terminal_that_is_gone_ends_it(void **state)
{
	struct terminal *terminal = calloc(1, sizeof(*terminal));
	int status;

	(void)state;
	begin(terminal, "abc", 5, 5, LONG_MS);
	wait_for(terminal, END);
	close(terminal->fd);
	assert_int_equal(waitpid(terminal->pid, &status, 0), terminal->pid);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 7);
	free(terminal);
}

static void open_without_one(const void *context)
{
	struct error error = {0};
	int ret;

	(void)context;
	close(STDIN_FILENO);
	ret = screen_open(&error);
	(void)printf("%d %s", ret, error.text);
}

static void without_a_terminal_there_is_an_error(void **state)
{
	char text[1000];

	(void)state;
	assert_int_equal(status_of(open_without_one, NULL, text, sizeof(text)), 0);
	assert_string_equal(text, "-9 terminal: Bad file descriptor");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_text_is_cut_to_the_screen),
		cmocka_unit_test(a_short_text_leaves_the_rest_empty),
		cmocka_unit_test(the_terminal_is_as_it_was_in_the_end),
		cmocka_unit_test(another_key_or_size_shows_it_again),
		cmocka_unit_test(the_time_shows_it_again),
		cmocka_unit_test(a_terminal_that_is_gone_ends_it),
		cmocka_unit_test(without_a_terminal_there_is_an_error),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
