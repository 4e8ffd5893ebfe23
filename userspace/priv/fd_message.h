/* SPDX-License-Identifier: MIT */
/* A message of one size with descriptors in it (SCM_RIGHTS), over a socketpair of
 * SOCK_SEQPACKET. */
#ifndef DOVETAP_PRIV_FD_MESSAGE_H
#define DOVETAP_PRIV_FD_MESSAGE_H

#include <stddef.h>

#define FD_MESSAGE_MAX 12 /* descriptors of one message */

/* Waits for room unless the socket does not. Returns 0 or a negative errno. */
int fd_message_send(int socket, const void *message, size_t size, const int *fds, size_t count);

/*
 * Takes one message of exactly this size, with at most FD_MESSAGE_MAX descriptors (close on exec,
 * the caller's). Returns 1; 0 at the end; -EPROTO for another size, when nothing is kept; or a
 * negative errno.
 */
int fd_message_receive(int socket, void *message_r, size_t size, int fds_r[FD_MESSAGE_MAX],
		       size_t *count_r);

#endif
