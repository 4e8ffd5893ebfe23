/* SPDX-License-Identifier: MIT */
/*
 * A process of a hostile container; as it needs libdovecot.so, discovery looks at what it does:
 *
 *	hostile map FILE...	maps each to be executed, and waits
 *	hostile rewrite FILE	writes it anew all the time, now half of it, now all
 *	hostile grow FILE...	writes one byte more to each, in turn, all the time
 *	hostile die PROGRAM	starts it all the time; it is this one, and ends at once
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static void fail(const char *what)
{
	perror(what);
	exit(1);
}

static void map(char **files)
{
	for (; *files; files++) {
		int fd = open(*files, O_RDONLY | O_CLOEXEC);
		struct stat st;

		if (fd < 0 || fstat(fd, &st) < 0 ||
		    mmap(NULL, (size_t)st.st_size | 1, PROT_READ | PROT_EXEC, MAP_PRIVATE, fd, 0) ==
			    MAP_FAILED)
			fail(*files);
		close(fd);
	}
	puts("mapped");
	(void)fflush(stdout);
	pause();
}

static void write_part(const char *file, const char *bytes, size_t size)
{
	int fd = open(file, O_WRONLY | O_TRUNC | O_CLOEXEC);

	if (fd < 0 || write(fd, bytes, size) != (ssize_t)size)
		fail(file);
	close(fd);
}

static void rewrite(const char *file)
{
	int fd = open(file, O_RDONLY | O_CLOEXEC);
	struct stat st;
	char *bytes;

	if (fd < 0 || fstat(fd, &st) < 0)
		fail(file);
	bytes = malloc((size_t)st.st_size);
	if (!bytes || read(fd, bytes, (size_t)st.st_size) != st.st_size)
		fail(file);
	for (;;) {
		write_part(file, bytes, (size_t)st.st_size / 2);
		write_part(file, bytes, (size_t)st.st_size);
	}
}

static void grow(char **files)
{
	for (char **file = files; *file; file = file[1] ? file + 1 : files) {
		int fd = open(*file, O_WRONLY | O_APPEND | O_CLOEXEC);

		if (fd < 0 || write(fd, "", 1) != 1)
			fail(*file);
		close(fd);
	}
}

static void die(const char *program)
{
	for (;;) {
		pid_t pid = fork();

		if (pid == 0) {
			execl(program, program, (char *)NULL);
			_exit(1);
		}
		if (pid < 0 || waitpid(pid, NULL, 0) < 0)
			fail(program);
	}
}

int main(int argc, char **argv)
{
	if (argc > 2 && strcmp(argv[1], "map") == 0)
		map(argv + 2);
	if (argc == 3 && strcmp(argv[1], "rewrite") == 0)
		rewrite(argv[2]);
	if (argc > 2 && strcmp(argv[1], "grow") == 0)
		grow(argv + 2);
	if (argc == 3 && strcmp(argv[1], "die") == 0)
		die(argv[2]);
	return 0;
}
