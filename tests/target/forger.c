/* SPDX-License-Identifier: MIT */
/*
 * Makes up files for who looks for Dovecot's: forger LIBRARY COUNT copies LIBRARY to so many places
 * on file systems in memory, a hundred each, maps every copy, prints "made" and waits. It needs
 * libdovecot.so.0, as Dovecot's own programs do, and a mount namespace in which it may mount.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <unistd.h>

#define PER_MOUNT 100

static void fail(const char *what)
{
	perror(what);
	exit(EXIT_FAILURE);
}

static void make_directory(const char *path)
{
	if (mkdir(path, 0755) < 0 && errno != EEXIST)
		fail(path);
}

static void make(const char *library, int number)
{
	char mount_path[64], dir[128], path[192];
	int in = open(library, O_RDONLY | O_CLOEXEC), out;
	struct stat st;

	(void)snprintf(mount_path, sizeof(mount_path), "/mnt/%d", number / PER_MOUNT);
	make_directory(mount_path);
	if (number % PER_MOUNT == 0 && mount("none", mount_path, "tmpfs", 0, NULL) < 0)
		fail(mount_path);
	(void)snprintf(dir, sizeof(dir), "%s/%d", mount_path, number);
	make_directory(dir);
	(void)snprintf(path, sizeof(path), "%s/libdovecot-storage.so.0", dir);
	out = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0755);
	if (in < 0 || out < 0 || fstat(in, &st) < 0 ||
	    sendfile(out, in, NULL, (size_t)st.st_size) != st.st_size ||
	    mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE, out, 0) == MAP_FAILED)
		fail(path);
	close(out);
	close(in);
}

int main(int argc, char **argv)
{
	if (argc != 3 || mount("none", "/mnt", "tmpfs", 0, NULL) < 0)
		fail("forger LIBRARY COUNT");
	for (long i = 0; i < strtol(argv[2], NULL, 10); i++)
		make(argv[1], (int)i);
	(void)puts("made");
	(void)fflush(stdout);
	(void)pause();
	return EXIT_SUCCESS;
}
