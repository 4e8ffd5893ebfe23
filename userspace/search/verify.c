/* SPDX-License-Identifier: MIT */
/* The attacher's side. */
#include "search/verify.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "priv/fd_message.h"
#include "priv/start.h"
#include "search/file_id.h"
#include "search/verify_wire.h"

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

static void describe(const struct verify *verify, struct verify_request *request_r)
{
	memset(request_r, 0, sizeof(*request_r)); /* padding, too */
	request_r->version = VERIFY_VERSION;
	request_r->rights = (uint32_t)verify->rights;
	request_r->user = verify->user;
	request_r->owner = getpid();
	request_r->fuse = verify->fuse;
}

void verify_describe(const struct verify *verify, const struct binary *binary,
		     struct verify_request *request_r)
{
	describe(verify, request_r);
	request_r->id = binary->id;
	memcpy(request_r->abi, binary->abi, sizeof(request_r->abi));
	describe_function(binary->probe, binary->offset, binary->code, &request_r->functions[0]);
	describe_function(binary->companion, binary->companion_offset, binary->companion_code,
			  &request_r->functions[1]);
}

static int start(const struct verify *verify, struct verifier_process *process_r,
		 struct error *error_r)
{
	static const char *const argv[] = {"dovetap-attacher", "verify", NULL};
	struct start process = {.program = verify->program, .argv = argv};
	int pair[2];
	pid_t pid;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
		return error_set(error_r, errno, "socketpair: %s", strerror(errno));
	process.channel = pair[1];
	pid = start_process(&process, error_r);
	close(pair[1]);
	if (pid < 0)
		close(pair[0]);
	else
		*process_r = (struct verifier_process){pid, pair[0]};
	return pid < 0 ? pid : 0;
}

static int ask(const struct verify_request *request, int fd, const struct verifier_process *process)
{
	return fd_message_send(process->channel, request, sizeof(*request), &fd, 1);
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

/* Those that hang in the kernel may be many; then one is not waited for any more. */
static void end(struct verify *verify, struct verifier_process *process)
{
	size_t at = 0;

	if (process->pid == 0)
		return;
	close(process->channel);
	kill(process->pid, SIGKILL);
	while (at < VERIFY_ENDING_MAX - 1 && verify->ending[at] != 0)
		at++;
	verify->ending[at] = process->pid;
	*process = (struct verifier_process){0};
}

static void reap(struct verify *verify)
{
	for (size_t i = 0; i < VERIFY_ENDING_MAX; i++) {
		if (verify->ending[i] != 0 && waitpid(verify->ending[i], NULL, WNOHANG) != 0)
			verify->ending[i] = 0;
	}
}

static struct verifier_process take_spare(struct verify *verify)
{
	struct verifier_process process = verify->spare;

	verify->spare = (struct verifier_process){0};
	verify->spare_until_ns = 0;
	return process;
}

void verify_expect(struct verify *verify)
{
	if (verify->spare.pid == 0 && start(verify, &verify->spare, NULL) < 0)
		return;
	verify->spare_until_ns = clock_monotonic_ns() + VERIFY_SPARE_NS;
}

int64_t verify_due_ns(const struct verify *verify)
{
	return verify->spare_until_ns != 0 ? verify->spare_until_ns : INT64_MAX;
}

void verify_due(struct verify *verify)
{
	struct verifier_process process;

	reap(verify);
	if (clock_monotonic_ns() < verify_due_ns(verify))
		return;
	process = take_spare(verify);
	end(verify, &process);
}

void verify_release(struct verify *verify)
{
	struct verifier_process process = take_spare(verify);

	end(verify, &process);
	reap(verify);
}

/* One that was started ahead may have been killed since. */
static int ask_one(struct verify *verify, const struct verify_request *request, int fd,
		   struct verifier_process *process_r, struct error *error_r)
{
	int ret;

	*process_r = take_spare(verify);
	if (process_r->pid != 0 && ask(request, fd, process_r) == 0)
		return 0;
	end(verify, process_r);
	ret = start(verify, process_r, error_r);
	if (ret < 0)
		return ret;
	ret = ask(request, fd, process_r);
	return ret < 0 ? error_set(error_r, -ret, "%s", strerror(-ret)) : 0;
}

static int verify_file_of(struct verify *verify, const struct verify_request *request, int fd,
			  struct error *error_r)
{
	struct verifier_process process;
	int ret = ask_one(verify, request, fd, &process, error_r);

	if (ret == 0)
		ret = take_answer(process.channel, error_r);
	end(verify, &process);
	reap(verify);
	verify_expect(verify); /* a Dovecot has several */
	return ret;
}

int verify_binary(struct verify *verify, const struct binary *binary, struct error *error_r)
{
	struct verify_request request;

	verify_describe(verify, binary, &request);
	return verify_file_of(verify, &request, binary->fd, error_r);
}

int verify_master(struct verify *verify, int fd, struct error *error_r)
{
	struct verify_request request;
	struct stat st;

	if (fstat(fd, &st) < 0)
		return error_set(error_r, errno, "%s", strerror(errno));
	describe(verify, &request);
	request.master = true;
	file_id_from_stat(&request.id, &st);
	return verify_file_of(verify, &request, fd, error_r);
}
