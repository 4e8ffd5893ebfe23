/* SPDX-License-Identifier: MIT */
/*
 * One JSON object a line, to a file or to standard output.
 *
 * Before a batch is written the path is looked at: when it no longer leads to the open file
 * (logrotate has moved it), the file of that name is opened, or made with mode 0640. A write that
 * was cut short, on a full disk, is taken up again where it ended; a file that ends within a line,
 * after a power cut, gets the newline first.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "audit/sink.h"

static int encode_line(const struct audit_record *record, struct buf *out)
{
	audit_record_json(record, out);
	return buf_append_char(out, '\n');
}

static void file_close(struct audit_sink *sink)
{
	if (sink->fd >= 0)
		close(sink->fd);
	sink->fd = -1;
	sink->partial = 0;
}

static bool was_moved(const struct audit_sink *sink)
{
	struct stat there, open;

	return stat(sink->path, &there) < 0 || fstat(sink->fd, &open) < 0 ||
	       there.st_ino != open.st_ino || there.st_dev != open.st_dev;
}

/* True when what is in the file ends with a whole line. */
static bool ends_whole(int fd)
{
	struct stat file;
	char last;

	return fstat(fd, &file) < 0 || !S_ISREG(file.st_mode) || file.st_size == 0 ||
	       pread(fd, &last, 1, file.st_size - 1) != 1 || last == '\n';
}

static int file_open(struct audit_sink *sink, struct error *error_r)
{
	if (sink->fd >= 0 && was_moved(sink))
		file_close(sink);
	if (sink->fd >= 0)
		return 0;
	sink->fd = open(sink->path, O_RDWR | O_APPEND | O_CREAT | O_CLOEXEC | O_NOCTTY, 0640);
	if (sink->fd < 0)
		return error_set(error_r, errno, "%s: cannot open it: %m", sink->path);
	if (ends_whole(sink->fd) || write(sink->fd, "\n", 1) == 1)
		return 0;
	error_set(error_r, errno, "%s: %m", sink->path);
	file_close(sink);
	return -error_r->code;
}

/* Moves *next and partial over so many bytes that went out. */
static void advance(struct audit_sink *sink, const struct audit_batch *batch, size_t *next,
		    size_t bytes)
{
	sink->partial += bytes;
	while (*next < batch->count && sink->partial >= audit_batch_record(batch, *next).len)
		sink->partial -= audit_batch_record(batch, (*next)++).len;
}

static int write_lines(struct audit_sink *sink, const struct audit_batch *batch, size_t *next,
		       struct error *error_r)
{
	while (*next < batch->count) {
		const char *from = audit_batch_record(batch, *next).ptr + sink->partial;
		ssize_t bytes = write(sink->fd, from,
				      (size_t)(batch->bytes.data + batch->bytes.len - from));

		if (bytes < 0 && errno == EINTR)
			continue;
		if (bytes < 0)
			return error_set(error_r, errno, "%s: %m", sink->path);
		advance(sink, batch, next, (size_t)bytes);
	}
	return 0;
}

static int file_write(struct audit_sink *sink, const struct audit_batch *batch, size_t *next,
		      struct error *error_r)
{
	int ret = file_open(sink, error_r);

	return ret < 0 ? ret : write_lines(sink, batch, next, error_r);
}

/* One that is not there can be made where its directory lets this process. */
static int try_directory(const char *path, struct error *error_r)
{
	const char *slash = strrchr(path, '/');
	char dir[PATH_MAX];

	(void)snprintf(dir, sizeof(dir), "%.*s", (int)(slash - path), path);
	if (faccessat(AT_FDCWD, *dir ? dir : "/", W_OK | X_OK, AT_EACCESS) < 0)
		return error_set(error_r, errno, "%s: cannot open it: %m", path);
	return 0;
}

static int file_try(const struct audit_sink *sink, struct error *error_r)
{
	int fd = open(sink->path, O_RDWR | O_APPEND | O_CLOEXEC | O_NOCTTY);

	if (fd < 0 && errno == ENOENT)
		return try_directory(sink->path, error_r);
	if (fd < 0)
		return error_set(error_r, errno, "%s: cannot open it: %m", sink->path);
	close(fd);
	return 0;
}

const struct audit_sink_ops audit_file_sink = {
	.encode = encode_line,
	.write = file_write,
	.try = file_try,
	.close = file_close,
};

static int stdout_write(struct audit_sink *sink, const struct audit_batch *batch, size_t *next,
			struct error *error_r)
{
	sink->fd = STDOUT_FILENO;
	return write_lines(sink, batch, next, error_r);
}

/* It stays open for others. */
static void stdout_close(struct audit_sink *sink)
{
	sink->fd = -1;
}

const struct audit_sink_ops audit_stdout_sink = {
	.name = "stdout",
	.encode = encode_line,
	.write = stdout_write,
	.close = stdout_close,
};
