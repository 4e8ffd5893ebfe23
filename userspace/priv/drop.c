/* SPDX-License-Identifier: MIT */
#include "priv/drop.h"

#include <cap-ng.h>
#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

static const struct {
	unsigned int keep;
	unsigned int capability;
} kept[] = {
	{PRIV_KEEP_ATTACH, CAP_BPF},
	{PRIV_KEEP_ATTACH, CAP_PERFMON},
	{PRIV_KEEP_ATTACH | PRIV_KEEP_SEARCH, CAP_SYS_PTRACE},
	{PRIV_KEEP_ATTACH | PRIV_KEEP_SEARCH, CAP_DAC_READ_SEARCH},
	{PRIV_KEEP_ATTACH | PRIV_KEEP_SEARCH, CAP_CHECKPOINT_RESTORE},
	{PRIV_KEEP_PERF, CAP_SYS_ADMIN},
	{PRIV_KEEP_COLLECTOR, CAP_SETUID},
	{PRIV_KEEP_COLLECTOR, CAP_SETGID},
	{PRIV_KEEP_COLLECTOR, CAP_SETPCAP},
	{PRIV_KEEP_COLLECTOR, CAP_KILL},
	{PRIV_KEEP_MEMLOCK, CAP_SYS_RESOURCE},
};

#define KEPT (sizeof(kept) / sizeof(kept[0]))

static int find(const char *name, struct priv_user *user_r, struct error *error_r)
{
	const struct passwd *entry;

	errno = 0;
	entry = getpwnam(name);
	if (!entry)
		return error_set(error_r, errno ? errno : ENOENT, "user \"%s\" %s", name,
				 errno ? strerror(errno) : "does not exist");
	if (entry->pw_uid == 0)
		return error_set(error_r, EINVAL, "the collector must not run as \"%s\" (uid 0)",
				 name);
	*user_r = (struct priv_user){.uid = entry->pw_uid, .gid = entry->pw_gid};
	snprintf(user_r->name, sizeof(user_r->name), "%s", name);
	return 0;
}

static int find_or_fallback(const char *name, struct priv_user *user_r, struct error *error_r)
{
	int ret;

	if (find(name, user_r, NULL) == 0)
		return 0;
	ret = find(PRIV_FALLBACK_USER, user_r, error_r);
	if (ret == 0)
		user_r->fallback = true;
	return ret;
}

int priv_user_find(const char *name, struct priv_user *user_r, struct error *error_r)
{
	return name ? find(name, user_r, error_r)
		    : find_or_fallback(PRIV_DEFAULT_USER, user_r, error_r);
}

int priv_search_user_find(struct priv_user *user_r, struct error *error_r)
{
	return find_or_fallback(PRIV_SEARCH_USER, user_r, error_r);
}

static int change_ids(const struct priv_user *user, struct error *error_r)
{
	if (setgroups(0, NULL) < 0)
		return error_set(error_r, errno, "cannot give up groups: %s", strerror(errno));
	if (setresgid(user->gid, user->gid, user->gid) < 0 ||
	    setresuid(user->uid, user->uid, user->uid) < 0)
		return error_set(error_r, errno, "cannot become user \"%s\": %s", user->name,
				 strerror(errno));
	return 0;
}

static int drop_capabilities(struct error *error_r)
{
	capng_clear(CAPNG_SELECT_ALL);
	if (capng_apply(CAPNG_SELECT_CAPS) != 0 || capng_apply(CAPNG_SELECT_AMBIENT) != 0)
		return error_set(error_r, EPERM, "cannot give up capabilities");
	return 0;
}

/* So that not even a set-uid program could give one back. */
static int clear_bounding_set(struct error *error_r)
{
	capng_clear(CAPNG_SELECT_BOUNDS);
	if (capng_apply(CAPNG_SELECT_BOUNDS) != 0)
		return error_set(error_r, EPERM, "cannot clear the capability bounding set");
	return 0;
}

/* Fails unless the rights are really gone. */
static int verify(struct error *error_r)
{
	uid_t real, effective, saved;

	if (getresuid(&real, &effective, &saved) < 0 || real == 0 || effective == 0 || saved == 0)
		return error_set(error_r, EPERM, "a user id is still 0");
	capng_get_caps_process();
	if (capng_have_capabilities(CAPNG_SELECT_CAPS) != CAPNG_NONE)
		return error_set(error_r, EPERM, "capabilities are left");
	if (setresuid((uid_t)-1, 0, (uid_t)-1) == 0)
		return error_set(error_r, EPERM, "the way back to root is open");
	return 0;
}

