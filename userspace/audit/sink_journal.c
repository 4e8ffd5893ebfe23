/* SPDX-License-Identifier: MIT */
/* Structured fields for the journal (sd_journal_sendv(3)), not JSON inside of a message. */
#define SD_JOURNAL_SUPPRESS_LOCATION

#include <errno.h>
#include <sys/uio.h>
#include <systemd/sd-journal.h>
#include <unistd.h>

#include "audit/sink.h"

#define SOCKET_PATH "/run/systemd/journal/socket"
#define FIELDS_MAX  (AUDIT_FIELD_COUNT + 16)

/* UNSAFE: takes apart what audit_record_journal() has put together. */
static int split(struct slice record, struct iovec fields[FIELDS_MAX])
{
	const char *p = record.ptr, *end = record.ptr + record.len;
	int count = 0;
	size_t len;

	while (p < end && count < FIELDS_MAX) {
		memcpy(&len, p, sizeof(len));
		fields[count++] = (struct iovec){(void *)(uintptr_t)(p + sizeof(len)), len};
		p += sizeof(len) + len;
	}
	return count;
}

static int write_records(struct audit_sink *sink, const struct audit_batch *batch, size_t *next,
			 struct error *error_r)
{
	struct iovec fields[FIELDS_MAX];

	(void)sink;
	/* Without a journal the library does nothing and reports success. */
	if (access(SOCKET_PATH, F_OK) < 0)
		return error_set(error_r, errno, "there is no journal: " SOCKET_PATH ": %m");
	for (; *next < batch->count; ++*next) {
		int ret = sd_journal_sendv(fields, split(audit_batch_record(batch, *next), fields));

		if (ret < 0)
			return error_set(error_r, -ret, "journal: %s", strerrordesc_np(-ret));
	}
	return 0;
}

static void close_nothing(struct audit_sink *sink)
{
	(void)sink;
}

const struct audit_sink_ops audit_journal_sink = {
	.name = "journal",
	.encode = audit_record_journal,
	.write = write_records,
	.close = close_nothing,
};
