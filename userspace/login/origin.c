/* SPDX-License-Identifier: MIT */
#include "login/origin.h"

#include <errno.h>
#include <stdlib.h>

#include "base/escape.h"
#include "base/fnv.h"
#include "base/hash.h"
#include "login/passwd.h"

#define UIDS_MAX	 4096
#define NAMES_MAX	 4 /* of users whom one uid serves; a uid with more is a mail system's */
#define DELIVERY_PROGRAM "dovecot-lda"
#define DELIVERY_BEFORE	 "deliver" /* its name before 2.0, still linked by distributions */

/* Whom the processes of masters have served under one uid. */
struct uid_entry {
	struct uid_key {
		uint32_t uid, pid_ns;
	} key;
	uint64_t names[NAMES_MAX]; /* hashes */
	unsigned int count;
	UT_hash_handle hh;
};

struct origins {
	struct origin_policy policy;
	struct uid_entry *uids;
};

static const char *const names[ORIGIN_VERDICT_COUNT] = {
	[ORIGIN_PROVED] = "proved",	    [ORIGIN_UNVERIFIED] = "unverified",
	[ORIGIN_UNRELATED] = "unrelated",   [ORIGIN_USER_MASTER] = "user_master",
	[ORIGIN_OTHER_USER] = "other_user", [ORIGIN_UNPROVED] = "unproved",
};

const char *origin_verdict_name(enum origin_verdict verdict)
{
	return names[verdict];
}

int origins_new(const struct origin_policy *policy, struct origins **origins_r,
		struct error *error_r)
{
	struct origins *origins = calloc(1, sizeof(*origins));

	if (!origins)
		return error_set(error_r, ENOMEM, "out of memory");
	origins->policy = *policy;
	if (!origins->policy.is_account)
		origins->policy.is_account = passwd_has_name;
	*origins_r = origins;
	return 0;
}

/* NOLINTBEGIN(clang-analyzer-unix.Malloc): it takes the table, which goes with its last member, for
 * gone when another one was freed to make room. */
static void uid_forget(struct origins *origins, struct uid_entry *entry)
{
	HASH_DEL(origins->uids, entry);
	free(entry);
}

void origins_free(struct origins **origins)
{
	struct uid_entry *entry, *next;

	if (!*origins)
		return;
	HASH_ITER(hh, (*origins)->uids, entry, next) {
		uid_forget(*origins, entry);
	}
	free(*origins);
	*origins = NULL;
}

static struct uid_entry *uid_find(struct origins *origins, const struct login *login)
{
	struct uid_key key = {login->uid, login->process.pid_ns};
	struct uid_entry *entry;

	/* The analyzer loses sight of a struct that is hashed as bytes. */
	/* NOLINTNEXTLINE(clang-analyzer-core.UndefinedBinaryOperatorResult) */
	HASH_FIND(hh, origins->uids, &key, sizeof(key), entry);
	return entry;
}

/* The oldest makes room; NULL without memory. */
static struct uid_entry *uid_add(struct origins *origins, const struct login *login)
{
	struct uid_entry *entry = calloc(1, sizeof(*entry));

	if (!entry)
		return NULL;
	if (HASH_COUNT(origins->uids) >= UIDS_MAX)
		uid_forget(origins, origins->uids);
	entry->key = (struct uid_key){login->uid, login->process.pid_ns};
	HASH_ADD(hh, origins->uids, key, sizeof(entry->key), entry);
	if (hash_added(entry))
		return entry;
	free(entry);
	return NULL;
}
/* NOLINTEND(clang-analyzer-unix.Malloc) */

static uint64_t name_hash(const struct login *login)
{
	struct slice user = login->text[DOVETAP_FIELD_USERNAME];

	return fnv(FNV_START, user.ptr, user.len);
}

static bool uid_has_served(const struct uid_entry *entry, uint64_t name)
{
	for (unsigned int i = 0; i < entry->count; i++) {
		if (entry->names[i] == name)
			return true;
	}
	return false;
}

