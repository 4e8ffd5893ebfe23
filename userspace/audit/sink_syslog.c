/* SPDX-License-Identifier: MIT */
/*
 * One datagram a record, to /dev/log, in the form of syslog(3) (RFC 3164, facility mail as
 * Dovecot's, severity notice for failures and else info), the JSON object behind the cookie
 * "@cee:", by which rsyslog and syslog-ng recognise it.
 *
 * Not by syslog(3): it does not report lost messages, and its lock would make the collector's loop
 * wait for this thread.
 */
#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <syslog.h>
#include <time.h>
#include <unistd.h>

#include "audit/sink.h"

#define SOCKET_PATH "/dev/log"

static int encode(const struct audit_record *record, struct buf *out)
{
	int severity = record->event == LOGIN_EVENT_FAILURE ? LOG_NOTICE : LOG_INFO;
	time_t now = time(NULL);
	char stamp[32] = "";
	struct tm tm;

	if (localtime_r(&now, &tm))
		(void)strftime(stamp, sizeof(stamp), "%b %e %H:%M:%S", &tm);
	buf_appendf(out, "<%d>%s dovetap[%d]: @cee: ", LOG_MAIL | severity, stamp, (int)getpid());
	return audit_record_json(record, out);
}

static void close_socket(struct audit_sink *sink)
{
	if (sink->fd >= 0)
		close(sink->fd);
	sink->fd = -1;
}

static int open_socket(struct audit_sink *sink, struct error *error_r)
{
	const struct sockaddr_un address = {.sun_family = AF_UNIX, .sun_path = SOCKET_PATH};

	if (sink->fd >= 0)
		return 0;
	sink->fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (sink->fd >= 0 &&
	    connect(sink->fd, (const struct sockaddr *)&address, sizeof(address)) == 0)
		return 0;
	error_set(error_r, errno, SOCKET_PATH ": %m");
	close_socket(sink);
	return -error_r->code;
}

static int write_records(struct audit_sink *sink, const struct audit_batch *batch, size_t *next,
			 struct error *error_r)
{
	int ret = open_socket(sink, error_r);

	while (ret == 0 && *next < batch->count) {
		struct slice record = audit_batch_record(batch, *next);

		if (send(sink->fd, record.ptr, record.len, MSG_NOSIGNAL) >= 0)
			++*next;
		else if (errno != EINTR)
			ret = error_set(error_r, errno, SOCKET_PATH ": %m");
	}
	if (ret < 0 && ret != -EMSGSIZE)
		close_socket(sink);
	return ret;
}

const struct audit_sink_ops audit_syslog_sink = {
	.name = "syslog",
	.encode = encode,
	.write = write_records,
	.close = close_socket,
};
