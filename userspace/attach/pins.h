/* SPDX-License-Identifier: MIT */
/*
 * The fd store that pins BPF maps and links into a directory of their own in bpffs, where they
 * outlive every process until they are removed. Only this user may look into it, and only one
 * process at a time works there.
 */
#ifndef DOVETAP_ATTACH_PINS_H
#define DOVETAP_ATTACH_PINS_H

#include "base/error.h"
#include "base/fd_store.h"

#define PINS_DIR_DEFAULT "/sys/fs/bpf/dovetap"

struct pins;

/* 0 if dir is in bpffs, or could be made there; -ENOTSUP, with advice, if it could not. */
int pins_check_place(const char *dir, struct error *error_r);

/*
 * Makes dir unless it is there, below a mounted bpffs; takes the lock on it. Errors, with advice:
 * -ENOTSUP not in bpffs, -EPERM somebody else's directory or one that others can write, -EBUSY
 * another process works there, or the errno of what failed.
 */
int pins_open(const char *dir, struct pins **pins_r, struct error *error_r);
void pins_close(struct pins **pins); /* all pins stay */

/* Valid until pins_close(). */
struct fd_store pins_fd_store(struct pins *pins);

/* The names in dir, without opening what they stand for: fd is -1. Takes no lock. -ENOENT when
 * there is no such directory. */
int pins_list(const char *dir, fd_store_fn *fn, void *fn_ctx, struct error *error_r);

/* Removes the directory; -ENOTEMPTY while something is in it. */
int pins_remove_dir(const struct pins *pins, struct error *error_r);

#endif
