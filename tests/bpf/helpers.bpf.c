/* SPDX-License-Identifier: GPL-2.0-only */
/* The helpers of bpf/ behind programs that a test can run, with a record in a map that it can see.
 */
#include <vmlinux.h>

#include <bpf/bpf_helpers.h>

#include "../tests/bpf/helper_args.h"
#include "user_read.bpf.h"

char LICENSE[] SEC("license") = "GPL";

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct dovetap_event);
} record SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct dovetap_event_long);
} long_record SEC(".maps");

SEC("syscall")
int run_read_text(struct text_arguments *arguments)
{
	__u32 zero = 0;
	struct dovetap_event *event = bpf_map_lookup_elem(&record, &zero);

	if (event)
		read_text(&event->head, DOVETAP_FIELD_AUTH_USER, false, arguments->address);
	return 0;
}

SEC("syscall")
int run_read_long_text(struct text_arguments *arguments)
{
	__u32 zero = 0;
	struct dovetap_event_long *event = bpf_map_lookup_elem(&long_record, &zero);

	if (event)
		read_text(&event->head, DOVETAP_FIELD_AUTH_USER, true, arguments->address);
	return 0;
}

SEC("syscall")
int run_numbers(struct number_arguments *arguments)
{
	__u64 value = arguments->value;

	arguments->words[0] = word_at(&value, 1);
	arguments->words[1] = word_at(&value, 2);
	arguments->words[2] = word_at(&value, 4);
	arguments->words[3] = word_at(&value, 8);
	arguments->flags = flag_if(value, arguments->flag);
	return 0;
}
