/* SPDX-License-Identifier: MIT */
/*
 * verifier-budget [LIST]: how many instructions the kernel's verifier looks at for each program,
 * the worst of all embedded layouts. Prints "PROGRAM NUMBER" lines; with LIST (such lines, made on
 * one kernel) it fails when a program is missing there, costs more than a tenth above its number,
 * or got a private stack from this kernel (attach/own_stack.h). Needs root.
 */
#include <bpf/libbpf.h>
#include <errno.h>
#include <linux/types.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "attach/kernel_types.h"
#include "attach/own_stack.h"
#include "dovecot/layout.h"
#include "dovetap/exec.h"
#include "skel/descent.skel.h"
#include "skel/exec.skel.h"
#include "skel/login.skel.h"

#define PROGRAMS_MAX 16
#define LOG_SIZE     (64UL * 1024)
#define LOG_STATS    4 /* BPF_LOG_STATS: figures only */

struct cost {
	const char *program;
	unsigned long instructions;
	unsigned long allowed;
	bool private_stack;
};

static struct cost costs[PROGRAMS_MAX];
static size_t cost_count;
static char logs[PROGRAMS_MAX][LOG_SIZE];

static void watch(struct bpf_object *object)
{
	struct bpf_program *program;
	size_t i = 0;

	bpf_object__for_each_program(program, object)
	{
		if (i == PROGRAMS_MAX)
			abort();
		logs[i][0] = '\0';
		bpf_program__set_log_level(program, LOG_STATS);
		bpf_program__set_log_buf(program, logs[i++], LOG_SIZE);
	}
}

static struct cost *cost_of(const char *program)
{
	for (size_t i = 0; i < cost_count; i++) {
		if (strcmp(costs[i].program, program) == 0)
			return &costs[i];
	}
	if (cost_count == PROGRAMS_MAX)
		abort();
	costs[cost_count].program = strdup(program);
	if (!costs[cost_count].program)
		abort();
	return &costs[cost_count++];
}

static bool has_private_stack(const struct bpf_program *program)
{
	struct error error = {0};

	if (own_stack_check(bpf_program__fd(program), &error) == 0)
		return false;
	fprintf(stderr, "%s: %s\n", bpf_program__name(program), error.text);
	return true;
}

/* The verifier ends its log with "processed N insns (limit ...". */
static int collect(struct bpf_object *object)
{
	struct bpf_program *program;
	size_t i = 0;

	bpf_object__for_each_program(program, object)
	{
		const char *found = strstr(logs[i++], "processed ");
		unsigned long instructions;
		struct cost *cost;

		if (!found) {
			fprintf(stderr, "%s: no figures in the verifier's log\n",
				bpf_program__name(program));
			return -EPROTO;
		}
		instructions = strtoul(found + strlen("processed "), NULL, 10);
		cost = cost_of(bpf_program__name(program));
		if (instructions > cost->instructions)
			cost->instructions = instructions;
		if (!cost->private_stack)
			cost->private_stack = has_private_stack(program);
	}
	return 0;
}

/* As the loader does; rodata is a skeleton's. */
#define know_kernel(rodata)                                                                        \
	do {                                                                                       \
		struct kernel_facts facts;                                                         \
		kernel_facts_find(&facts, NULL);                                                   \
		(rodata)->kernel_reads = facts.reads;                                              \
		memcpy((void *)(rodata)->kernel_offsets, facts.offsets, sizeof(facts.offsets));    \
	} while (0)

static int measure_login(const struct layout *layout)
{
	LIBBPF_OPTS(bpf_object_open_opts, opts);
	char path[LAYOUT_PATH_MAX];
	struct error error;
	struct login_bpf *skel;
	int fd = layout_open(layout, path, &error);
	int ret;

	if (fd < 0)
		return fd;
	opts.btf_custom_path = path;
	skel = login_bpf__open_opts(&opts);
	if (!skel) {
		ret = -errno;
		goto out;
	}
	know_kernel(skel->rodata);
	skel->rodata->descents_kept = true;
	watch(skel->obj);
	ret = login_bpf__load(skel);
	if (ret == 0)
		ret = collect(skel->obj);
out:
	login_bpf__destroy(skel);
	close(fd);
	return ret;
}

static int measure_exec(void)
{
	struct exec_bpf *skel = exec_bpf__open();
	int ret;

	if (!skel)
		return -errno;
	watch(skel->obj);
	ret = exec_bpf__load(skel);
	if (ret == 0)
		ret = collect(skel->obj);
	exec_bpf__destroy(skel);
	return ret;
}

static int measure_descent(void)
{
	struct descent_bpf *skel = descent_bpf__open();
	int ret;

	if (!skel)
		return -errno;
	know_kernel(skel->rodata);
	watch(skel->obj);
	ret = descent_bpf__load(skel);
	if (ret == 0)
		ret = collect(skel->obj);
	descent_bpf__destroy(skel);
	return ret;
}

static int read_list(const char *path)
{
	FILE *file = fopen(path, "re");
	char program[64];
	unsigned long allowed;

	if (!file)
		return -errno;
	while (fscanf(file, "%63s %lu", program, &allowed) == 2)
		cost_of(program)->allowed = allowed;
	(void)fclose(file);
	return 0;
}

/* Number of programs above their budget or on a stack that is not their task's. */
static int compare(void)
{
	int over = 0;

	for (size_t i = 0; i < cost_count; i++) {
		const struct cost *cost = &costs[i];
		bool good = cost->instructions <= cost->allowed + cost->allowed / 10 &&
			    !cost->private_stack;

		printf("%s %zu - %s: %lu instructions, %lu allowed, %s stack\n",
		       good ? "ok" : "not ok", i + 1, cost->program, cost->instructions,
		       cost->allowed, cost->private_stack ? "a private" : "its task's");
		over += !good;
	}
	return over;
}

int main(int argc, char **argv)
{
	int ret = measure_exec();

	if (ret == 0)
		ret = measure_descent();
	for (size_t i = 0; ret == 0 && i < layouts_embedded_count; i++)
		ret = measure_login(&layouts_embedded[i]);
	if (ret == 0 && argc > 1)
		ret = read_list(argv[1]);
	if (ret < 0) {
		fprintf(stderr, "verifier-budget: %s\n", strerror(-ret));
		return EXIT_FAILURE;
	}
	if (argc > 1)
		return compare() == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
	for (size_t i = 0; i < cost_count; i++)
		printf("%s %lu\n", costs[i].program, costs[i].instructions);
	return EXIT_SUCCESS;
}
