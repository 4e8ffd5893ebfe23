/* SPDX-License-Identifier: MIT */
/* dovetap: records when each mailbox was last logged in to. argv -> subcommand -> exit status. */
#include <argp.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "cli/cmds.h"
#include "cli/report.h"

static const struct {
	const char *name;
	int (*run)(int argc, char **argv);
	const char *summary; /* NULL: not for people */
} commands[] = {
	{"run", cmd_run, "watch Dovecot and write last-login records"},
	{"check", cmd_check, "check kernel, rights, Dovecot, configuration and dicts"},
	{"lookup", cmd_lookup, "print the last logins of users"},
	{"recent", cmd_recent, "print the newest logins of all users"},
	{"failures", cmd_failures, "print who failed to log in, by network, address or user"},
	{"inactive", cmd_inactive, "print the users who have not logged in for long"},
	{"expire", cmd_expire, "remove old records"},
	{"forget", cmd_forget, "remove all that is kept of a user"},
	{"rename", cmd_rename, "move the logins of a user to another name"},
	{"import", cmd_import, "take over the logins that another store has"},
	{"replay", cmd_replay, "put recorded events through the same pipeline"},
	{"spool", cmd_spool, "look into the records that wait for a dict, and write them"},
	{"status", cmd_status, "print the counters of the running collector"},
	{"layout", cmd_layout, "make or show layouts of Dovecot\'s structs"},
	{"top", cmd_top, "show logins and failures as they happen"},
	{"detach", cmd_detach, "remove the probes that a dovetap with pins has left"},
	{"config", cmd_config, "show the effective configuration"},
	{"collect", cmd_collect, NULL},
	{"resolve", cmd_resolve, NULL},
};

#define COMMAND_COUNT (sizeof(commands) / sizeof(commands[0]))

static const char *const serving[] = {"run", "collect", "resolve", NULL};

static bool is_one_of(const char *word, const char *const *words)
{
	while (*words && strcmp(*words, word) != 0)
		words++;
	return *words != NULL;
}

static void print_help(FILE *to)
{
	(void)fprintf(to, "Usage: dovetap COMMAND [OPTION...]\n\n");
	for (size_t i = 0; i < COMMAND_COUNT; i++) {
		if (commands[i].summary)
			(void)fprintf(to, "  %-10s %s\n", commands[i].name, commands[i].summary);
	}
	(void)fprintf(
		to, "\n\"dovetap COMMAND --help\" lists its options; dovetap(8) is the manual.\n");
}

static int run_command(int argc, char **argv)
{
	static char name[64]; /* argp prints it, and keeps the pointer */

	for (size_t i = 0; i < COMMAND_COUNT; i++) {
		if (strcmp(argv[0], commands[i].name) != 0)
			continue;
		(void)snprintf(name, sizeof(name), "dovetap %s", argv[0]);
		argv[0] = name;
		return commands[i].run(argc, argv);
	}
	(void)fprintf(stderr, "dovetap: unknown command \"%s\"; see \"dovetap --help\"\n", argv[0]);
	return EX_USAGE;
}

/* A full disk, a reader that is gone: what was printed is not there. Also for help, behind which
 * argp ends the program. What else went wrong has been printed and has its own status. */
static void check_output(int status, void *context)
{
	struct error error;

	(void)context;
	if (status == EX_OK && output_end(stdout, &error) < 0) {
		(void)fprintf(stderr, "dovetap: %s\n", error.text);
		_exit(EX_IOERR);
	}
}

/* Whoever closed one of the first three shall get errors from it, and no file or socket of ours
 * what is printed. */
static void keep_standard_files(void)
{
	int fd;

	do {
		fd = open("/dev/null", O_RDONLY);
	} while (fd >= 0 && fd <= STDERR_FILENO);
	if (fd > STDERR_FILENO)
		close(fd);
}

int main(int argc, char **argv)
{
	keep_standard_files();
	argp_err_exit_status = EX_USAGE;
	/* A store that closes its connection is an error of one write, not the end of everything.
	 */
	(void)signal(SIGPIPE, SIG_IGN);
	/* Those who serve go on without a reader of their live lines. */
	if (argc < 2 || !is_one_of(argv[1], serving) ||
	    (argc == 3 && strcmp(argv[2], "--help") == 0))
		(void)on_exit(check_output, NULL);
	if (argc < 2) {
		print_help(stderr);
		return EX_USAGE;
	}
	if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0) {
		print_help(stdout);
		return EX_OK;
	}
	if (strcmp(argv[1], "--version") == 0 || strcmp(argv[1], "-V") == 0) {
		(void)puts("dovetap " DOVETAP_VERSION);
		return EX_OK;
	}
	return run_command(argc - 1, argv + 1);
}
