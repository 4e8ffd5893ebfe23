/* SPDX-License-Identifier: MIT */
/*
 * How much the searcher may read of a container's files: a container that changes them all the
 * time, or makes them huge, uses up its own share and waits, and does not delay the others.
 *
 * Each file system has a share that fills up again with time, and so have all of them together. A
 * look counts as at least READ_BUDGET_LOOK_MIN bytes. An upgrade of Dovecot takes some ten of them.
 */
#ifndef DOVETAP_SEARCH_READ_BUDGET_H
#define DOVETAP_SEARCH_READ_BUDGET_H

#include <stdbool.h>
#include <stdint.h>

#define READ_BUDGET_LOOK_MIN   (1LL << 20)
#define READ_BUDGET_NAME       (8LL << 10) /* for each of many that are looked up in a directory */
#define READ_BUDGET_ENTRY      (1LL << 10) /* for each of many that are passed over in one */
#define READ_BUDGET_SHARE      (1024LL << 20) /* bytes at once... */
#define READ_BUDGET_SHARE_RATE (16LL << 20)   /* ...and more with each second */
#define READ_BUDGET_ALL	       (4096LL << 20)
#define READ_BUDGET_ALL_RATE   (64LL << 20)
#define READ_BUDGET_DEVICES    64

struct read_share {
	uint64_t device;
	int64_t used;  /* bytes; 0 is a share that is free */
	int64_t at_ns; /* when used was that */
};

struct read_budget {
	struct read_share all, devices[READ_BUDGET_DEVICES];
};

/* True when a file on the device may be looked at now. now_ns is monotonic. */
bool read_budget_allows(struct read_budget *budget, uint64_t device, int64_t now_ns);

/* It was, and has so many bytes, of which ELF_FILE_MAX are read at most. That may be more than is
 * left: the next look waits longer. */
void read_budget_spend(struct read_budget *budget, uint64_t device, int64_t bytes, int64_t now_ns);

#endif
