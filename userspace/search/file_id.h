/* SPDX-License-Identifier: MIT */
/*
 * When two paths lead to the same code, and a probe on one is a probe on both.
 *
 * A uprobe belongs to the inode that is really mapped, and device and inode number name it.
 * Containers see the inode of their common lower layer through overlays whose device numbers
 * differ, while inode number, change time and size pass through; but so do those of two clones of
 * one file system, which are two inodes. Over different devices files are alike at most;
 * same_inode.h shows the rest.
 */
#ifndef DOVETAP_SEARCH_FILE_ID_H
#define DOVETAP_SEARCH_FILE_ID_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/stat.h>

#define FILE_ID_BUILD_MAX 32

struct file_id {
	uint64_t dev, ino;
	int64_t ctime_ns;
	int64_t btime_ns; /* when it was made; 0: not known */
	uint64_t size;
	uint8_t build_id[FILE_ID_BUILD_MAX];
	uint32_t build_id_len; /* 0: the file has none */
};

/* Fills all but the build id, which becomes empty, and btime_ns, which becomes 0. */
void file_id_from_stat(struct file_id *id_r, const struct stat *st);

/* Sets btime_ns, if the file system of the open file knows it. */
void file_id_add_birth(struct file_id *id, int fd);

/*
 * True if it is the same inode with the same content: equal device, inode, size and build id (a
 * chmod or a new hard link moves only the change time; without a build id that has to be equal,
 * too). A file that its overlay has copied up keeps its number, but was made later.
 */
bool file_id_equal(const struct file_id *a, const struct file_id *b);

/*
 * True if it may be the same inode, seen through another device: all but the device is equal.
 * Without a build id, a change time in whole seconds does not count as one: image file systems
 * without real change times (squashfs, erofs) give all their files the same.
 */
bool file_id_alike(const struct file_id *a, const struct file_id *b);

/* True if one is the other's copy in the upper layer: processes may run both. */
bool file_id_copied_up(const struct file_id *a, const struct file_id *b);

/* True if b stands where a stood, but its content is another: the file was overwritten in place. */
bool file_id_overwritten(const struct file_id *a, const struct file_id *b);

#endif
