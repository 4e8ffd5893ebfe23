/* SPDX-License-Identifier: MIT */
/*
 * Where the audit stream goes. A sink belongs to one thread, may block, and opens by itself what it
 * needs, again after an error: a file that was moved or a daemon that was restarted is no end.
 */
#ifndef DOVETAP_AUDIT_SINK_H
#define DOVETAP_AUDIT_SINK_H

#include "audit/queue.h"
#include "audit/record.h"
#include "base/error.h"

struct audit_sink;

struct audit_sink_ops {
	const char *name; /* as in the setting; NULL: a path */

	/* The form that its records have, their end included. */
	int (*encode)(const struct audit_record *record, struct buf *out);

	/* Writes from *next on and moves it behind what was written. 0, or a negative errno:
	 * -EMSGSIZE when the record at *next can never be written, else trying again may help. */
	int (*write)(struct audit_sink *sink, const struct audit_batch *batch, size_t *next,
		     struct error *error_r);

	/* Whether it would take a record; makes and changes nothing. NULL: as to write nothing. */
	int (*try)(const struct audit_sink *sink, struct error *error_r);

	void (*close)(struct audit_sink *sink);
};

struct audit_sink {
	const struct audit_sink_ops *ops;
	const char *path; /* of a file or a socket */
	int fd;		  /* -1: not open */
	size_t partial;	  /* bytes of the record at *next that are written */
};

/* target: "/path", "stdout", "syslog" or "journal"; must outlive the sink. -EINVAL for others. */
int audit_sink_init(struct audit_sink *sink, const char *target, struct error *error_r);
void audit_sink_release(struct audit_sink *sink);

/* 0 when the sink would take a record; for checking a configuration. */
int audit_sink_try(const char *target, struct error *error_r);

extern const struct audit_sink_ops audit_file_sink, audit_stdout_sink, audit_syslog_sink,
	audit_journal_sink;

#endif