/* Of a record that a master's process has made. */
static void learn(struct origins *origins, const struct login *login)
{
	struct uid_entry *entry;

	if (login->type != DOVETAP_EVENT_MAIL_USER)
		return;
	entry = uid_find(origins, login);
	if (!entry)
		entry = uid_add(origins, login);
	if (entry && entry->count < NAMES_MAX && !uid_has_served(entry, name_hash(login)))
		entry->names[entry->count++] = name_hash(login);
}

static bool may_speak_for(struct origins *origins, const struct login *login)
{
	const struct uid_entry *entry = uid_find(origins, login);

	if (entry && (entry->count == NAMES_MAX || uid_has_served(entry, name_hash(login))))
		return true;
	return login->process.pid_ns == origins->policy.pid_ns &&
	       origins->policy.is_account(login->uid, login->text[DOVETAP_FIELD_USERNAME]);
}

static enum origin_verdict unverified(const struct origins *origins)
{
	return origins->policy.require_proof ? ORIGIN_UNPROVED : ORIGIN_UNVERIFIED;
}

static bool is_delivery(const char *exe)
{
	return strcmp(exe, DELIVERY_PROGRAM) == 0 || strcmp(exe, DELIVERY_BEFORE) == 0;
}

/* Root has started it as that user, as with doveadm; or an MTA the delivery agent, as the user of
 * the recipient or of the mail system: its own is another. */
static bool was_started_by_another(const struct login *login)
{
	const struct login_process *process = &login->process;

	if (process->origin == DOVETAP_ORIGIN_LEFT)
		return false; /* everybody can leave a process to root's first one */
	return process->parent_uid == 0 ||
	       (process->parent_uid != login->uid && is_delivery(process->exe));
}

static enum origin_verdict judge_alone(struct origins *origins, const struct login *login)
{
	if (login->type != DOVETAP_EVENT_MAIL_USER)
		return ORIGIN_UNRELATED; /* auth and login processes have a master */
	if (may_speak_for(origins, login))
		return ORIGIN_PROVED;
	return was_started_by_another(login) ? unverified(origins) : ORIGIN_OTHER_USER;
}

static enum origin_verdict judge_master(struct origins *origins, const struct login *login,
					enum origin_masters needed)
{
	if (origins->policy.masters < needed)
		return ORIGIN_USER_MASTER;
	learn(origins, login);
	return ORIGIN_PROVED;
}

enum origin_verdict origins_judge(struct origins *origins, const struct login *login)
{
	switch (login->process.origin) {
	case DOVETAP_ORIGIN_MASTER:
		return judge_master(origins, login, ORIGIN_MASTERS_ROOT);
	case DOVETAP_ORIGIN_ROOTLESS:
		return judge_master(origins, login, ORIGIN_MASTERS_ROOTLESS);
	case DOVETAP_ORIGIN_USER_MASTER:
		return judge_master(origins, login, ORIGIN_MASTERS_ANY);
	case DOVETAP_ORIGIN_ROOT:
		return ORIGIN_PROVED;
	case DOVETAP_ORIGIN_ALONE:
	case DOVETAP_ORIGIN_LEFT:
		return judge_alone(origins, login);
	case DOVETAP_ORIGIN_UNRELATED:
		return ORIGIN_UNRELATED;
	case DOVETAP_ORIGIN_UNKNOWN:
	case DOVETAP_ORIGIN_COUNT:
		break;
	}
	return unverified(origins);
}

static void describe_exe(const char *exe, uint32_t uid, struct buf *out)
{
	(void)escape_terminal(out, slice_str(exe));
	buf_appendf(out, " (uid %u)", uid);
}

void origin_describe(const struct login *login, struct buf *out)
{
	const struct login_process *process = &login->process;

	buf_appendf(out, "process %u, ", login->pid);
	describe_exe(process->exe, login->uid, out);
	buf_append_str(out, ", of ");
	describe_exe(process->parent_exe, process->parent_uid, out);
	if (process->owner_uid != 0)
		buf_appendf(out, ", in a user namespace of uid %u", process->owner_uid);
}
