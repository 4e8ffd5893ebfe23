/* SPDX-License-Identifier: MIT */
#include "attach/attachments.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <utlist.h>

#include "base/log.h"
#include "dovecot/layout.h"

/* A path in a message. A container makes them as long as it likes; what follows has to be read,
 * too. */
#define SHOWN_PATH "%.1000s"

/* One file, with a probe or refused. */
struct attachment {
	const struct binary *binary;
	struct link *link; /* NULL: refused */
	char *reason;	   /* for which, owned */
	enum priv_refusal refusal;
	char names[LINK_HOOKS][FD_STORE_NAME_MAX]; /* under which its hooks are kept; "" for none */
	struct attachment *next;
};

void attachments_init(struct attachments *attachments)
{
	closer_init(&attachments->closer);
}

void attachments_release(struct attachments *attachments)
{
	closer_release(&attachments->closer);
	verify_release(&attachments->verify);
}

static struct priv_message message_about(const struct attachments *attachments,
					 enum priv_message_type type, const struct binary *binary)
{
	struct priv_message message = {
		.version = PRIV_PROTO_VERSION,
		.type = type,
		.links = attachments->links,
		.refused = attachments->refused,
		.stalled = attachments->stalled,
		.limited = attachments->limited,
		.dovecots = attachments->dovecots,
		.unseen = attachments->unseen,
	};

	memcpy(message.refused_by, attachments->refused_by, sizeof(message.refused_by));
	if (!binary)
		return message;
	message.role = binary->role;
	message.inode = binary->id.ino;
	snprintf(message.abi, sizeof(message.abi), "%s", binary->abi);
	snprintf(message.path, sizeof(message.path), "%s", binary->path);
	if (binary->probe)
		message.file = loader_file_key(binary);
	if (binary->probe)
		snprintf(message.symbol, sizeof(message.symbol), "%s", binary->probe->symbol);
	return message;
}

static void report(const struct attachments *attachments, enum priv_message_type type,
		   const struct binary *binary)
{
	struct priv_message message = message_about(attachments, type, binary);

	child_send(attachments->child, &message);
}

static void report_refused(const struct attachments *attachments, const struct attachment *refused)
{
	struct priv_message message = message_about(attachments, PRIV_REFUSED, refused->binary);

	snprintf(message.reason, sizeof(message.reason), "%.383s",
		 refused->reason ? refused->reason : "");
	child_send(attachments->child, &message);
}

static void count_refused(struct attachments *attachments, struct attachment *refused,
			  enum priv_refusal refusal)
{
	refused->refusal = refusal;
	attachments->refused++;
	attachments->refused_by[refusal]++;
}

/* Remembered, so that it is reported to the next collector as well, and its end. */
static void refuse(struct attachments *attachments, const struct binary *binary,
		   enum priv_refusal refusal, const char *reason)
{
	struct attachment *refused = calloc(1, sizeof(*refused));

	log_warning(SHOWN_PATH ": not attached: %s", binary->path, reason);
	if (!refused)
		return;
	refused->binary = binary;
	refused->reason = strdup(reason);
	LL_APPEND(attachments->list, refused);
	count_refused(attachments, refused, refusal);
	report_refused(attachments, refused);
}

static void drop(const struct attachments *attachments, const struct attachment *attachment)
{
	for (size_t i = 0; i < LINK_HOOKS; i++) {
		if (attachment->names[i][0])
			fd_stores_drop(attachments->fd_stores, attachment->names[i]);
	}
}

static void keep(const struct attachments *attachments, const struct attachment *attachment)
{
	for (size_t i = 0; i < LINK_HOOKS; i++) {
		if (attachment->names[i][0])
			fd_stores_put(attachments->fd_stores, attachment->names[i],
				      link_fd(attachment->link, i));
	}
}

static void detach(struct attachments *attachments, struct attachment *attachment)
{
	LL_DELETE(attachments->list, attachment);
	drop(attachments, attachment);
	if (attachment->link) {
		attachments->links--;
	} else {
		attachments->refused--;
		attachments->refused_by[attachment->refusal]--;
	}
	if (attachment->link)
		closer_take(&attachments->closer, &attachment->link);
	report(attachments, PRIV_DETACHED, attachment->binary);
	free(attachment->reason);
	free(attachment);
}

