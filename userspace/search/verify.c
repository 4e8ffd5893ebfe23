/* SPDX-License-Identifier: MIT */
/* The attacher's side. */
#include "search/verify.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "priv/fd_message.h"
#include "priv/start.h"
#include "search/verify_wire.h"

#define REAP_TRIES 100 /* of a millisecond: it was killed, but may hang in the kernel */

static void describe_function(const struct probe *probe, uint64_t offset,
			      const uint8_t code[ELF_FUNCTION_CODE],
			      struct verify_function *function)
{
	if (!probe)
		return;
	(void)snprintf(function->symbol, sizeof(function->symbol), "%s", probe->symbol);
	function->offset = offset;
	memcpy(function->code, code, ELF_FUNCTION_CODE);
}

void verify_describe(const struct verify *verify, const struct binary *binary,
		     struct verify_request *request_r)
{
	memset(request_r, 0, sizeof(*request_r)); /* padding, too */
	request_r->version = VERIFY_VERSION;
	request_r->rights = (uint32_t)verify->rights;
	request_r->user = verify->user;
	request_r->owner = getpid();
	request_r->fuse = verify->fuse;
	request_r->id = binary->id;
	memcpy(request_r->abi, binary->abi, sizeof(request_r->abi));
	describe_function(binary->probe, binary->offset, binary->code, &request_r->functions[0]);
	describe_function(binary->companion, binary->companion_offset, binary->companion_code,
			  &request_r->functions[1]);
}

static pid_t start(const struct verify *verify, const struct binary *binary, const int pair[2],
		   struct error *error_r)
{
	static const char *const argv[] = {"dovetap-attacher", "verify", NULL};
	const struct start process = {.program = verify->program, .argv = argv, .channel = pair[1]};
	struct verify_request request;
	int ret;

	verify_describe(verify, binary, &request);
	ret = fd_message_send(pair[0], &request, sizeof(request), &binary->fd, 1);
	return ret < 0 ? error_set(error_r, -ret, "%s", strerror(-ret))
		       : start_process(&process, error_r);
}

static int wait_for_answer(int channel)
{
	int64_t deadline = clock_monotonic_ns() + VERIFY_PATIENCE_NS, left;
	struct pollfd fd = {.fd = channel, .events = POLLIN};
	int ret;

	do {
		left = deadline - clock_monotonic_ns();
		ret = poll(&fd, 1, left > 0 ? (int)(left / NS_PER_MSEC) + 1 : 0);
	} while (ret < 0 && errno == EINTR);
	return ret < 0 ? -errno : ret == 0 ? -ETIMEDOUT : 0;
}

static int take_answer(int channel, struct error *error_r)
{
	struct verify_answer answer = {.code = EPIPE};
	int ret = wait_for_answer(channel);

	if (ret == -ETIMEDOUT)
		return error_set(error_r, ETIMEDOUT, "it cannot be read in time");
	if (ret == 0 && recv(channel, &answer, sizeof(answer), 0) != (ssize_t)sizeof(answer))
		ret = -EPIPE;
	if (ret < 0)
		return error_set(error_r, -ret, "no answer from what was to verify it: %s",
				 strerror(-ret));
	answer.text[sizeof(answer.text) - 1] = '\0';
	if (answer.code == 0)
		return 0;
	return error_set(error_r, answer.code > 0 ? answer.code : EBADMSG,
			 "it is not what the search has reported: %s", answer.text);
}

static void end(pid_t pid)
{
	kill(pid, SIGKILL);
	for (int i = 0; i < REAP_TRIES && waitpid(pid, NULL, WNOHANG) == 0; i++)
		usleep(1000);
}

int verify_binary(const struct verify *verify, const struct binary *binary, struct error *error_r)
{
	int pair[2], ret;
	pid_t pid;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
		return error_set(error_r, errno, "socketpair: %s", strerror(errno));
	pid = start(verify, binary, pair, error_r);
	close(pair[1]);
	ret = pid < 0 ? pid : take_answer(pair[0], error_r);
	close(pair[0]);
	if (pid > 0)
		end(pid);
	return ret;
}
