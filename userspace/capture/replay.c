/* SPDX-License-Identifier: MIT */
#include "capture/replay.h"

#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

struct file_head {
	char magic[8];
	uint32_t version;
	uint32_t reserved;
	int64_t wall_minus_boot;
};

_Static_assert(sizeof(struct file_head) == 24, "recorded file head moved: raise REPLAY_VERSION");

static const char magic[8] = "dovetap";

struct replay {
	struct event_source source;
	FILE *file;
	char *path;
	uint64_t position; /* byte offset behind the last record lent */
	char *record;	   /* REPLAY_EVENT_MAX bytes */
};

static int truncated(const struct replay *replay, struct error *error_r)
{
	return error_set(error_r, EBADMSG, "%s: byte %llu: the record ends early", replay->path,
			 (unsigned long long)replay->position);
}

static int read_size(struct replay *replay, uint32_t *size_r, struct error *error_r)
{
	size_t got = fread(size_r, 1, sizeof(*size_r), replay->file);

	if (got == 0 && feof(replay->file))
		return -ENODATA;
	if (got != sizeof(*size_r))
		return truncated(replay, error_r);
	*size_r = le32toh(*size_r);
	if (*size_r > REPLAY_EVENT_MAX)
		return error_set(error_r, EBADMSG, "%s: byte %llu: a record of %u bytes",
				 replay->path, (unsigned long long)replay->position, *size_r);
	return 0;
}

/* The one buffer is lent again for every record; the pipeline copies what it keeps. */
static int replay_peek(struct event_source *source, struct slice *record_r, uint64_t *position_r,
		       struct error *error_r)
{
	struct replay *replay = (struct replay *)source;
	uint32_t size = 0;
	int ret;

	*position_r = replay->position;
	ret = read_size(replay, &size, error_r);
	if (ret < 0)
		return ret;
	if (fread(replay->record, 1, size, replay->file) != size)
		return truncated(replay, error_r);
	replay->position += sizeof(size) + size;
	*record_r = (struct slice){replay->record, size};
	*position_r = replay->position;
	return 1;
}

static void replay_release(struct event_source *source, uint64_t position)
{
	(void)source;
	(void)position;
}

static int replay_fd(struct event_source *source)
{
	(void)source;
	return -1;
}

static void replay_close(struct event_source *source)
{
	struct replay *replay = (struct replay *)source;

	if (replay->file)
		(void)fclose(replay->file);
	free(replay->path);
	free(replay->record);
	free(replay);
}

static void replay_level(struct event_source *source, struct source_level *level_r)
{
	(void)source;
	*level_r = (struct source_level){0};
}

static const struct event_source_ops replay_ops = {
	.peek = replay_peek,
	.release = replay_release,
	.fd = replay_fd,
	.level = replay_level,
	.close = replay_close,
};

static int read_head(struct replay *replay, struct clock_offset *offset_r, struct error *error_r)
{
	struct file_head head;

	if (fread(&head, sizeof(head), 1, replay->file) != 1 ||
	    memcmp(head.magic, magic, sizeof(magic)) != 0)
		return error_set(error_r, EPROTO, "%s: not a file of recorded dovetap events",
				 replay->path);
	if (le32toh(head.version) != REPLAY_VERSION)
		return error_set(error_r, EPROTO,
				 "%s: recorded in version %u, this program reads version %u",
				 replay->path, le32toh(head.version), REPLAY_VERSION);
	offset_r->wall_minus_boot = (int64_t)le64toh((uint64_t)head.wall_minus_boot);
	replay->position = sizeof(head);
	return 0;
}

int replay_open(const char *path, struct event_source **source_r, struct clock_offset *offset_r,
		struct error *error_r)
{
	struct replay *replay = calloc(1, sizeof(*replay));
	int ret;

	if (!replay)
		return error_set(error_r, ENOMEM, "out of memory for %s", path);
	replay->source.ops = &replay_ops;
	replay->path = strdup(path);
	replay->record = malloc(REPLAY_EVENT_MAX);
	replay->file = fopen(path, "re");
	if (!replay->path || !replay->record)
		ret = error_set(error_r, ENOMEM, "out of memory for %s", path);
	else if (!replay->file)
		ret = error_set(error_r, errno, "%s: %m", path);
	else
		ret = read_head(replay, offset_r, error_r);
	if (ret < 0)
		replay_close(&replay->source);
	else
		*source_r = &replay->source;
	return ret;
}

struct recorder {
	FILE *file;
};

static int write_failed(struct error *error_r)
{
	return error_set(error_r, errno ? errno : EIO, "cannot write the recording: %m");
}

/* It has who logged in from where: for its owner's eyes, also when it was there before. */
static FILE *open_private(const char *path)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	struct stat st;
	FILE *file;

	if (fd < 0)
		return NULL;
	if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode))
		(void)fchmod(fd, 0600);
	file = fdopen(fd, "w");
	if (!file)
		close(fd);
	return file;
}

int recorder_open(const char *path, const struct clock_offset *offset, struct recorder **recorder_r,
		  struct error *error_r)
{
	struct file_head head = {
		.version = htole32(REPLAY_VERSION),
		.wall_minus_boot = (int64_t)htole64((uint64_t)offset->wall_minus_boot),
	};
	struct recorder *recorder = calloc(1, sizeof(*recorder));

	if (!recorder)
		return error_set(error_r, ENOMEM, "out of memory for %s", path);
	memcpy(head.magic, magic, sizeof(magic));
	recorder->file = open_private(path);
	if (!recorder->file) {
		free(recorder);
		return error_set(error_r, errno, "%s: %m", path);
	}
	if (fwrite(&head, sizeof(head), 1, recorder->file) != 1) {
		(void)recorder_close(&recorder, NULL);
		return write_failed(error_r);
	}
	*recorder_r = recorder;
	return 0;
}

int recorder_write(struct recorder *recorder, struct slice record, struct error *error_r)
{
	uint32_t size = htole32((uint32_t)record.len);

	if (fwrite(&size, sizeof(size), 1, recorder->file) != 1 ||
	    fwrite(record.ptr, 1, record.len, recorder->file) != record.len)
		return write_failed(error_r);
	return 0;
}

int recorder_close(struct recorder **recorder, struct error *error_r)
{
	int ret = 0;

	if (!*recorder)
		return 0;
	if (fclose((*recorder)->file) != 0)
		ret = write_failed(error_r);
	free(*recorder);
	*recorder = NULL;
	return ret;
}
