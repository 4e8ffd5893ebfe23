/* SPDX-License-Identifier: MIT */
#include "server.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../unit/cmocka_all.h"

#define TRIES 2000 /* of 5 ms */

static struct sockaddr_in loopback(int port)
{
	return (struct sockaddr_in){.sin_family = AF_INET,
				    .sin_port = htons((uint16_t)port),
				    .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
}

int server_free_port(void)
{
	FILE *pipe = popen("tests/harness/free-ports 1", "r");
	int port;

	assert_non_null(pipe);
	assert_int_equal(fscanf(pipe, "%d", &port), 1);
	pclose(pipe);
	return port;
}

static bool accepts(const struct server *server)
{
	struct sockaddr_un path = {.sun_family = AF_UNIX};
	struct sockaddr_in port = loopback(server->port);
	bool unix_socket = server->socket[0] != '\0';
	int fd = socket(unix_socket ? AF_UNIX : AF_INET, SOCK_STREAM, 0), ret;

	memcpy(path.sun_path, server->socket, sizeof(path.sun_path));
	ret = unix_socket ? connect(fd, (struct sockaddr *)&path, sizeof(path))
			  : connect(fd, (struct sockaddr *)&port, sizeof(port));
	close(fd);
	return ret == 0;
}

static void run_program(const struct server *server)
{
	int null = open("/dev/null", O_RDWR);

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	dup2(null, STDIN_FILENO);
	dup2(null, STDOUT_FILENO);
	execvp(server->arguments[0], (char *const *)(uintptr_t)server->arguments);
	_exit(127);
}

void server_start(struct server *server)
{
	server->pid = fork();
	assert_true(server->pid >= 0);
	if (server->pid == 0)
		run_program(server);
	for (int i = 0; i < TRIES && !accepts(server); i++) {
		if (waitpid(server->pid, NULL, WNOHANG) == server->pid)
			fail_msg("%s ended at once", server->arguments[0]);
		usleep(5000);
	}
	assert_true(accepts(server));
}

void server_kill(struct server *server)
{
	if (server->pid == 0)
		return;
	kill(server->pid, SIGKILL);
	waitpid(server->pid, NULL, 0);
	server->pid = 0;
}

void server_pause(const struct server *server)
{
	int status;

	kill(server->pid, SIGSTOP);
	waitpid(server->pid, &status, WUNTRACED);
}

void server_resume(const struct server *server)
{
	kill(server->pid, SIGCONT);
}