static void detach_inherited(struct attachments *attachments, const struct binary *binary,
			     const char *why)
{
	unsigned int count = inherited_detach_file(attachments->inherited, attachments->fd_stores,
						   binary->role, &binary->id);

	if (count > 0)
		log_info("%s: %u probe%s of an earlier process detached: %s",
			 binary->path ? binary->path : priv_role_name(binary->role), count,
			 count == 1 ? "" : "s", why);
}

static void detach_build(struct attachments *attachments, const struct binary *binary,
			 const char *why)
{
	struct attachment *attachment;

	LL_SEARCH_SCALAR(attachments->list, attachment, binary, binary);
	if (!attachment || !attachment->link) /* nothing has led to it since we are here */
		detach_inherited(attachments, binary, why);
	if (!attachment)
		return;
	if (attachment->link)
		log_info(SHOWN_PATH ": detached: %s", binary->path, why);
	detach(attachments, attachment);
}

/* Sets the name of the hook. Returns its descriptor if the very same is there already, else -1. */
static int claim(const struct attachments *attachments, const struct binary *binary, size_t hook,
		 char name_r[FD_STORE_NAME_MAX])
{
	const struct link_name is = {
		.role = binary->role,
		.generation = loader_generation(attachments->loader, binary, hook),
		.id = binary->id,
	};
	struct inherited_link *left;
	int fd;

	if (is.generation == 0)
		return -1;
	link_name_format(&is, name_r);
	left = inherited_claim(attachments->inherited, is.role, &is.id, is.generation);
	if (!left)
		return -1;
	memcpy(name_r, left->name, FD_STORE_NAME_MAX);
	fd = left->fd;
	free(left);
	return fd;
}

/* Returns how many hooks were there already, or a negative errno. */
static int adopt_or_attach(struct attachments *attachments, const struct binary *binary,
			   struct attachment *attachment, struct error *error_r)
{
	int there[LINK_HOOKS], count = 0, ret;

	for (size_t i = 0; i < LINK_HOOKS; i++) {
		there[i] = claim(attachments, binary, i, attachment->names[i]);
		count += there[i] >= 0;
	}
	ret = loader_adopt(attachments->loader, binary, there, &attachment->link, error_r);
	return ret < 0 ? ret : count;
}

static int attach(struct attachments *attachments, const struct binary *binary,
		  struct error *error_r)
{
	struct attachment *attachment = calloc(1, sizeof(*attachment));
	int ret;

	if (!attachment)
		return error_set(error_r, ENOMEM, "out of memory");
	ret = verify_binary(&attachments->verify, binary, error_r);
	if (ret == 0)
		ret = adopt_or_attach(attachments, binary, attachment, error_r);
	if (ret < 0) {
		drop(attachments, attachment);
		free(attachment);
		return ret;
	}
	keep(attachments, attachment);
	log_info(SHOWN_PATH ": %s %s of Dovecot ABI %s by %s", binary->path,
		 ret > 0 ? "taken over, as attached to" : "attached to", binary->probe->symbol,
		 binary->abi, attach_method_name(loader_method(attachments->loader)));
	if (binary_blind_spot(binary))
		log_warning(SHOWN_PATH ": %s cannot be seen in this build", binary->path,
			    binary_blind_spot(binary));
	detach_inherited(attachments, binary, "it was another version's");
	attachment->binary = binary;
	LL_APPEND(attachments->list, attachment);
	attachments->links++;
	attachments->changes++;
	return 0;
}

static bool has_refused_layout(const struct attachments *attachments, const struct binary *binary)
{
	for (size_t i = 0; i < REFUSED_LAYOUTS_MAX; i++) {
		if (attachments->refused_layouts[i] != 0 &&
		    attachments->refused_layouts[i] == loader_file_key(binary))
			return true;
	}
	return false;
}

