/* SPDX-License-Identifier: MIT */
/* dovetap layout: lists and prints layouts, and makes new ones by gcc or pahole. The only command
 * that starts a compiler. */
#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sysexits.h>
#include <unistd.h>

#include "attach/attach.h"
#include "attach/libbpf_log.h"
#include "base/buf.h"
#include "base/log.h"
#include "cli/cmds.h"
#include "cli/layout_source.h"
#include "cli/options.h"
#include "dovecot/layout.h"
#include "dovecot/layout_compare.h"
#include "dovecot/layout_files.h"
#include "dovecot/layout_own.h"
#include "dovecot/layout_print.h"
#include "dovecot/layout_read.h"
#include "search/elf.h"

#define ARGS_MAX       32
#define TABLE_TEXT_MAX (1U << 20)

struct layout_command;
typedef int layout_action_fn(struct layout_command *command, struct error *error_r);

struct layout_command {
	struct config_options config;
	layout_action_fn *run;
	const char *args[ARGS_MAX];
	size_t arg_count;
	const char *abi; /* from --abi or --abi-of, or what a source names */
	const char *abi_of;
	char found_abi[ABI_MAX];
	struct layout_source_options source;
	struct layout_table table;
};

static int print_table(const struct layout_table *table, struct error *error_r)
{
	struct layout_table again = {0};
	struct buf text;
	int ret;

	buf_init(&text, TABLE_TEXT_MAX);
	layout_table_print(&text, table);
	ret = text.failed < 0 ? error_set(error_r, -text.failed, "out of memory")
			      : layout_table_parse(buf_slice(&text), "the layout", &again, error_r);
	if (ret == 0)
		(void)fputs(buf_str(&text), stdout);
	layout_table_release(&again);
	buf_release(&text);
	return ret;
}

/* --- list --------------------------------------------------------------------------------------*/

static int list(struct layout_command *command, struct error *error_r)
{
	const struct layout *layout;

	(void)command;
	(void)error_r;
	for (size_t i = 0; (layout = layouts_own_get(i)) != NULL; i++)
		(void)printf("%-24s %s\n", layout->abi, layout->name);
	for (size_t i = 0; i < layouts_embedded_count; i++)
		(void)printf("%-24s built in\n", layouts_embedded[i].abi);
	return 0;
}

/* layout_read_btf() for those members that the BPF programs read. Errors as of that. */
static int read_btf(struct layout_table *table, const struct btf *btf, const char *abi,
		    struct error *error_r)
{
	struct bpf_object *programs = loader_open_programs();
	int ret;

	if (!programs)
		return error_set(error_r, errno, "cannot open the BPF programs: %m");
	ret = layout_read_btf(bpf_object__btf(programs), btf, abi, table, error_r);
	bpf_object__close(programs);
	return ret;
}

/* --- show --------------------------------------------------------------------------------------*/

static int read_known(const char *abi, struct layout_table *table, struct error *error_r)
{
	const struct layout *layout;
	struct btf *btf;
	int ret = layout_require(abi, &layout, error_r);

	if (ret < 0)
		return ret;
	btf = btf__new(layout->btf, (__u32)layout->btf_size);
	if (!btf)
		return error_set(error_r, EIO, "%s: its BTF is broken", layout->name);
	ret = read_btf(table, btf, layout->abi, error_r);
	btf__free(btf);
	return ret < 0 ? ret : 0;
}

static int show(struct layout_command *command, struct error *error_r)
{
	int ret = read_known(command->args[0], &command->table, error_r);

	return ret < 0 ? ret : print_table(&command->table, error_r);
}

/* --- make --------------------------------------------------------------------------------------*/

static int read_abi_of(struct layout_command *command, struct error *error_r)
{
	struct elf_file *elf = NULL;
	int fd = open(command->abi_of, O_RDONLY | O_CLOEXEC), ret;

	if (fd < 0)
		return error_set(error_r, errno, "%s: %m", command->abi_of);
	ret = elf_file_read(fd, &elf, error_r);
	if (ret == 0)
		ret = elf_file_abi(elf, command->found_abi, error_r);
	elf_file_free(&elf);
	close(fd);
	if (ret < 0)
		return error_prefix(error_r, "%s", command->abi_of);
	command->abi = command->found_abi;
	return 0;
}

static int take_btf(const struct btf *btf, const char *abi, void *context, struct error *error_r)
{
	struct layout_command *command = context;
	int ret;

	if (!command->abi && !abi[0])
		return error_set(error_r, EINVAL,
				 "debug symbols do not contain the ABI; add "
				 "--abi-of=FILE with the library they belong to");
	if (!command->abi) {
		(void)snprintf(command->found_abi, sizeof(command->found_abi), "%s", abi);
		command->abi = command->found_abi;
	}
	ret = read_btf(&command->table, btf, command->abi, error_r);
	return ret < 0 ? ret : 0;
}

static int read_sources(struct layout_command *command, struct error *error_r)
{
	int ret = command->abi_of ? read_abi_of(command, error_r) : 0;

	for (size_t i = 0; i < command->arg_count && ret == 0; i++)
		ret = layout_source_read(command->args[i], &command->source, take_btf, command,
					 error_r);
	if (ret == 0)
		ret = layout_read_check(&command->table, command->abi, error_r);
	return ret;
}

static int make(struct layout_command *command, struct error *error_r)
{
	int ret = read_sources(command, error_r);

	if (ret < 0)
		return ret;
	(void)puts("# Made by \"dovetap layout make\"; the form is that of "
		   "layouts/dovecot.layouts.");
	return print_table(&command->table, error_r);
}

