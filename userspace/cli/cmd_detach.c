/* SPDX-License-Identifier: MIT */
/* dovetap detach: removes the pins of a dovetap that has ended. Refuses while one works with them.
 * */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <sysexits.h>

#include "attach/inherited.h"
#include "attach/maps.h"
#include "attach/pins.h"
#include "attach/ring_used.h"
#include "base/escape.h"
#include "base/log.h"
#include "cli/cmds.h"
#include "cli/options.h"

struct detach_command {
	struct config_options config;
	const char *pin;
	bool json;
	const char *dir;
	struct fd_store fd_store;
	struct fd_stores fd_stores;
	struct inherited inherited;
	unsigned int removed;
};

static const struct argp_option options[] = {
	{"pin", OPTION_WORD(struct detach_command, pin), "DIR", 0,
	 "The directory with the pins (the setting pin, else " PINS_DIR_DEFAULT ")", 1},
	{"json", 'j', NULL, 0, "Print JSON", 1},
	{0},
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct detach_command *command = state->input;

	switch (key) {
	case ARGP_KEY_INIT:
		state->child_inputs[0] = &command->config;
		return 0;
	case 'j':
		command->json = true;
		return 0;
	default:
		return option_take(key, arg, state);
	}
}

static const struct argp argp = {
	.options = options,
	.parser = parse,
	.children = plan_argp_children,
	.doc = "Detaches the probes that a dovetap with pins has left behind, and removes ring and "
	       "counters. Records in the ring that were not read are gone with it: start dovetap "
	       "once more to have them written.\v"
	       "What the service manager keeps goes with \"systemctl stop dovetap\".",
};

/* unread is negative for what holds no records. */
static void report(struct detach_command *command, const char *kind, const char *name,
		   int64_t unread)
{
	const char *comma = command->removed++ > 0 ? "," : "";

	if (command->json && unread < 0)
		(void)printf("%s{\"kind\":\"%s\",\"name\":\"%s\"}", comma, kind, name);
	else if (command->json)
		(void)printf("%s{\"kind\":\"%s\",\"name\":\"%s\",\"unread_bytes\":%" PRId64 "}",
			     comma, kind, name, unread);
	else if (unread > 0)
		(void)printf("removed %s %s with %" PRId64
			     " bytes of records that nobody has read\n",
			     kind, name, unread);
	else
		(void)printf("removed %s %s\n", kind, name);
}

static void remove_map(struct detach_command *command, const char *name, int fd)
{
	if (fd < 0)
		return;
	report(command, "map", name, -1);
	fd_stores_drop(&command->fd_stores, name);
}

/* The probes first: then the reported contents of the ring are final. */
static void remove_all(struct detach_command *command)
{
	struct inherited *inherited = &command->inherited;

	while (inherited->links) {
		report(command, "probe", inherited->links->name, -1);
		inherited_detach(inherited, &command->fd_stores, inherited->links);
	}
	for (size_t i = 0; i < inherited->ring_count; i++) {
		report(command, "ring", inherited->rings[i].name,
		       ring_used(inherited->rings[i].fd));
		fd_stores_drop(&command->fd_stores, inherited->rings[i].name);
	}
	remove_map(command, MAPS_COUNTERS, inherited->counters_fd);
	remove_map(command, MAPS_ACCOUNTS, inherited->accounts_fd);
	remove_map(command, MAPS_MASTERS, inherited->masters_fd);
	remove_map(command, MAPS_DESCENTS, inherited->descents_fd);
	inherited_release(inherited);
}

static void print_begin(const struct detach_command *command)
{
	struct buf out;

	if (!command->json)
		return;
	buf_init(&out, 8192);
	escape_json(&out, slice_str(command->dir));
	(void)printf("{\"directory\":\"%s\",\"removed\":[", buf_str(&out));
	buf_release(&out);
}

static int remove_pins(struct detach_command *command, struct pins *pins, struct error *error_r)
{
	int ret;

	command->fd_store = pins_fd_store(pins);
	command->fd_stores = (struct fd_stores){.list = &command->fd_store, .count = 1};
	inherited_take(&command->inherited, &command->fd_stores);
	print_begin(command);
	remove_all(command);
	ret = pins_remove_dir(pins, error_r);
	if (command->json)
		(void)puts("]}");
	else if (ret == 0)
		(void)printf("removed directory %s\n", command->dir);
	return ret;
}

static void ignore(void *ctx, const char *name, int fd)
{
	(void)ctx;
	(void)name;
	(void)fd;
}

/* pins_open() would make the directory. */
static int detach(struct detach_command *command, struct error *error_r)
{
	struct pins *pins = NULL;
	int ret = pins_list(command->dir, ignore, NULL, error_r);

	if (ret == -ENOENT) {
		print_begin(command);
		(void)printf(command->json ? "]}\n" : "nothing is pinned in %s\n", command->dir);
		return 0;
	}
	if (ret == 0)
		ret = pins_open(command->dir, &pins, error_r);
	if (ret < 0)
		return ret;
	ret = remove_pins(command, pins, error_r);
	pins_close(&pins);
	return ret;
}

static int exit_status(int ret)
{
	switch (ret) {
	case 0:
		return EX_OK;
	case -EBUSY:
		return EX_UNAVAILABLE;
	case -EPERM:
	case -EACCES:
		return EX_NOPERM;
	case -ENOTSUP:
		return EX_USAGE;
	default:
		return EX_OSERR;
	}
}

int cmd_detach(int argc, char **argv)
{
	struct detach_command command = {0};
	struct plan *plan = NULL;
	struct error error = {0};
	int ret;

	argp_parse(&argp, argc, argv, 0, NULL, &command);
	if (!command.pin && plan_new(&command.config, &plan, &error) < 0) {
		log_error("%s", error.text);
		return EX_CONFIG;
	}
	command.dir = command.pin ? command.pin : plan_settings(plan)->pin;
	if (!command.dir[0])
		command.dir = PINS_DIR_DEFAULT;
	ret = detach(&command, &error);
	if (ret < 0)
		log_error("%s", error.text);
	plan_free(&plan);
	return exit_status(ret);
}