/* Why it was found without a probe. */
static enum priv_refusal refusal_of(const struct binary *binary)
{
	if (binary->refusal.code == EREMOTE)
		return PRIV_REFUSAL_FUSE;
	if (!binary->abi[0])
		return PRIV_REFUSAL_UNREADABLE;
	return layout_find(binary->abi) ? PRIV_REFUSAL_NO_FUNCTION : PRIV_REFUSAL_UNKNOWN_ABI;
}

static void take(struct attachments *attachments, const struct binary *binary)
{
	struct error error;

	if (binary->probe && has_refused_layout(attachments, binary)) {
		refuse(attachments, binary, PRIV_REFUSAL_LAYOUT_REFUSED,
		       "its layout was refused with another copy of it");
	} else if (!binary->probe) {
		refuse(attachments, binary, refusal_of(binary), binary->refusal.text);
	} else if (attach(attachments, binary, &error) < 0) {
		refuse(attachments, binary, PRIV_REFUSAL_ATTACH, error.text);
	} else {
		report(attachments, PRIV_ATTACHED, binary);
	}
}

/*
 * The new one first, so that no login falls between; unless both have a probe at one place, where
 * the kernel would execute what stood there before. A restored build has left no code to compare.
 */
void attachments_found(void *ctx, const struct binary *binary, const struct binary *replaced)
{
	static const char why[] = "it was overwritten";
	struct attachments *attachments = ctx;
	bool first = replaced && (!replaced->probe || binary_collides(replaced, binary));

	if (first) {
		detach_build(attachments, replaced, why);
		closer_wait(&attachments->closer);
	}
	take(attachments, binary);
	if (replaced && !first)
		detach_build(attachments, replaced, why);
}

void attachments_lost(void *ctx, const struct binary *binary)
{
	detach_build(ctx, binary, "it is gone, and no process runs it");
}

/* It stays in the list, without its probe. */
static void refuse_attached(struct attachments *attachments, struct attachment *attachment,
			    const char *reason)
{
	drop(attachments, attachment);
	memset(attachment->names, 0, sizeof(attachment->names));
	closer_take(&attachments->closer, &attachment->link);
	attachments->links--;
	count_refused(attachments, attachment, PRIV_REFUSAL_LAYOUT_REFUSED);
	attachment->reason = strdup(reason);
	log_warning(SHOWN_PATH ": detached: %s", attachment->binary->path, reason);
	report_refused(attachments, attachment);
}

void attachments_refuse(struct attachments *attachments, uint64_t file, const char *reason)
{
	struct attachment *attachment;

	attachments->refused_layouts[attachments->refused_layout_count++ % REFUSED_LAYOUTS_MAX] =
		file;
	LL_FOREACH(attachments->list, attachment) {
		if (attachment->link && loader_file_key(attachment->binary) == file)
			refuse_attached(attachments, attachment, reason);
	}
}

void attachments_report_all(const struct attachments *attachments)
{
	const struct attachment *attachment;

	LL_FOREACH(attachments->list, attachment) {
		if (attachment->link)
			report(attachments, PRIV_ATTACHED, attachment->binary);
		else
			report_refused(attachments, attachment);
	}
}

void attachments_report(const struct attachments *attachments, enum priv_message_type type)
{
	report(attachments, type, NULL);
}

static void release_list(struct attachments *attachments)
{
	struct attachment *attachment, *next;

	LL_FOREACH_SAFE(attachments->list, attachment, next) {
		link_leave(&attachment->link);
		free(attachment->reason);
		free(attachment);
	}
	attachments->list = NULL;
	attachments->links = attachments->refused = 0;
	memset(attachments->refused_by, 0, sizeof(attachments->refused_by));
}

void attachments_detach(struct attachments *attachments)
{
	struct attachment *attachment, *next;

	LL_FOREACH_SAFE(attachments->list, attachment, next) {
		if (attachment->link)
			detach(attachments, attachment);
	}
	release_list(attachments);
	closer_wait(&attachments->closer);
}

void attachments_leave(struct attachments *attachments)
{
	release_list(attachments);
}
