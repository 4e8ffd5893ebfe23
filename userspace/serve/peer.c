/* SPDX-License-Identifier: MIT */
#include "serve/peer.h"

#include <stdbool.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

static bool is_among(const gid_t *groups, size_t count, gid_t wanted)
{
	for (size_t i = 0; i < count; i++) {
		if (groups[i] == wanted)
			return true;
	}
	return false;
}

/* The kernel returns how much room the list wants when there is too little. */
static bool is_member(int fd, gid_t wanted)
{
	gid_t few[32], *groups = few;
	socklen_t size = sizeof(few);
	int ret = getsockopt(fd, SOL_SOCKET, SO_PEERGROUPS, groups, &size);
	bool found;

	if (ret < 0 && size > sizeof(few)) {
		groups = malloc(size);
		ret = groups ? getsockopt(fd, SOL_SOCKET, SO_PEERGROUPS, groups, &size) : -1;
	}
	found = ret == 0 && is_among(groups, size / sizeof(*groups), wanted);
	if (groups != few)
		free(groups);
	return found;
}

enum peer_role peer_role(int fd, gid_t readers)
{
	struct ucred peer;
	socklen_t size = sizeof(peer);

	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) < 0 || size != sizeof(peer) ||
	    peer.pid == 0)
		return PEER_OUTSIDER;
	if (peer.uid == 0 || peer.uid == geteuid())
		return PEER_OWNER;
	return peer.gid == readers || is_member(fd, readers) ? PEER_READER : PEER_OUTSIDER;
}
