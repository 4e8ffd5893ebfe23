/* SPDX-License-Identifier: MIT */
/*
 * The probes that are set at this moment. Logs each change and reports it to the collector.
 *
 * A probe that an earlier process has left is taken over if this one would make the very same, else
 * it is replaced: the new one first, so that no login falls between.
 */
#ifndef DOVETAP_ATTACH_ATTACHMENTS_H
#define DOVETAP_ATTACH_ATTACHMENTS_H

#include "attach/attach.h"
#include "attach/child.h"
#include "attach/closer.h"
#include "attach/fd_stores.h"
#include "attach/inherited.h"
#include "priv/proto.h"
#include "search/verify.h"

struct attachment;

#define REFUSED_LAYOUTS_MAX 64 /* the earliest makes room */

struct attachments {
	struct loader *loader; /* the owner's, as is the collector */
	struct child *child;
	struct fd_stores *fd_stores;
	struct inherited *inherited;
	struct verify verify; /* each file, before a probe is set in it */
	struct attachment *list;
	unsigned int links, refused;
	unsigned int refused_by[PRIV_REFUSAL_COUNT];
	unsigned int stalled, limited, dovecots;       /* the owner's to set */
	unsigned int unseen;			       /* the same (priv/proto.h) */
	unsigned int changes;			       /* probes attached so far */
	uint64_t refused_layouts[REFUSED_LAYOUTS_MAX]; /* keys of files (attach.h) */
	unsigned int refused_layout_count;	       /* so far */
	struct closer closer;
};

/* Sets what is not the owner's. */
void attachments_init(struct attachments *attachments);
void attachments_release(struct attachments *attachments);

/* For discover_new() and discover_on_lost(); ctx is the struct attachments. */
void attachments_found(void *ctx, const struct binary *binary, const struct binary *replaced);
void attachments_lost(void *ctx, const struct binary *binary);

/*
 * The collector has seen that the files of this key (attach.h) are not as their layout has them:
 * those that have a probe lose it and are refused, and so are those that are found later.
 */
void attachments_refuse(struct attachments *attachments, uint64_t file, const char *reason);

/* Reports to a new collector what is attached and what is refused. */
void attachments_report_all(const struct attachments *attachments);

/* Sends a message that is about no file. */
void attachments_report(const struct attachments *attachments, enum priv_message_type type);

/*
 * Detaches all; no event comes after that. Those that were refused stay refused in what the
 * collector receives: until its end it has missed their logins.
 */
void attachments_detach(struct attachments *attachments);

/* Releases all and detaches nothing. */
void attachments_leave(struct attachments *attachments);

#endif
