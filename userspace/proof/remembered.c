/* SPDX-License-Identifier: MIT */
#include "proof/remembered.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/read_file.h"

#define LINE_BYTES_MAX 512

static bool find_state(const char *name, enum proof_state *state_r)
{
	for (unsigned int i = PROOF_OPEN + 1; i < PROOF_STATES; i++) {
		if (strcmp(proof_state_name(i), name) != 0)
			continue;
		*state_r = i;
		return true;
	}
	return false;
}

bool remembered_parse(struct slice line, struct remembered *remembered_r)
{
	struct remembered found = {0};
	char text[LINE_BYTES_MAX], state[32];
	int end = 0;

	if (line.len >= sizeof(text))
		return false;
	(void)snprintf(text, sizeof(text), "%.*s", (int)line.len, line.ptr);
	if (sscanf(text, "1 %16" SCNx64 " %31s %31s %n", &found.key, state, found.member, &end) !=
		    3 ||
	    end == 0 || found.key == 0 || !find_state(state, &found.state))
		return false;
	(void)snprintf(found.path, sizeof(found.path), "%.*s", PROOF_PATH_MAX - 1, text + end);
	*remembered_r = found;
	return true;
}

/* A path is what a container makes of it. */
static void append_path(struct buf *out, const char *path)
{
	for (; *path; path++) {
		if ((unsigned char)*path < ' ')
			buf_append_char(out, '?');
		else
			buf_append_char(out, *path);
	}
}

void remembered_format(struct buf *out, const struct proof_file *file)
{
	enum proof_member worst = file->state == PROOF_REFUSED ? judge_worst(file) : PROOF_MEMBERS;

	buf_appendf(out, "1 %016" PRIx64 " %s %s ", file->key, proof_state_name(file->state),
		    worst < PROOF_MEMBERS ? proof_member_name(worst, file->type) : "-");
	append_path(out, file->path[0] ? file->path : "?");
	buf_append_char(out, '\n');
}

/* The next line of text, which begins behind it then. */
static bool next_line(struct slice *text, struct slice *line_r)
{
	const char *end = text->len > 0 ? memchr(text->ptr, '\n', text->len) : NULL;

	if (!end)
		return false;
	*line_r = (struct slice){text->ptr, (size_t)(end - text->ptr)};
	text->len -= line_r->len + 1;
	text->ptr = end + 1;
	return true;
}

int remembered_load(struct judge *judge, const char *path, struct error *error_r)
{
	struct remembered remembered;
	struct slice text, line;
	struct buf buf;
	int ret;

	buf_init(&buf, REMEMBERED_BYTES_MAX);
	ret = read_file(path, &buf);
	text = buf_slice(&buf);
	while (ret == 0 && next_line(&text, &line)) {
		if (remembered_parse(line, &remembered) && remembered.state != PROOF_REFUSED)
			judge_remember(judge, remembered.key, remembered.state, remembered.path);
	}
	buf_release(&buf);
	if (ret == 0 || ret == -ENOENT)
		return 0;
	return error_set(error_r, -ret, "%s: %s", path, strerror(-ret));
}

static int write_new(const char *path, struct slice text, struct error *error_r)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0640);
	ssize_t written = fd < 0 ? -1 : write(fd, text.ptr, text.len);
	int code = errno;

	if (fd >= 0)
		close(fd);
	if (written == (ssize_t)text.len)
		return 0;
	return error_set(error_r, written < 0 ? code : ENOSPC, "%s: %s", path,
			 strerror(written < 0 ? code : ENOSPC));
}

int remembered_save(const struct judge *judge, const char *path, struct error *error_r)
{
	const struct proof_file *file = NULL;
	char new[PATH_MAX];
	struct buf text;
	int ret;

	buf_init(&text, REMEMBERED_BYTES_MAX);
	while ((file = judge_next(judge, file)) != NULL) {
		if (file->state != PROOF_OPEN)
			remembered_format(&text, file);
	}
	if (snprintf(new, sizeof(new), "%s.new", path) >= (int)sizeof(new))
		ret = error_set(error_r, ENAMETOOLONG, "%s: too long", path);
	else if (text.failed < 0)
		ret = error_set(error_r, -text.failed, "%s: no memory for it", path);
	else
		ret = write_new(new, buf_slice(&text), error_r);
	if (ret == 0 && rename(new, path) < 0)
		ret = error_set(error_r, errno, "%s: %s", path, strerror(errno));
	buf_release(&text);
	return ret;
}

bool remembered_find(const char *path, uint64_t key, struct remembered *remembered_r)
{
	struct remembered remembered;
	struct slice text, line;
	bool found = false;
	struct buf buf;

	buf_init(&buf, REMEMBERED_BYTES_MAX);
	if (read_file(path, &buf) < 0)
		buf_reset(&buf);
	text = buf_slice(&buf);
	while (!found && next_line(&text, &line)) {
		found = remembered_parse(line, &remembered) && remembered.key == key;
		if (found)
			*remembered_r = remembered;
	}
	buf_release(&buf);
	return found;
}