int priv_drop(const struct priv_user *user, struct error *error_r)
{
	bool can_change;
	int ret = 0;

	capng_get_caps_process();
	can_change = capng_have_capability(CAPNG_EFFECTIVE, CAP_SETUID) &&
		     capng_have_capability(CAPNG_EFFECTIVE, CAP_SETGID);
	if (!can_change && geteuid() == 0)
		return error_set(error_r, EPERM,
				 "missing CAP_SETUID or CAP_SETGID to leave root for user \"%s\"",
				 user->name);
	/* While it is allowed: who has become the user may not any more. */
	if (capng_have_capability(CAPNG_EFFECTIVE, CAP_SETPCAP))
		ret = clear_bounding_set(error_r);
	if (ret == 0 && can_change)
		ret = change_ids(user, error_r);
	if (ret == 0)
		ret = drop_capabilities(error_r);
	if (ret == 0 && prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		ret = error_set(error_r, errno, "cannot set no_new_privs: %s", strerror(errno));
	return ret < 0 ? ret : verify(error_r);
}

/* Who was given SYS_ADMIN instead of what it was split into cannot do without it. */
static unsigned int widen(unsigned int keep)
{
	bool split = capng_have_capability(CAPNG_PERMITTED, CAP_BPF) &&
		     capng_have_capability(CAPNG_PERMITTED, CAP_PERFMON);

	return (keep & PRIV_KEEP_ATTACH) && !split ? keep | PRIV_KEEP_PERF : keep;
}

/* The bounding set first, while there is SETPCAP to do it with. */
static int apply_kept(unsigned int keep, capng_type_t sets, capng_select_t select)
{
	bool held[KEPT];

	capng_get_caps_process();
	for (size_t i = 0; i < KEPT; i++)
		held[i] = capng_have_capability(CAPNG_PERMITTED, kept[i].capability) != 0;
	capng_clear(select);
	for (size_t i = 0; i < KEPT; i++) {
		if (held[i] && (keep & kept[i].keep))
			capng_update(CAPNG_ADD, sets, kept[i].capability);
	}
	return capng_apply(select) == 0 ? 0 : -EPERM;
}

int priv_keep(unsigned int keep, struct error *error_r)
{
	int ret = 0;

	capng_get_caps_process();
	keep = widen(keep);
	if (capng_have_capability(CAPNG_EFFECTIVE, CAP_SETPCAP))
		ret = apply_kept(keep, CAPNG_BOUNDING_SET, CAPNG_SELECT_BOUNDS);
	if (ret == 0)
		ret = apply_kept(keep, CAPNG_EFFECTIVE | CAPNG_PERMITTED, CAPNG_SELECT_CAPS);
	return ret < 0 ? error_set(error_r, EPERM, "cannot reduce the capabilities") : 0;
}

int priv_keep_as(const struct priv_user *user, unsigned int keep, struct error *error_r)
{
	int ret = 0;

	capng_get_caps_process();
	if (user->uid == 0 || !capng_have_capability(CAPNG_EFFECTIVE, CAP_SETUID) ||
	    !capng_have_capability(CAPNG_EFFECTIVE, CAP_SETGID))
		return priv_keep(keep, error_r);
	/* The bounding set first, while there is SETPCAP; then who changes the user keeps what is
	 * permitted, and has none of it in effect. */
	if (capng_have_capability(CAPNG_EFFECTIVE, CAP_SETPCAP))
		ret = apply_kept(keep, CAPNG_BOUNDING_SET, CAPNG_SELECT_BOUNDS);
	if (ret == 0 && prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0) < 0)
		ret = -errno;
	if (ret < 0)
		return error_set(error_r, -ret, "cannot keep capabilities: %s", strerror(-ret));
	ret = change_ids(user, error_r);
	if (ret < 0)
		return ret;
	ret = apply_kept(keep, CAPNG_EFFECTIVE | CAPNG_PERMITTED, CAPNG_SELECT_CAPS);
	if (ret == 0 && setresuid((uid_t)-1, 0, (uid_t)-1) == 0)
		ret = -EPERM; /* the way back is open */
	return ret < 0 ? error_set(error_r, EPERM, "cannot reduce the capabilities") : 0;
}

uint64_t priv_keep_mask(unsigned int keep)
{
	uint64_t mask = 0;

	for (size_t i = 0; i < KEPT; i++) {
		if (keep & kept[i].keep)
			mask |= 1ULL << kept[i].capability;
	}
	return mask;
}
