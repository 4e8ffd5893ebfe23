/* SPDX-License-Identifier: MIT */
#include "priv/handover.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "priv/fd_message.h"
#include "priv/sandbox.h"

#define HANDOVER_VERSION 2

/* The descriptors go with it in this order: ring, counters, accounts, configuration, lock, old
 * rings. */
struct message {
	uint32_t version, size;
	struct priv_user user;
	pid_t attacher;
	int64_t watchdog_ns;
	uint32_t old_count;
	struct collector_map_ids ids;
	uint8_t has_lock, inherited, no_sandbox, reserved;
};

enum { RING, COUNTERS, ACCOUNTS, CONFIGURATION, ALWAYS };

_Static_assert(ALWAYS + 1 + COLLECTOR_OLD_RINGS_MAX <= FD_MESSAGE_MAX, "they go in one message");

int handover_send(int channel, const struct handover *handover)
{
	const struct collector_fds *fds = &handover->fds;
	struct message message;
	int list[FD_MESSAGE_MAX] = {fds->ring, fds->counters, fds->accounts, fds->configuration};
	size_t count = ALWAYS;

	memset(&message, 0, sizeof(message)); /* padding, too */
	message.version = HANDOVER_VERSION;
	message.size = sizeof(message);
	message.user = handover->user;
	message.attacher = handover->attacher;
	message.watchdog_ns = handover->watchdog_ns;
	message.old_count = (uint32_t)fds->old_count;
	message.ids = fds->ids;
	message.has_lock = fds->lock >= 0;
	message.inherited = fds->inherited;
	message.no_sandbox = handover->no_sandbox;
	if (fds->lock >= 0)
		list[count++] = fds->lock;
	memcpy(list + count, fds->old, fds->old_count * sizeof(int));
	return fd_message_send(channel, &message, sizeof(message), list, count + fds->old_count);
}

static bool fits(const struct message *message, size_t count)
{
	return message->version == HANDOVER_VERSION && message->size == sizeof(*message) &&
	       message->old_count <= COLLECTOR_OLD_RINGS_MAX &&
	       count == ALWAYS + (message->has_lock != 0) + message->old_count &&
	       memchr(message->user.name, '\0', sizeof(message->user.name));
}

static void use(const struct message *message, const int *list, struct handover *handover)
{
	struct collector_fds *fds = &handover->fds;

	handover->user = message->user;
	handover->attacher = message->attacher;
	handover->watchdog_ns = message->watchdog_ns;
	handover->no_sandbox = message->no_sandbox;
	fds->ring = list[RING];
	fds->counters = list[COUNTERS];
	fds->accounts = list[ACCOUNTS];
	fds->configuration = list[CONFIGURATION];
	fds->lock = message->has_lock ? list[ALWAYS] : -1;
	fds->inherited = message->inherited;
	fds->old_count = message->old_count;
	fds->ids = message->ids;
	memcpy(fds->old, list + ALWAYS + (message->has_lock != 0),
	       fds->old_count * sizeof(fds->old[0]));
}

int handover_receive(int channel, struct handover *handover_r, struct error *error_r)
{
	struct handover handover = {.fds.peer = channel};
	struct message message;
	int list[FD_MESSAGE_MAX];
	size_t count;
	int ret = fd_message_receive(channel, &message, sizeof(message), list, &count);

	if (ret == 0)
		return error_set(error_r, EPIPE, "the attacher is gone");
	if (ret < 0)
		return error_set(error_r, -ret, "no handover from the attacher: %s",
				 strerror(-ret));
	if (!fits(&message, count))
		return error_set(error_r, EPROTO,
				 "the handover of the attacher is of another version");
	use(&message, list, &handover);
	*handover_r = handover;
	return 0;
}

int handover_drop_rights(const struct handover *handover, struct error *error_r)
{
	int ret = priv_drop(&handover->user, error_r);

	if (ret < 0)
		return ret;
	/* After the change of user, which clears it; and the attacher may be gone already. */
	if (prctl(PR_SET_PDEATHSIG, SIGTERM) < 0)
		return error_set(error_r, errno, "cannot follow the attacher: %s", strerror(errno));
	if (getppid() != handover->attacher)
		return error_set(error_r, ESRCH, "the attacher is gone");
	return handover->no_sandbox ? 0 : priv_sandbox_enter(PRIV_COLLECTOR, error_r);
}
