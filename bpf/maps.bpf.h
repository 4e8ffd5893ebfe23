/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Every map and every knob of login.bpf.c. The loader sets the knobs and the size of the ring
 * between open and load, and lets all objects (one per Dovecot layout) share the two maps.
 */
#ifndef DOVETAP_MAPS_BPF_H
#define DOVETAP_MAPS_BPF_H

#include <vmlinux.h>

#include <bpf/bpf_helpers.h>
#include <dovetap/counters.h>
#include <dovetap/event.h>

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 4 << 20); /* bytes; a power of two */
} events SEC(".maps");

/* linux/bpf.h; no kernel type refers to them, so that vmlinux.h lacks them. */
#define BPF_F_MMAPABLE	  (1U << 10)
#define BPF_NOEXIST	  1
#define BPF_RB_AVAIL_DATA 0
#define BPF_RB_RING_SIZE  1

/*
 * One block for each CPU (dovetap/counters.h). Not a per-CPU map, because only a plain array can be
 * mapped, and mapped it can be read by a collector that may make no system call of bpf(2).
 */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, DOVETAP_COUNTER_STRIDE *(1 + 256)); /* CPUs; the loader knows */
	__type(key, __u32);
	__type(value, __u64);
} counters SEC(".maps");

/*
 * DOVETAP_BIT of each text to capture. The others are absent from every record. The home directory
 * is off by default: only a key template that uses it needs it.
 */
const volatile __u32 wanted_texts =
	(DOVETAP_BIT(DOVETAP_TEXT_COUNT) - 1) & ~DOVETAP_BIT(DOVETAP_FIELD_HOME);

/*
 * What a record has as the file that it is from, when it is not 0. Else the link has it as its
 * cookie, which kernels know from 5.15 on.
 */
const volatile __u64 file_key = 0;

#endif
