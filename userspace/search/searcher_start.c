/* SPDX-License-Identifier: MIT */
/* The searcher's part of its start: what it is given, and the rights it keeps. */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/log.h"
#include "base/memfile.h"
#include "base/pack.h"
#include "dovecot/layout_own.h"
#include "dovecot/layout_table.h"
#include "priv/drop.h"
#include "priv/fd_message.h"
#include "priv/sandbox.h"
#include "priv/start.h"
#include "search/search_wire.h"

#define START_BYTES_MAX (64U << 20)

static void pack_layouts(struct buf *out)
{
	const struct layout *layout;

	pack_u32(out, (uint32_t)layouts_own_count());
	for (size_t i = 0; (layout = layouts_own_get(i)) != NULL; i++) {
		pack_text(out, layout->abi);
		pack_text(out, layout->name);
		pack_bytes(out, (struct slice){layout->btf, layout->btf_size});
	}
}

static uint32_t count_roots(const char *const *roots)
{
	uint32_t count = 0;

	while (roots && roots[count])
		count++;
	return count;
}

void searcher_start_pack(const struct searcher_start *start, struct buf *out)
{
	const struct discover_options *options = &start->options;
	uint32_t roots = count_roots(options->roots), restored = 0;

	pack_u32(out, (uint32_t)start->rights);
	pack_u32(out, start->user.uid);
	pack_u32(out, start->user.gid);
	pack_u32(out, (uint32_t)start->owner);
	pack_u32(out, options->processes);
	pack_u32(out, options->roles);
	pack_u32(out, options->fuse);
	pack_u32(out, roots);
	for (uint32_t i = 0; i < roots; i++)
		pack_text(out, options->roots[i]);
	pack_layouts(out);
	while (start->restored[restored].role != 0)
		restored++;
	pack_u32(out, restored);
	for (uint32_t i = 0; i < restored; i++)
		(void)buf_append(out, &start->restored[i], sizeof(start->restored[i]));
}

static void unpack_roots(struct unpack *in, struct searcher_start *start, const char **roots)
{
	uint32_t count = unpack_u32(in);

	if (count > SEARCHER_ROOTS_MAX)
		in->failed = true;
	for (uint32_t i = 0; i < count && !in->failed; i++) {
		roots[i] = unpack_text(in);
		in->failed |= !roots[i];
		roots[i + 1] = NULL;
	}
	start->options.roots = count > 0 ? roots : NULL;
}

static int unpack_layouts(struct unpack *in, struct error *error_r)
{
	uint32_t count = unpack_u32(in);
	int ret = 0;

	for (uint32_t i = 0; i < count && !in->failed && ret == 0; i++) {
		const char *abi = unpack_text(in), *file = unpack_text(in);
		struct slice btf = unpack_bytes(in);

		if (abi && file && btf.len > 0 && strlen(abi) < ABI_MAX)
			ret = layouts_own_add(abi, file, btf, error_r);
		else
			in->failed = true;
	}
	return ret;
}

static int unpack_restored(struct unpack *in, struct search_restored **restored_r,
			   struct error *error_r)
{
	uint32_t count = unpack_u32(in);
	struct search_restored *restored;

	if (in->failed || in->left.len != count * sizeof(*restored)) {
		in->failed = true;
		return 0;
	}
	restored = calloc(count + 1UL, sizeof(*restored));
	if (!restored)
		return error_set(error_r, ENOMEM, "out of memory");
	if (count > 0)
		memcpy(restored, in->left.ptr, in->left.len);
	*restored_r = restored;
	return 0;
}

int searcher_start_unpack(struct slice bytes, struct searcher_start *start_r,
			  const char *roots[SEARCHER_ROOTS_MAX + 1], struct error *error_r)
{
	struct unpack in = {.left = bytes};
	struct search_restored *restored = NULL;
	struct searcher_start start = {0};
	int ret;

	start.rights = (enum search_rights)unpack_u32(&in);
	start.user.uid = unpack_u32(&in);
	start.user.gid = unpack_u32(&in);
	start.owner = (pid_t)unpack_u32(&in);
	start.options.processes = unpack_u32(&in);
	start.options.roles = unpack_u32(&in);
	start.options.fuse = unpack_u32(&in);
	unpack_roots(&in, &start, roots);
	ret = unpack_layouts(&in, error_r);
	if (ret == 0)
		ret = unpack_restored(&in, &restored, error_r);
	if (ret < 0)
		return ret;
	if (in.failed || start.rights > SEARCH_AS_WE_ARE) {
		free(restored);
		return error_set(error_r, EINVAL, "what the searcher is to begin with is broken");
	}
	start.restored = restored;
	*start_r = start;
	return 0;
}

int searcher_drop_rights(const struct searcher_start *start, struct error *error_r)
{
	int ret = 0;

	prctl(PR_SET_NAME, SEARCH_NAME);
	if (start->rights != SEARCH_AS_WE_ARE)
		ret = priv_keep_as(&start->user, PRIV_KEEP_SEARCH, error_r);
	if (ret < 0)
		return ret;
	/* After the change of user, which clears it; and the owner may be gone already. */
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != start->owner)
		return error_set(error_r, ESRCH, "the attacher is gone");
	if (ret == 0 && start->rights == SEARCH_SANDBOXED)
		ret = priv_sandbox_enter(PRIV_SEARCHER, error_r);
	return ret;
}

static int take_shared(int fd, struct search_shared **shared_r, struct error *error_r)
{
	void *at = mmap(NULL, sizeof(**shared_r), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

	if (at == MAP_FAILED)
		return error_set(error_r, errno, "shared memory: %s", strerror(errno));
	*shared_r = at;
	return 0;
}

/* The bytes stay mapped: the roots point into them. */
static int take_start(int fd, struct searcher_start *start_r, const char **roots,
		      struct error *error_r)
{
	struct slice bytes;
	int ret = memfile_map(fd, START_BYTES_MAX, &bytes, error_r);

	return ret < 0 ? ret : searcher_start_unpack(bytes, start_r, roots, error_r);
}

static int receive_hello(int fds_r[FD_MESSAGE_MAX], struct error *error_r)
{
	struct searcher_hello hello;
	size_t count;
	int ret = fd_message_receive(START_CHANNEL_FD, &hello, sizeof(hello), fds_r, &count);

	if (ret == 0)
		return error_set(error_r, EPIPE, "the attacher is gone");
	if (ret < 0)
		return error_set(error_r, -ret, "%s", strerror(-ret));
	if (count != 2 || hello.version != SEARCHER_HELLO_VERSION ||
	    hello.shared_size != sizeof(struct search_shared))
		return error_set(error_r, EPROTO, "the attacher is of another version");
	return 0;
}

void searcher_main(void)
{
	static const char *roots[SEARCHER_ROOTS_MAX + 1];
	struct search_shared *shared = NULL;
	int fds[FD_MESSAGE_MAX], ret;
	struct searcher_start start = {0};
	struct error error;

	ret = receive_hello(fds, &error);
	if (ret == 0)
		ret = take_shared(fds[0], &shared, &error);
	if (ret == 0)
		ret = take_start(fds[1], &start, roots, &error);
	if (ret == 0)
		ret = searcher_drop_rights(&start, &error);
	if (ret < 0) {
		log_error("searcher: %s", error.text);
		_exit(EX_OSERR);
	}
	close(fds[0]);
	close(fds[1]);
	searcher_run(&start, START_CHANNEL_FD, shared);
}
