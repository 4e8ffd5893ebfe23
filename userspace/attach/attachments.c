/* SPDX-License-Identifier: MIT */
#include "attach/attachments.h"

#include "base/log.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include <utlist.h>

struct attachment {
	const struct build *build;
	struct link *link;
	struct attachment *next;
};

static struct priv_message message_about(const struct attachments *attachments,
					 enum priv_message_type type, const struct build *build)
{
	struct priv_message message = {
		.version = PRIV_PROTO_VERSION,
		.type = type,
		.links = attachments->links,
	};

	if (!build)
		return message;
	message.role = build->role;
	message.inode = build->id.ino;
	snprintf(message.abi, sizeof(message.abi), "%s", build->abi);
	snprintf(message.path, sizeof(message.path), "%s", build->path);
	if (build->probe)
		snprintf(message.symbol, sizeof(message.symbol), "%s", build->probe->symbol);
	return message;
}

static void tell(const struct attachments *attachments, enum priv_message_type type,
		 const struct build *build)
{
	struct priv_message message = message_about(attachments, type, build);

	collector_tell(attachments->collector, &message);
}

static void refuse(const struct attachments *attachments, const struct build *build,
		   const char *reason)
{
	struct priv_message message = message_about(attachments, PRIV_REFUSED, build);

	log_warning("%s: not attached: %s", build->path, reason);
	snprintf(message.reason, sizeof(message.reason), "%.380s", reason);
	collector_tell(attachments->collector, &message);
}

static void detach(struct attachments *attachments, struct attachment *attachment)
{
	LL_DELETE(attachments->list, attachment);
	link_detach(&attachment->link);
	attachments->links--;
	tell(attachments, PRIV_DETACHED, attachment->build);
	free(attachment);
}

static void detach_build(struct attachments *attachments, const struct build *build,
			 const char *why)
{
	struct attachment *attachment;

	LL_SEARCH_SCALAR(attachments->list, attachment, build, build);
	if (!attachment) /* it was refused */
		return;
	log_info("%s: detached: %s", build->path, why);
	detach(attachments, attachment);
}

static int attach(struct attachments *attachments, const struct build *build, struct error *error_r)
{
	struct attachment *attachment = calloc(1, sizeof(*attachment));
	int err;

	if (!attachment)
		return error_set(error_r, ENOMEM, "out of memory");
	err = loader_attach(attachments->loader, build, &attachment->link, error_r);
	if (err < 0) {
		free(attachment);
		return err;
	}
	attachment->build = build;
	LL_APPEND(attachments->list, attachment);
	attachments->links++;
	return 0;
}

void attachments_found(void *ctx, const struct build *build, const struct build *replaced)
{
	struct attachments *attachments = ctx;
	struct error error;

	if (replaced)
		detach_build(attachments, replaced, "it was overwritten");
	if (!build->probe) {
		refuse(attachments, build, build->refusal.text);
	} else if (attach(attachments, build, &error) < 0) {
		refuse(attachments, build, error.text);
	} else {
		log_info("%s: attached to %s of Dovecot ABI %s", build->path, build->probe->symbol,
			 build->abi);
		tell(attachments, PRIV_ATTACHED, build);
	}
}

void attachments_lost(void *ctx, const struct build *build)
{
	detach_build(ctx, build, "it is gone, and no process runs it");
}

void attachments_tell_all(const struct attachments *attachments)
{
	const struct attachment *attachment;

	LL_FOREACH(attachments->list, attachment)
		tell(attachments, PRIV_ATTACHED, attachment->build);
}

void attachments_tell(const struct attachments *attachments, enum priv_message_type type)
{
	tell(attachments, type, NULL);
}

void attachments_detach(struct attachments *attachments)
{
	while (attachments->list)
		detach(attachments, attachments->list);
}
