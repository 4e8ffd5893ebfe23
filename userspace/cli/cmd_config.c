/* SPDX-License-Identifier: MIT */
/* dovetap config show: the effective settings, each with its origin. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "cli/cmds.h"
#include "conf/dump.h"

#define OUTPUT_MAX (64U << 20)

static int exit_status(int ret)
{
	if (ret == -ENOMEM)
		return EX_OSERR;
	return ret < 0 ? EX_CONFIG : EX_OK;
}

/* Prints what was made, or why it was not. */
static int finish(int ret, struct buf *out, const struct error *error)
{
	if (ret < 0)
		(void)fprintf(stderr, "dovetap: %s\n", error->text);
	else if (fwrite(buf_str(out), 1, out->len, stdout) != out->len)
		ret = -EIO;
	buf_release(out);
	return exit_status(ret);
}

/* --- config show ---------------------------------------------------------------------------- */

static error_t parse_show(int key, char *arg, struct argp_state *state)
{
	(void)arg;
	if (key != ARGP_KEY_INIT)
		return ARGP_ERR_UNKNOWN;
	state->child_inputs[0] = state->input;
	return 0;
}

int config_show(const struct config_options *options)
{
	struct config config = {0};
	struct error error = {0};
	struct buf out;
	int ret;

	buf_init(&out, OUTPUT_MAX);
	ret = config_load(options, &config, &error);
	if (ret == 0 && (ret = config_dump(&config, &out)) < 0)
		error_set(&error, -ret, "no memory for the settings (at most %u bytes)",
			  OUTPUT_MAX);
	config_release(&config);
	return finish(ret, &out, &error);
}

static int cmd_show(int argc, char **argv)
{
	static const struct argp argp = {
		.parser = parse_show,
		.children = plan_argp_children,
		.doc = "Prints the effective settings, where each comes from, and what is recorded "
		       "where. Passwords are masked.",
	};
	struct config_options options = {0};

	argp_parse(&argp, argc, argv, 0, NULL, &options);
	return config_show(&options);
}

/* --- config --------------------------------------------------------------------------------- */

static const struct {
	const char *name;
	int (*run)(int argc, char **argv);
	const char *summary;
} commands[] = {
	{"show", cmd_show, "print the effective settings and where each comes from"},
};

#define COMMAND_COUNT (sizeof(commands) / sizeof(commands[0]))

static void print_help(FILE *to)
{
	(void)fprintf(to, "Usage: dovetap config COMMAND [OPTION...]\n\n");
	for (size_t i = 0; i < COMMAND_COUNT; i++)
		(void)fprintf(to, "  %-10s %s\n", commands[i].name, commands[i].summary);
}

int cmd_config(int argc, char **argv)
{
	static char name[64]; /* argp prints it, and keeps the pointer */

	if (argc > 1 && (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-?") == 0)) {
		print_help(stdout);
		return EX_OK;
	}
	for (size_t i = 0; argc > 1 && i < COMMAND_COUNT; i++) {
		if (strcmp(argv[1], commands[i].name) != 0)
			continue;
		(void)snprintf(name, sizeof(name), "dovetap config %s", argv[1]);
		argv[1] = name;
		return commands[i].run(argc - 1, argv + 1);
	}
	print_help(stderr);
	return EX_USAGE;
}
