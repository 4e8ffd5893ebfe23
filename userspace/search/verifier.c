/* SPDX-License-Identifier: MIT */
/* The verifier: looks at one file, once, and ends. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

#include "priv/fd_message.h"
#include "priv/sandbox.h"
#include "priv/start.h"
#include "search/fuse.h"
#include "search/recognise.h"
#include "search/verify_wire.h"

static int compare_inode(int fd, const struct file_id *id, struct error *error_r)
{
	struct stat st;

	if (fstat(fd, &st) < 0)
		return error_set(error_r, errno, "%s", strerror(errno));
	if (!S_ISREG(st.st_mode))
		return error_set(error_r, EBADMSG, "it is no regular file");
	if (st.st_ino != id->ino || st.st_dev != id->dev)
		return error_set(error_r, EBADMSG, "it is another file");
	return 0;
}

static int compare_build_id(const struct elf_file *elf, const struct file_id *id,
			    struct error *error_r)
{
	struct slice found = elf_file_build_id(elf);

	/* What is longer is none (binary.c). */
	if (found.len > sizeof(id->build_id))
		found.len = 0;
	if (id->build_id_len != found.len || memcmp(found.ptr, id->build_id, found.len) != 0)
		return error_set(error_r, EBADMSG, "it has another build id");
	return 0;
}

static int compare_abi(const struct elf_file *elf, const char *abi, struct error *error_r)
{
	char found[ABI_MAX];
	int ret = elf_file_abi(elf, found, error_r);

	if (ret < 0)
		return ret;
	return strcmp(found, abi) == 0
		       ? 0
		       : error_set(error_r, EBADMSG, "its ABI string is %s, not %s", found, abi);
}

static int compare_function(const struct elf_file *elf, const struct verify_function *claimed,
			    struct error *error_r)
{
	struct elf_function found;
	int ret;

	if (!claimed->symbol[0])
		return 0;
	ret = elf_file_function(elf, claimed->symbol, &found, error_r);
	if (ret < 0)
		return ret;
	if (found.offset != claimed->offset ||
	    memcmp(found.code, claimed->code, sizeof(found.code)) != 0)
		return error_set(error_r, EBADMSG, "%s is not at that place", claimed->symbol);
	return 0;
}

static int compare_all(const struct elf_file *elf, const struct verify_request *request,
		       struct error *error_r)
{
	int ret = compare_build_id(elf, &request->id, error_r);

	if (ret == 0)
		ret = compare_abi(elf, request->abi, error_r);
	if (ret == 0)
		ret = compare_function(elf, &request->functions[0], error_r);
	if (ret == 0)
		ret = compare_function(elf, &request->functions[1], error_r);
	return ret;
}

static int check_master(const struct elf_file *elf, struct error *error_r)
{
	return elf_file_imports(elf, RECOGNISE_MASTER)
		       ? 0
		       : error_set(error_r, EBADMSG, "it is no master of Dovecot's");
}

int verify_file(int fd, const struct verify_request *request, struct error *error_r)
{
	struct elf_file *elf = NULL;
	int ret = elf_file_read(fd, &elf, error_r);

	if (ret == 0)
		ret = request->master ? check_master(elf, error_r)
				      : compare_all(elf, request, error_r);
	elf_file_free(&elf);
	return ret;
}

/* With the rights of the attacher: nothing of the file has been read so far. */
static int open_file(int path_fd, const struct verify_request *request, struct error *error_r)
{
	char path[32];
	int fd, ret = compare_inode(path_fd, &request->id, error_r);

	if (ret == 0 && !request->fuse)
		ret = fuse_check(path_fd, error_r);
	if (ret < 0)
		return ret;
	(void)snprintf(path, sizeof(path), "/proc/self/fd/%d", path_fd);
	fd = open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	return fd < 0 ? error_set(error_r, errno, "%s", strerror(errno)) : fd;
}

static int drop_rights(const struct verify_request *request, struct error *error_r)
{
	int ret = 0;

	if (request->rights != SEARCH_AS_WE_ARE)
		ret = priv_keep_as(&request->user, 0, error_r);
	/* After the change of user, which clears it; and the attacher may be gone already. */
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (ret == 0 && getppid() != request->owner)
		ret = error_set(error_r, ESRCH, "the attacher is gone");
	if (ret == 0 && request->rights == SEARCH_SANDBOXED)
		ret = priv_sandbox_enter(PRIV_SEARCHER, error_r);
	return ret;
}

static int verify(const struct verify_request *request, int path_fd, struct error *error_r)
{
	int fd = open_file(path_fd, request, error_r), ret;

	if (fd < 0)
		return fd;
	ret = drop_rights(request, error_r);
	return ret < 0 ? ret : verify_file(fd, request, error_r);
}

void verifier_main(void)
{
	struct verify_answer answer = {.code = 0};
	struct verify_request request;
	int fds[FD_MESSAGE_MAX], ret;
	struct error error = {0};
	size_t count;

	ret = fd_message_receive(START_CHANNEL_FD, &request, sizeof(request), fds, &count);
	if (ret <= 0 || count != 1 || request.version != VERIFY_VERSION)
		_exit(EX_PROTOCOL);
	ret = verify(&request, fds[0], &error);
	answer.code = -ret;
	(void)snprintf(answer.text, sizeof(answer.text), "%s", error.text);
	(void)send(START_CHANNEL_FD, &answer, sizeof(answer), MSG_NOSIGNAL);
	_exit(EX_OK);
}
