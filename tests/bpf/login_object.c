/* SPDX-License-Identifier: MIT */
#include "login_object.h"

#include <dlfcn.h>
#include <unistd.h>

#include "attach/kernel_types.h"
#include "base/buf.h"
#include "unit/cmocka_all.h"

#define TABLE "layouts/dovecot.layouts"

/* A negative result makes libbpf stop behind this record. */
static int take_one(void *context, void *data, size_t size)
{
	struct login_object *object = context;

	assert_in_range(size, sizeof(object->record.head), sizeof(object->record));
	memcpy(&object->record, data, size);
	object->size = size;
	object->taken = true;
	return -1;
}

static void know_kernel(struct login_bpf *skel)
{
	uint32_t offsets[DOVETAP_KERNEL_COUNT];

	skel->rodata->kernel_reads = kernel_types_find(offsets, NULL);
	memcpy((void *)skel->rodata->kernel_offsets, offsets, sizeof(offsets));
}

/* NULL when it does not load. */
static struct login_bpf *try_load(const struct layout *layout, login_object_setup_t *setup)
{
	LIBBPF_OPTS(bpf_object_open_opts, opts);
	char path[LAYOUT_PATH_MAX];
	struct error error = {0};
	struct login_bpf *skel;
	int fd = layout_open(layout, path, &error);

	if (fd < 0)
		fail_msg("%s", error.text);
	opts.btf_custom_path = path;
	skel = login_bpf__open_opts(&opts);
	assert_non_null(skel);
	skel->rodata->file_key = LOGIN_OBJECT_FILE;
	know_kernel(skel);
	(void)bpf_map__set_autocreate(skel->maps.descents, false); /* old kernels have none */
	if (setup)
		setup(skel);
	if (login_bpf__load(skel) < 0) {
		login_bpf__destroy(skel);
		skel = NULL;
	}
	close(fd);
	return skel;
}

void login_object_load(struct login_object *object, const struct layout *layout,
		       login_object_setup_t *setup)
{
	*object = (struct login_object){.skel = try_load(layout, setup)};
	if (!object->skel)
		fail_msg("%s does not load", layout->abi);
	object->ring =
		ring_buffer__new(bpf_map__fd(object->skel->maps.events), take_one, object, NULL);
	assert_non_null(object->ring);
}

void login_object_want_only(struct login_bpf *skel, const struct bpf_program *program)
{
	struct bpf_program *other;

	bpf_object__for_each_program(other, skel->obj)
		bpf_program__set_autoload(other, other == program);
}

bool login_object_loads(const struct layout *layout, login_object_setup_t *setup)
{
	libbpf_print_fn_t print = libbpf_set_print(NULL);
	struct login_bpf *skel = try_load(layout, setup);
	bool loads = skel != NULL;

	libbpf_set_print(print);
	login_bpf__destroy(skel);
	return loads;
}

void login_object_release(struct login_object *object)
{
	ring_buffer__free(object->ring);
	login_bpf__destroy(object->skel);
	*object = (struct login_object){0};
}

struct bpf_link *login_object_link_for(pid_t pid, struct bpf_program *program, const char *function)
{
	LIBBPF_OPTS(bpf_uprobe_opts, opts, .func_name = function);
	struct bpf_link *link;
	Dl_info library;

	assert_int_not_equal(dladdr(dlsym(RTLD_DEFAULT, function), &library), 0);
	link = bpf_program__attach_uprobe_opts(program, pid, library.dli_fname, 0, &opts);
	assert_non_null(link);
	return link;
}

struct bpf_link *login_object_link(struct bpf_program *program, const char *function)
{
	return login_object_link_for(getpid(), program, function);
}

bool login_object_try(struct login_object *object)
{
	object->taken = false;
	ring_buffer__consume(object->ring);
	return object->taken;
}

void login_object_next(struct login_object *object)
{
	assert_true(login_object_try(object));
	assert_int_equal(object->record.head.major, DOVETAP_EVENT_MAJOR);
	assert_int_equal(object->record.head.size, object->size);
}

unsigned long long login_object_count_on(const struct login_object *object, unsigned int cpu,
					 unsigned int counter)
{
	__u32 index = (1 + cpu) * DOVETAP_COUNTER_STRIDE + counter;
	__u64 value = 0;

	assert_int_equal(bpf_map__lookup_elem(object->skel->maps.counters, &index, sizeof(index),
					      &value, sizeof(value), 0),
			 0);
	return value;
}

unsigned long long login_object_count(const struct login_object *object, unsigned int counter)
{
	__u32 cpus = bpf_map__max_entries(object->skel->maps.counters) / DOVETAP_COUNTER_STRIDE - 1;
	unsigned long long sum = 0;

	for (__u32 cpu = 0; cpu < cpus; cpu++)
		sum += login_object_count_on(object, cpu, counter);
	return sum;
}

const char *login_object_text(const struct login_object *object, unsigned int field)
{
	const struct dovetap_event_head *head = &object->record.head;
	const char *slots[DOVETAP_TEXT_COUNT];

	if (object->size == sizeof(object->record.longer)) {
#define DOVETAP_X(id, member, short_, long_)                                                       \
	slots[DOVETAP_FIELD_##id] = object->record.longer.member;
		DOVETAP_TEXT_FIELDS(DOVETAP_X)
#undef DOVETAP_X
	} else {
		assert_int_equal(object->size, sizeof(object->record.ordinary));
#define DOVETAP_X(id, member, short_, long_)                                                       \
	slots[DOVETAP_FIELD_##id] = object->record.ordinary.member;
		DOVETAP_TEXT_FIELDS(DOVETAP_X)
#undef DOVETAP_X
	}
	assert_int_equal(slots[field][head->length[field]], '\0');
	if (head->present & DOVETAP_BIT(field)) {
		assert_int_equal(strlen(slots[field]), head->length[field]);
		return slots[field];
	}
	assert_int_equal(head->length[field], 0);
	return NULL;
}

void login_table_read(struct layout_table *table_r)
{
	FILE *file = fopen(TABLE, "re");
	struct error error = {0};
	char chunk[4096];
	struct buf text;
	size_t len;

	assert_non_null(file);
	buf_init(&text, 1U << 20);
	while ((len = fread(chunk, 1, sizeof(chunk), file)) > 0)
		assert_int_equal(buf_append(&text, chunk, len), 0);
	fclose(file);
	if (layout_table_parse(buf_slice(&text), TABLE, table_r, &error) < 0)
		fail_msg("%s", error.text);
	buf_release(&text);
}
