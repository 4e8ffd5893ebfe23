/* SPDX-License-Identifier: MIT */
/*
 * Opening files below a root folder that is not trusted (a container's): no symbolic link, "..",
 * FIFO or device in it leads out of it or makes the opener wait.
 */
#ifndef DOVETAP_SEARCH_ROOT_H
#define DOVETAP_SEARCH_ROOT_H

#include "base/error.h"

/* 0, or a negative errno where the system call for it is forbidden: nothing would be found. */
int root_check(struct error *error_r);

/* path is taken from root_fd, with or without a leading "/". Both return a descriptor or a
 * negative errno: the directory as O_PATH; the regular file for reading (-ENOEXEC if it is
 * something else). */
int root_open_directory(int root_fd, const char *path);
int root_open_file(int root_fd, const char *path);

/* The same in two steps, when a look at the file may be enough: first O_PATH. */
int root_open_path(int root_fd, const char *path);
int root_reopen_file(int path_fd);

/* O_PATH of the last component itself, which may be a symbolic link. */
int root_open_link(int root_fd, const char *path);

#endif
