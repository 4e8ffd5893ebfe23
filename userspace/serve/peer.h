/* SPDX-License-Identifier: MIT */
/*
 * Who is at the other end of a unix socket, by what the kernel noted when it connected
 * (SO_PEERCRED, SO_PEERGROUPS of unix(7)). Nothing that the peer sends is believed.
 */
#ifndef DOVETAP_SERVE_PEER_H
#define DOVETAP_SERVE_PEER_H

#include <sys/types.h>

enum peer_role {
	PEER_OUTSIDER,
	PEER_READER, /* of the group */
	PEER_OWNER,  /* root, or the user of this process */
};

/* readers is a group: the peer's first one, or one of its others. A descriptor that is no unix
 * socket, or whose process cannot be seen from here, is an outsider's. */
enum peer_role peer_role(int fd, gid_t readers);

#endif
