/* SPDX-License-Identifier: MIT */
/*
 * Whether a probe on one file is a probe on another one as well, shown by the kernel.
 *
 * stat() cannot show it: the two overlays of two containers give one lower file two device numbers,
 * and two clones of one file system (btrfs or LVM snapshots, an image that was copied or mounted
 * twice, overlays over two snapshots) give two files the same inode number, times, size and build
 * id. But a uprobe belongs to the inode that is really mapped: the kernel puts its breakpoint into
 * every new private mapping of that inode, ours included. Where a mapping differs from what read()
 * returns, a probe stands.
 */
#ifndef DOVETAP_SEARCH_SAME_INODE_H
#define DOVETAP_SEARCH_SAME_INODE_H

#include <stdbool.h>
#include <stdint.h>

/* True if a probe stands at that offset of the file, open for reading or O_PATH. False if there is
 * none, or if the file cannot be mapped or read. */
bool probe_stands(int fd, uint64_t offset);

/*
 * True if the probe that is about to be set on the first file, or was, stands in the second one.
 * Waits for at most SAME_INODE_WAIT_NS until it is set on the first; *unset_r is true if it was not
 * by then: the next call for that file need not wait.
 */
#define SAME_INODE_WAIT_NS 100000000LL
bool same_inode_shown(int probed_fd, int other_fd, uint64_t offset, bool wait, bool *unset_r);

#endif
