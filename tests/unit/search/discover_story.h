/* SPDX-License-Identifier: MIT */
/* Discovery in a root folder that each story makes for itself; no running processes here. */
#ifndef DOVETAP_DISCOVER_STORY_H
#define DOVETAP_DISCOVER_STORY_H

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../cmocka_all.h"
#include "make_elf.h"
#include "search/discover.h"

#define LIB	"usr/lib/dovecot"
#define STORAGE LIB "/libdovecot-storage.so.0"

struct story {
	char root[64];
	struct discover *discover;
	unsigned int found, lost;
	char path[256]; /* of the last one found */
	char abi[ABI_MAX];
	const struct binary *last;
	bool replaced; /* the last one replaced another */
};

static inline void on_found(void *ctx, const struct binary *binary, const struct binary *replaced)
{
	struct story *story = ctx;

	story->found++;
	story->last = binary;
	story->replaced = replaced != NULL;
	snprintf(story->path, sizeof(story->path), "%s", binary->path + strlen(story->root) + 1);
	snprintf(story->abi, sizeof(story->abi), "%s", binary->abi);
}

static inline void on_lost(void *ctx, const struct binary *binary)
{
	struct story *story = ctx;

	(void)binary;
	story->lost++;
}

static inline void make_path(const struct story *story, const char *name, char path_r[256])
{
	snprintf(path_r, 256, "%s/%s", story->root, name);
}

static inline void make_directories(const struct story *story, const char *name)
{
	char path[256];

	make_path(story, name, path);
	for (char *slash = path + strlen(story->root) + 1; (slash = strchr(slash, '/')); slash++) {
		*slash = '\0';
		(void)mkdir(path, 0755);
		*slash = '/';
	}
}

static inline void write_elf(const struct story *story, const char *name,
			     const struct made_elf *elf)
{
	struct made_file made;
	char path[256];
	int fd;

	make_directories(story, name);
	make_path(story, name, path);
	make_elf(elf, &made);
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0755);
	assert_int_equal(write(fd, made.bytes, made.len), made.len);
	close(fd);
}

/* A libdovecot-storage of a release; the build id follows the ABI string. */
static inline void write_storage(const struct story *story, const char *name, const char *abi)
{
	static const unsigned char text[] = {0x55, 0xc3};

	write_elf(story, name,
		  &(struct made_elf){
			  .text = text,
			  .text_len = sizeof(text),
			  .rodata = abi,
			  .rodata_len = strlen(abi) + 1,
			  .symbols = {{"hook_mail_user_created", 0, 2, false, true}},
			  .build_id = abi,
		  });
}

static inline void link_to(const struct story *story, const char *name, const char *target)
{
	char path[256];

	make_directories(story, name);
	make_path(story, name, path);
	assert_int_equal(symlink(target, path), 0);
}

static inline void rename_to(const struct story *story, const char *from, const char *to)
{
	char old[256], new[256];

	make_path(story, from, old);
	make_path(story, to, new);
	assert_int_equal(rename(old, new), 0);
}

static inline void scan(struct story *story)
{
	struct error error;

	assert_int_equal(discover_scan(story->discover, &error), 0);
}

static inline int open_discover(struct story *story)
{
	const char *roots[] = {story->root, NULL};
	struct discover_options options = {
		.roots = roots,
		.roles = PRIV_ROLE_BIT(PRIV_ROLE_MAIL_USER) | PRIV_ROLE_BIT(PRIV_ROLE_PROXY),
	};

	if (discover_new(&options, on_found, story, &story->discover, NULL) < 0)
		return -1;
	discover_on_lost(story->discover, on_lost);
	return 0;
}

static inline int set_up(void **state)
{
	struct story *story = calloc(1, sizeof(*story));

	snprintf(story->root, sizeof(story->root), "/tmp/test-discover.XXXXXX");
	*state = story;
	return mkdtemp(story->root) ? open_discover(story) : -1;
}

static inline int tear_down(void **state)
{
	struct story *story = *state;
	char command[128];

	discover_free(&story->discover);
	snprintf(command, sizeof(command), "rm -rf %s", story->root);
	(void)!system(command); /* NOLINT */
	free(story);
	return 0;
}

#define STORY(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

#endif
