/* SPDX-License-Identifier: MIT */
#include "audit/sink.h"

#include <errno.h>
#include <unistd.h>

static const struct audit_sink_ops *const named[] = {&audit_stdout_sink, &audit_syslog_sink,
						     &audit_journal_sink};

int audit_sink_init(struct audit_sink *sink, const char *target, struct error *error_r)
{
	*sink = (struct audit_sink){.path = target, .fd = -1};
	if (target[0] == '/')
		sink->ops = &audit_file_sink;
	for (size_t i = 0; i < sizeof(named) / sizeof(named[0]); i++) {
		if (strcmp(target, named[i]->name) == 0)
			sink->ops = named[i];
	}
	if (sink->ops)
		return 0;
	return error_set(error_r, EINVAL,
			 "\"%s\" is unknown; stdout, syslog, journal or an absolute path would be "
			 "right",
			 target);
}

void audit_sink_release(struct audit_sink *sink)
{
	if (sink->ops)
		sink->ops->close(sink);
}

int audit_sink_try(const char *target, struct error *error_r)
{
	struct audit_batch nothing;
	struct audit_sink sink;
	size_t next = 0;
	int ret = audit_sink_init(&sink, target, error_r);

	if (!sink.ops)
		return ret;
	audit_batch_init(&nothing, 0);
	ret = sink.ops->try ? sink.ops->try(&sink, error_r)
			    : sink.ops->write(&sink, &nothing, &next, error_r);
	audit_sink_release(&sink);
	return ret;
}
