/* SPDX-License-Identifier: MIT */
/* The proof of layouts (proof/judge.h): what is decided is logged, sent to the attacher, and kept
 * in a file of state_dir. */
#include <limits.h>
#include <stdio.h>

#include "base/log.h"
#include "collector/collector_private.h"
#include "priv/proto.h"
#include "proof/remembered.h"

static void path_of(const struct collector *c, char path_r[PATH_MAX])
{
	(void)snprintf(path_r, PATH_MAX, "%s/" REMEMBERED_NAME,
		       plan_settings(c->options->plan)->state_dir);
}

static void refuse(const struct collector *c, const struct proof_file *file)
{
	struct priv_message message = {
		.version = PRIV_PROTO_VERSION,
		.type = PRIV_LAYOUT_REFUSED,
		.role = file->type,
		.file = file->key,
	};
	char reason[PROOF_REASON_MAX];

	judge_reason(file, reason);
	(void)snprintf(message.reason, sizeof(message.reason), "%s", reason);
	log_error("%s: %s", file->path[0] ? file->path : "a file of Dovecot", reason);
	/* Should the attacher not read: its records are dropped all the same. */
	(void)priv_send(c->fds->peer, &message);
}

static void on_decided(const struct proof_file *file, void *context)
{
	struct collector *c = context;
	struct error error;
	char path[PATH_MAX];

	if (file->state == PROOF_REFUSED)
		refuse(c, file);
	else
		log_info("%s: its layout is proved by %s",
			 file->path[0] ? file->path : "a file of Dovecot",
			 file->state == PROOF_BY_LOGIN ? "a login" : "the form of its records");
	path_of(c, path);
	if (remembered_save(c->judge, path, &error) < 0)
		log_warning("the proof of layouts begins anew with the next start: %s", error.text);
}

int collector_layouts_open(struct collector *c, struct error *error_r)
{
	struct error error;
	char path[PATH_MAX];
	int ret = judge_new(on_decided, c, &c->judge, error_r);

	if (ret < 0)
		return ret;
	path_of(c, path);
	if (remembered_load(c->judge, path, &error) < 0)
		log_warning("the proof of layouts begins anew: %s", error.text);
	return 0;
}

void collector_layouts_note(struct collector *c, const struct priv_message *message)
{
	if (message->file == 0)
		return;
	if (message->type == PRIV_ATTACHED)
		judge_describe(c->judge, message->file, message->role, message->path, message->abi);
	else if (message->type == PRIV_REFUSED)
		judge_remember(c->judge, message->file, PROOF_REFUSED, message->path);
}
