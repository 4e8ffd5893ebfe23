/* SPDX-License-Identifier: MIT */
/*
 * What a local user may make: by all that can be read of it, this is Dovecot's master. It runs a
 * command as its child.
 */
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

int master_instance_list_update(void);

int main(int argc, char **argv)
{
	int status = -1;
	pid_t pid;

	if (argc < 2)
		return master_instance_list_update();
	pid = fork();
	if (pid == 0) {
		execv(argv[1], argv + 1);
		_exit(EXIT_FAILURE);
	}
	waitpid(pid, &status, 0);
	return status == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
