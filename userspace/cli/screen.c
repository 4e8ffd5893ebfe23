/* SPDX-License-Identifier: MIT */
#include "cli/screen.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include "base/buf.h"

/* Of ECMA-48, and xterm's second screen. */
#define ENTER  "\033[?1049h\033[?25l"
#define LEAVE  "\033[?25h\033[?1049l"
#define HOME   "\033[H"
#define TO_EOL "\033[K"
#define TO_END "\033[J"

#define SCREEN_MAX (1U << 20)

static struct termios before;
static volatile sig_atomic_t ended, stopped;

static void on_signal(int signal)
{
	if (signal == SIGTSTP)
		stopped = 1;
	else
		ended |= signal != SIGWINCH;
}

static void catch_signals(void)
{
	static const int signals[] = {SIGINT, SIGTERM, SIGHUP, SIGWINCH, SIGTSTP};
	/* Without SA_RESTART: poll() shall notice. */
	const struct sigaction action = {.sa_handler = on_signal};

	for (size_t i = 0; i < sizeof(signals) / sizeof(signals[0]); i++)
		(void)sigaction(signals[i], &action, NULL);
}

static void put(const char *text, size_t len)
{
	while (len > 0) {
		ssize_t bytes = write(STDOUT_FILENO, text, len);

		if (bytes < 0 && errno == EINTR)
			continue;
		if (bytes <= 0) {
			ended = 1;
			return;
		}
		text += bytes;
		len -= (size_t)bytes;
	}
}

static int enter(struct error *error_r)
{
	struct termios raw = before;

	raw.c_lflag &= ~(tcflag_t)(ICANON | ECHO);
	if (tcsetattr(STDIN_FILENO, TCSANOW, &raw) < 0)
		return error_set(error_r, errno, "terminal: %m");
	put(ENTER, strlen(ENTER));
	return 0;
}

int screen_open(struct error *error_r)
{
	if (tcgetattr(STDIN_FILENO, &before) < 0)
		return error_set(error_r, errno, "terminal: %m");
	catch_signals();
	return enter(error_r);
}

void screen_close(void)
{
	put(LEAVE, strlen(LEAVE));
	(void)tcsetattr(STDIN_FILENO, TCSANOW, &before);
}

static struct winsize size_of_screen(void)
{
	struct winsize size = {.ws_row = 0};

	if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) < 0 || size.ws_row == 0 || size.ws_col == 0)
		size = (struct winsize){.ws_row = 24, .ws_col = 80};
	return size;
}

static bool is_continuation(char c)
{
	return ((unsigned char)c & 0xc0) == 0x80;
}

static bool is_control(char c)
{
	return (unsigned char)c < ' ' || c == 0x7f;
}

/* One line, cut to as many characters; returns what stands behind it. */
static const char *add_line(struct buf *out, const char *text, unsigned int columns)
{
	unsigned int used = 0;

	for (; *text && *text != '\n'; text++) {
		used += !is_continuation(*text);
		if (used <= columns)
			buf_append(out, is_control(*text) ? "?" : text, 1);
	}
	buf_append_str(out, TO_EOL);
	return *text ? text + 1 : text;
}

void screen_show(const char *text)
{
	struct winsize size = size_of_screen();
	struct buf out;

	buf_init(&out, SCREEN_MAX);
	buf_append_str(&out, HOME);
	for (unsigned int row = 1; *text && row <= size.ws_row; row++) {
		text = add_line(&out, text, size.ws_col);
		if (*text && row < size.ws_row)
			buf_append_str(&out, "\r\n");
	}
	buf_append_str(&out, TO_END);
	put(buf_str(&out), out.len);
	buf_release(&out);
}

/* The shell gets its terminal back as it was, and we ours when it lets us go on. */
static void stop(void)
{
	stopped = 0;
	screen_close();
	(void)raise(SIGSTOP);
	if (enter(NULL) < 0)
		ended = 1;
}

bool screen_wait(int milliseconds)
{
	struct pollfd in = {.fd = STDIN_FILENO, .events = POLLIN};
	char key;

	int ready = ended ? 0 : poll(&in, 1, milliseconds);

	if (stopped) {
		stop();
		return ended;
	}
	if (ready > 0)
		return read(STDIN_FILENO, &key, 1) != 1 || key == 'q' || ended;
	return ended;
}
