/* SPDX-License-Identifier: MIT */
/* The probes that are set at this moment. Logs and tells the collector of each change. */
#ifndef DOVETAP_ATTACH_ATTACHMENTS_H
#define DOVETAP_ATTACH_ATTACHMENTS_H

#include "attach/attach.h"
#include "attach/collector.h"
#include "priv/proto.h"

struct attachment;

struct attachments {
	struct loader *loader; /* the owner's, as is the collector */
	struct collector *collector;
	struct attachment *list;
	unsigned int links;
};

/* For discover_new() and discover_on_lost(); ctx is the struct attachments. */
void attachments_found(void *ctx, const struct build *build, const struct build *replaced);
void attachments_lost(void *ctx, const struct build *build);

/* Tells a new collector what is attached. */
void attachments_tell_all(const struct attachments *attachments);

/* Sends a message that is about no file. */
void attachments_tell(const struct attachments *attachments, enum priv_message_type type);

/* Detaches all. */
void attachments_detach(struct attachments *attachments);

#endif
