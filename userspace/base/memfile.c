/* SPDX-License-Identifier: MIT */
#include "base/memfile.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define SEALS (F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE)

static int write_all(int fd, struct slice content)
{
	while (content.len > 0) {
		ssize_t n = write(fd, content.ptr, content.len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return n < 0 ? -errno : -ENOSPC;
		content.ptr += n;
		content.len -= (size_t)n;
	}
	return 0;
}

int memfile_make(const char *name, struct slice content, struct error *error_r)
{
	int fd = memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING), ret;

	if (fd < 0)
		return error_set(error_r, errno, "memfd_create: %s", strerror(errno));
	ret = write_all(fd, content);
	if (ret == 0 && fcntl(fd, F_ADD_SEALS, SEALS) < 0)
		ret = -errno;
	if (ret == 0)
		return fd;
	close(fd);
	return error_set(error_r, -ret, "memory file %s: %s", name, strerror(-ret));
}

int memfile_map(int fd, size_t max, struct slice *content_r, struct error *error_r)
{
	int seals = fcntl(fd, F_GET_SEALS);
	struct stat st;
	void *at;

	if (seals < 0 || (seals & SEALS) != SEALS)
		return error_set(error_r, EPERM, "the memory file is not sealed");
	if (fstat(fd, &st) < 0)
		return error_set(error_r, errno, "the memory file: %s", strerror(errno));
	if (st.st_size <= 0)
		return error_set(error_r, EINVAL, "the memory file is empty");
	if ((size_t)st.st_size > max)
		return error_set(error_r, E2BIG, "the memory file is larger than %zu bytes", max);
	/* Private: shared, Linux before 6.7 refuses a file sealed like this, even for reading. */
	at = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
	if (at == MAP_FAILED)
		return error_set(error_r, errno, "the memory file: %s", strerror(errno));
	*content_r = (struct slice){at, (size_t)st.st_size};
	return 0;
}

void memfile_unmap(struct slice *content)
{
	if (content->ptr)
		munmap((void *)content->ptr, content->len);
	*content = (struct slice){0};
}
