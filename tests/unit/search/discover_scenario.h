/* SPDX-License-Identifier: MIT */
/* Discovery in a root folder that each scenario makes for itself; no running processes here. */
#ifndef DOVETAP_DISCOVER_SCENARIO_H
#define DOVETAP_DISCOVER_SCENARIO_H

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

struct scenario {
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
	struct scenario *scenario = ctx;

	scenario->found++;
	scenario->last = binary;
	scenario->replaced = replaced != NULL;
	snprintf(scenario->path, sizeof(scenario->path), "%s",
		 binary->path + strlen(scenario->root) + 1);
	snprintf(scenario->abi, sizeof(scenario->abi), "%s", binary->abi);
}

static inline void on_lost(void *ctx, const struct binary *binary)
{
	struct scenario *scenario = ctx;

	(void)binary;
	scenario->lost++;
}

static inline void make_path(const struct scenario *scenario, const char *name, char path_r[256])
{
	snprintf(path_r, 256, "%s/%s", scenario->root, name);
}

static inline void make_directories(const struct scenario *scenario, const char *name)
{
	char path[256];

	make_path(scenario, name, path);
	for (char *slash = path + strlen(scenario->root) + 1; (slash = strchr(slash, '/'));
	     slash++) {
		*slash = '\0';
		(void)mkdir(path, 0755);
		*slash = '/';
	}
}

static inline void write_elf(const struct scenario *scenario, const char *name,
			     const struct made_elf *elf)
{
	struct made_file made;
	char path[256];
	int fd;

	make_directories(scenario, name);
	make_path(scenario, name, path);
	make_elf(elf, &made);
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0755);
	assert_int_equal(write(fd, made.bytes, made.len), made.len);
	close(fd);
}

/* A libdovecot-storage of a release; the build id follows the ABI string. */
static inline void write_storage(const struct scenario *scenario, const char *name, const char *abi)
{
	static const unsigned char text[] = {0x55, 0xc3};

	write_elf(scenario, name,
		  &(struct made_elf){
			  .text = text,
			  .text_len = sizeof(text),
			  .rodata = abi,
			  .rodata_len = strlen(abi) + 1,
			  .symbols = {{"hook_mail_user_created", 0, 2, false, true}},
			  .build_id = abi,
		  });
}

static inline void link_to(const struct scenario *scenario, const char *name, const char *target)
{
	char path[256];

	make_directories(scenario, name);
	make_path(scenario, name, path);
	assert_int_equal(symlink(target, path), 0);
}

static inline void rename_to(const struct scenario *scenario, const char *from, const char *to)
{
	char old[256], new[256];

	make_path(scenario, from, old);
	make_path(scenario, to, new);
	assert_int_equal(rename(old, new), 0);
}

static inline void scan(struct scenario *scenario)
{
	struct error error;

	assert_int_equal(discover_scan(scenario->discover, &error), 0);
}

static inline int open_discover(struct scenario *scenario)
{
	const char *roots[] = {scenario->root, NULL};
	struct discover_options options = {
		.roots = roots,
		.roles = PRIV_ROLE_BIT(PRIV_ROLE_MAIL_USER) | PRIV_ROLE_BIT(PRIV_ROLE_PROXY),
	};

	if (discover_new(&options, on_found, scenario, &scenario->discover, NULL) < 0)
		return -1;
	discover_on_lost(scenario->discover, on_lost);
	return 0;
}

static inline int set_up(void **state)
{
	struct scenario *scenario = calloc(1, sizeof(*scenario));

	snprintf(scenario->root, sizeof(scenario->root), "/tmp/test-discover.XXXXXX");
	*state = scenario;
	return mkdtemp(scenario->root) ? open_discover(scenario) : -1;
}

static inline int tear_down(void **state)
{
	struct scenario *scenario = *state;
	char command[128];

	discover_free(&scenario->discover);
	snprintf(command, sizeof(command), "rm -rf %s", scenario->root);
	(void)!system(command); /* NOLINT */
	free(scenario);
	return 0;
}

#define SCENARIO(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

#endif
