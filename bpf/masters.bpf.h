/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Files that are Dovecot's master by their contents and have another name: a searcher finds them,
 * a verifier proves it, and the attacher notes them here. One map for all programs of the host.
 *
 * A file stays noted until room is needed. It counts only for who runs it as its owner, or when it
 * is root's: so a number that a later file has got is of no use to an ordinary user.
 */
#ifndef DOVETAP_MASTERS_BPF_H
#define DOVETAP_MASTERS_BPF_H

#include <vmlinux.h>

#include <bpf/bpf_helpers.h>
#include <dovetap/origin.h>

#define BPF_MAP_TYPE_HASH                                                                          \
	1 /* linux/bpf.h; no kernel type refers to it, so that vmlinux.h lacks it */

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, DOVETAP_NOTED_ROOT + DOVETAP_NOTED_OTHERS);
	__type(key, struct dovetap_master_file);
	__type(value, __u32);
} masters SEC(".maps");

#endif