/* --- check -------------------------------------------------------------------------------------*/

static int compare(const struct layout_command *command, const struct layout_table *known,
		   struct error *error_r)
{
	struct buf out;
	size_t count;

	buf_init(&out, TABLE_TEXT_MAX);
	count = layout_compare(&command->table, known, command->abi, &out);
	(void)fputs(buf_str(&out), stdout);
	buf_release(&out);
	if (count == 0)
		(void)printf("the layout of Dovecot ABI %s is that of the sources\n", command->abi);
	return count == 0 ? 0
			  : error_set(error_r, EBADMSG,
				      "the layout of Dovecot ABI %s is not that of the sources in "
				      "%zu members: 'dovetap layout make' makes one of them",
				      command->abi, count);
}

static int check(struct layout_command *command, struct error *error_r)
{
	struct layout_table known = {0};
	int ret = read_sources(command, error_r);

	if (ret < 0)
		return ret;
	known.structs = calloc(LAYOUT_STRUCTS_MAX, sizeof(*known.structs));
	ret = known.structs ? read_known(command->abi, &known, error_r)
			    : error_set(error_r, ENOMEM, "out of memory");
	if (ret == 0)
		ret = compare(command, &known, error_r);
	layout_table_release(&known);
	return ret;
}

/* --- the command -------------------------------------------------------------------------------*/

static const struct {
	const char *name;
	layout_action_fn *run;
} actions[] = {{"list", list}, {"show", show}, {"make", make}, {"check", check}};

static const struct argp_option options[] = {
	{"abi", OPTION_WORD(struct layout_command, abi), "STRING", 0,
	 "The ABI string that the layout is for", 1},
	{"abi-of", OPTION_WORD(struct layout_command, abi_of), "FILE", 0,
	 "Take the ABI string from this library of Dovecot", 1},
	{"cc", OPTION_WORD(struct layout_command, source.cc), "PROGRAM", 0,
	 "The compiler for headers, gcc 12 or later (gcc)", 1},
	{"pahole", OPTION_WORD(struct layout_command, source.pahole), "PROGRAM", 0,
	 "What converts debug symbols (pahole)", 1},
	{0},
};

static void take_word(struct layout_command *command, char *word, struct argp_state *state)
{
	if (command->run && command->arg_count == ARGS_MAX)
		argp_error(state, "at most %d files", ARGS_MAX);
	else if (command->run)
		command->args[command->arg_count++] = word;
	for (size_t i = 0; !command->run && i < sizeof(actions) / sizeof(actions[0]); i++) {
		if (strcmp(word, actions[i].name) != 0)
			continue;
		command->run = actions[i].run;
		return;
	}
	if (!command->run)
		argp_error(state, "\"%s\": one of list, show, make, check", word);
}

static void check_words(const struct layout_command *command, struct argp_state *state)
{
	if (!command->run)
		argp_error(state, "one of list, show, make, check");
	else if (command->run == show && command->arg_count != 1)
		argp_error(state, "show: one ABI string");
	else if ((command->run == make || command->run == check) && command->arg_count == 0)
		argp_error(state, "make, check: a folder with Dovecot's headers, or debug symbols");
	else if (command->run == list && command->arg_count > 0)
		argp_error(state, "list: nothing more");
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct layout_command *command = state->input;

	switch (key) {
	case ARGP_KEY_INIT:
		state->child_inputs[0] = &command->config;
		return 0;
	case ARGP_KEY_ARG:
		take_word(command, arg, state);
		return 0;
	case ARGP_KEY_END:
		check_words(command, state);
		return 0;
	default:
		return option_take(key, arg, state);
	}
}

static const struct argp argp = {
	.options = options,
	.parser = parse,
	.children = plan_argp_children,
	.args_doc = "list|show|make|check",
	.doc = "Layouts describe where Dovecot keeps what dovetap reads; the ABI string in Dovecot's "
	       "files chooses one.\v"
	       "list prints the ABI strings that are known; \"show ABI\" one layout. "
	       "\"make SOURCE...\" prints a new one, from the folder of Dovecot's installed headers (/usr/include/dovecot, package "
	       "dovecot-dev) or from debug symbols of libdovecot-storage, auth and "
	       "libdovecot-login. Put it into /etc/dovetap/layouts/NAME.layouts (layout_dir). "
	       "\"check SOURCE...\" compares the one that is used for this ABI string with such a source, "
	       "and names each member that differs.",
};

static int load_own(const struct layout_command *command, struct error *error_r)
{
	struct plan *plan = NULL;
	int ret = plan_new(&command->config, &plan, error_r);

	if (ret == 0)
		ret = layout_files_load(plan_settings(plan)->layout_dir, error_r);
	plan_free(&plan);
	return ret;
}

int cmd_layout(int argc, char **argv)
{
	struct layout_command command = {.source = {.cc = "gcc", .pahole = "pahole"}};
	struct error error = {0};
	int status = EX_OK;

	argp_parse(&argp, argc, argv, 0, NULL, &command);
	libbpf_log_init();
	command.table.structs = calloc(LAYOUT_STRUCTS_MAX, sizeof(*command.table.structs));
	if (!command.table.structs) {
		log_error("out of memory for the layouts");
		return EX_OSERR;
	}
	if (load_own(&command, &error) < 0)
		status = EX_CONFIG;
	else if (command.run(&command, &error) < 0)
		status = error.code == ENOENT ? EX_NOINPUT : EX_DATAERR;
	if (status != EX_OK)
		log_error("%s", error.text);
	layout_table_release(&command.table);
	layouts_own_unload();
	return status;
}
