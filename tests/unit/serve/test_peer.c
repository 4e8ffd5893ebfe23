/* SPDX-License-Identifier: MIT */
/* Processes of other users and groups connect; who they are is the kernel's word alone. Needs
 * root. */
#include <grp.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../cmocka_all.h"
#include "serve/peer.h"

#define READERS 7777U
#define MANY	99

struct who {
	uid_t uid;
	gid_t gid, last; /* last: of MANY other groups; 0: none */
	enum peer_role role;
};

/* A child makes the pair, so that its credentials are those of both ends. */
static int pair_of(const struct who *who)
{
	gid_t groups[MANY];
	int pair[2];

	for (unsigned int i = 0; i < MANY; i++)
		groups[i] = 50000 + i;
	groups[MANY - 1] = who->last;
	if (setgroups(who->last ? MANY : 0, groups) < 0 ||
	    setresgid(who->gid, who->gid, who->gid) < 0 ||
	    setresuid(who->uid, who->uid, who->uid) < 0 ||
	    socketpair(AF_UNIX, SOCK_STREAM, 0, pair) < 0)
		return -1;
	return pair[0];
}

static enum peer_role role_of(const struct who *who)
{
	int status, channel[2];
	char end = 0;
	pid_t pid;

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, channel), 0);
	pid = fork();
	if (pid == 0) {
		union {
			char room[CMSG_SPACE(sizeof(int))];
			struct cmsghdr align;
		} control = {0};
		struct iovec data = {.iov_base = &end, .iov_len = 1};
		struct msghdr message = {.msg_iov = &data,
					 .msg_iovlen = 1,
					 .msg_control = control.room,
					 .msg_controllen = sizeof(control.room)};
		int fd = pair_of(who);
		struct cmsghdr *header = CMSG_FIRSTHDR(&message);

		header->cmsg_level = SOL_SOCKET;
		header->cmsg_type = SCM_RIGHTS;
		header->cmsg_len = CMSG_LEN(sizeof(int));
		memcpy(CMSG_DATA(header), &fd, sizeof(fd));
		_exit(fd < 0 || sendmsg(channel[1], &message, 0) != 1);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	{
		union {
			char room[CMSG_SPACE(sizeof(int))];
			struct cmsghdr align;
		} control = {0};
		struct iovec data = {.iov_base = &end, .iov_len = 1};
		struct msghdr message = {.msg_iov = &data,
					 .msg_iovlen = 1,
					 .msg_control = control.room,
					 .msg_controllen = sizeof(control.room)};
		enum peer_role role;
		int fd;

		assert_int_equal(recvmsg(channel[0], &message, 0), 1);
		memcpy(&fd, CMSG_DATA(CMSG_FIRSTHDR(&message)), sizeof(fd));
		role = peer_role(fd, READERS);
		close(fd);
		close(channel[0]);
		close(channel[1]);
		return role;
	}
}

static void who_is_of_the_group(void **state)
{
	static const struct who all[] = {
		{0, 0, 0, PEER_OWNER},
		{0, 5000, 0, PEER_OWNER},
		{5000, READERS, 0, PEER_READER},
		{5000, 5000, READERS, PEER_READER},
		{5000, 5000, 0, PEER_OUTSIDER},
		{5000, 5000, READERS + 1, PEER_OUTSIDER},
		{5000, READERS - 1, 0, PEER_OUTSIDER},
		{5000, 0, 0, PEER_OUTSIDER},
		{READERS, 5000, 0, PEER_OUTSIDER},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
		assert_int_equal(role_of(&all[i]), all[i].role);
}

static void what_is_no_unix_socket_is_a_outsider(void **state)
{
	int fds[2], inet = socket(AF_INET, SOCK_STREAM, 0);

	(void)state;
	assert_int_equal(pipe(fds), 0);
	assert_int_equal(peer_role(fds[0], READERS), PEER_OUTSIDER);
	assert_int_equal(peer_role(inet, READERS), PEER_OUTSIDER);
	assert_int_equal(peer_role(-1, READERS), PEER_OUTSIDER);
	close(fds[0]);
	close(fds[1]);
	close(inet);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(who_is_of_the_group),
		cmocka_unit_test(what_is_no_unix_socket_is_a_outsider),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
