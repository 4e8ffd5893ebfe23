/* SPDX-License-Identifier: MIT */
#include "proof/judge.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/fnv.h"
#include "base/hash.h"
#include "proof/agreement.h"
#include "proof/form.h"
#include "proof/recent.h"

#define AT_ONCE_NS (500 * 1000000ULL) /* between an authentication and its mail user */
#define LATELY	   32		      /* records; older ones count half, and half again */

struct entry {
	struct proof_file file;
	UT_hash_handle hh;
};

struct judge {
	judge_decided_fn *decided;
	void *context;
	struct entry *files;
	struct recent recent;
};

const char *proof_state_name(enum proof_state state)
{
	static const char *const names[PROOF_STATES] = {
		[PROOF_OPEN] = "open",
		[PROOF_BY_LOGIN] = "proved_by_login",
		[PROOF_BY_FORM] = "proved_by_form",
		[PROOF_REFUSED] = "refused",
	};

	return names[state];
}

int judge_new(judge_decided_fn *decided, void *context, struct judge **judge_r,
	      struct error *error_r)
{
	struct judge *judge = calloc(1, sizeof(*judge));

	if (!judge)
		return error_set(error_r, ENOMEM, "out of memory for the proof of layouts");
	judge->decided = decided;
	judge->context = context;
	*judge_r = judge;
	return 0;
}

void judge_free(struct judge **judge)
{
	struct entry *entry, *next;

	if (!*judge)
		return;
	entry = (*judge)->files;
	HASH_CLEAR(hh, (*judge)->files);
	for (; entry; entry = next) {
		next = entry->hh.next;
		free(entry);
	}
	free(*judge);
	*judge = NULL;
}

static struct proof_file *find(const struct judge *judge, uint64_t key)
{
	struct entry *entry;

	HASH_FIND(hh, judge->files, &key, sizeof(key), entry);
	return entry ? &entry->file : NULL;
}

static struct proof_file *add(struct judge *judge, uint64_t key, enum dovetap_event_type type)
{
	struct entry *entry = NULL;

	if (key == 0 || HASH_COUNT(judge->files) >= JUDGE_FILES_MAX)
		return NULL;
	entry = calloc(1, sizeof(*entry));
	if (!entry)
		return NULL;
	entry->file.key = key;
	entry->file.type = type;
	HASH_ADD(hh, judge->files, file.key, sizeof(key), entry);
	if (hash_added(entry))
		return &entry->file;
	free(entry);
	return NULL;
}

static struct proof_file *file_for(struct judge *judge, uint64_t key, enum dovetap_event_type type)
{
	struct proof_file *file = find(judge, key);

	return file ? file : add(judge, key, type);
}

static struct proof_file *file_of(struct judge *judge, const struct login *login, int64_t now_ns)
{
	struct proof_file *file = file_for(judge, login->file, login->type);

	if (file && file->first_ns == 0) {
		file->first_ns = now_ns;
		file->type = login->type;
	}
	return file;
}

enum proof_state judge_state(const struct judge *judge, uint64_t key)
{
	const struct proof_file *file = find(judge, key);

	return file ? file->state : PROOF_BY_FORM;
}

void judge_describe(struct judge *judge, uint64_t key, enum dovetap_event_type type,
		    const char *path, const char *abi)
{
	struct proof_file *file = file_for(judge, key, type);

	if (!file)
		return;
	file->type = type;
	(void)snprintf(file->path, sizeof(file->path), "%s", path);
	(void)snprintf(file->abi, sizeof(file->abi), "%s", abi);
}

void judge_remember(struct judge *judge, uint64_t key, enum proof_state state, const char *path)
{
	struct proof_file *file = file_for(judge, key, 0);

	if (!file || file->state != PROOF_OPEN)
		return;
	file->state = state;
	if (!file->path[0])
		(void)snprintf(file->path, sizeof(file->path), "%s", path);
}

/* --- deciding --------------------------------------------------------------------------------- */

static void decide(struct judge *judge, struct proof_file *file, enum proof_state state)
{
	if (file->state == state || file->state == PROOF_REFUSED)
		return;
	file->state = state;
	judge->decided(file, judge->context);
}

static bool mostly_wrong(const struct proof_file *file, unsigned int member)
{
	return file->wrong[member] * 4 > file->right[member];
}

static bool has_wrong(const struct proof_file *file)
{
	for (unsigned int i = 0; i < PROOF_MEMBERS; i++) {
		if (file->wrong[i] > 0 && mostly_wrong(file, i))
			return true;
	}
	return false;
}

enum proof_member judge_worst(const struct proof_file *file)
{
	for (unsigned int i = 0; i < PROOF_MEMBERS; i++) {
		if (file->wrong[i] > 0 && mostly_wrong(file, i))
			return i;
	}
	return PROOF_MEMBERS;
}

static void refuse_if_wrong(struct judge *judge, struct proof_file *file)
{
	for (unsigned int i = 0; i < PROOF_MEMBERS; i++) {
		if (file->wrong[i] >= JUDGE_WRONG_MIN && mostly_wrong(file, i))
			decide(judge, file, PROOF_REFUSED);
	}
}

static void count(struct judge *judge, struct proof_file *file, uint32_t right, uint32_t wrong)
{
	for (unsigned int i = 0; i < PROOF_MEMBERS; i++) {
		file->right[i] += right & PROOF_BIT(i) ? 1 : 0;
		file->wrong[i] += wrong & PROOF_BIT(i) ? 1 : 0;
		if (file->right[i] + file->wrong[i] <= LATELY)
			continue;
		file->right[i] /= 2;
		file->wrong[i] /= 2;
	}
	if (wrong)
		refuse_if_wrong(judge, file);
}

static void prove(struct judge *judge, struct proof_file *file, enum proof_state state)
{
	if (file && file->state != PROOF_BY_LOGIN && !has_wrong(file))
		decide(judge, file, state);
}

static void decide_open(struct judge *judge, struct proof_file *file, int64_t now_ns, bool force)
{
	bool last = force || now_ns - file->first_ns >= JUDGE_LIMIT_NS;

	if (file->whole > 0 && !has_wrong(file) &&
	    (last || now_ns - file->first_ns >= JUDGE_FORM_NS))
		decide(judge, file, PROOF_BY_FORM);
	else if (last)
		decide(judge, file, has_wrong(file) ? PROOF_REFUSED : PROOF_BY_FORM);
}

void judge_decide(struct judge *judge, int64_t now_ns, bool force)
{
	struct entry *entry, *next;

	HASH_ITER(hh, judge->files, entry, next) {
		if (entry->file.state == PROOF_OPEN && entry->file.first_ns != 0)
			decide_open(judge, &entry->file, now_ns, force);
	}
}

/* --- records ---------------------------------------------------------------------------------- */

static uint64_t name_sum(const struct login *login)
{
	struct slice name = login->text[DOVETAP_FIELD_USERNAME];

	return fnv(FNV_START, name.ptr, name.len) | 1;
}

/* Two users whose names differ at both ends: a wrong place would have given one name to both, or
 * what is no name. One user alone has to wait for the limit. */
static void take_renamed(struct judge *judge, struct proof_file *user_file,
			 struct proof_file *auth_file, const struct login *user,
			 const struct login *auth)
{
	uint64_t names[2] = {name_sum(user), name_sum(auth)};

	user_file->whole++;
	auth_file->whole++;
	if (user_file->renamed[0] == 0) {
		user_file->renamed[0] = names[0];
		user_file->renamed[1] = names[1];
	}
	if (user_file->renamed[0] == names[0] || user_file->renamed[1] == names[1])
		return;
	prove(judge, user_file, PROOF_BY_LOGIN);
	prove(judge, auth_file, PROOF_BY_LOGIN);
}

static bool is_proved(const struct proof_file *file)
{
	return file->state == PROOF_BY_LOGIN || file->state == PROOF_BY_FORM;
}

/* Of two that are blamed for one thing, it is not the one that was shown to be right in it. */
static void acquit(const struct proof_file *user_file, const struct proof_file *auth_file,
		   struct agreement *agreement)
{
	uint32_t both = agreement->user_wrong & agreement->auth_wrong;

	if (user_file->state == PROOF_BY_LOGIN && auth_file->state != PROOF_BY_LOGIN)
		agreement->user_wrong &= ~both;
	if (auth_file->state == PROOF_BY_LOGIN && user_file->state != PROOF_BY_LOGIN)
		agreement->auth_wrong &= ~both;
}

void judge_login(struct judge *judge, const struct login *user, const struct login *auth,
		 int64_t now_ns)
{
	struct proof_file *user_file = file_of(judge, user, now_ns);
	struct proof_file *auth_file = file_of(judge, auth, now_ns);
	struct agreement agreement = agreement_of(user, auth);
	uint32_t bad = form_of(user).bad;

	if (!user_file || !auth_file)
		return;
	if (bad == 0 && agreement_renames(agreement)) {
		take_renamed(judge, user_file, auth_file, user, auth);
		return;
	}
	acquit(user_file, auth_file, &agreement);
	count(judge, user_file, agreement.agrees | PROOF_BIT(PROOF_KIND),
	      agreement.user_wrong | bad);
	count(judge, auth_file, agreement.agrees, agreement.auth_wrong);
	if (bad != 0 || form_of(auth).bad != 0 || !agreement_proves(user, agreement))
		return;
	prove(judge, user_file, PROOF_BY_LOGIN);
	prove(judge, auth_file, PROOF_BY_LOGIN);
}

/* The authentication that is this login's but for its session id. By its name alone it is found
 * only where one of the ids cannot be one: a user has several sessions. */
static const struct recent_auth *find_estranged(const struct judge *judge, const struct login *user,
						bool session_is_good)
{
	const struct recent_auth *auth = recent_of_connection(&judge->recent, user);

	if (auth)
		return auth;
	auth = recent_of_name(&judge->recent, user);
	return auth && !(auth->session_is_good && session_is_good) ? auth : NULL;
}

/* Which members of a login without partner are wrong, to judge by authentications that could be
 * it; what is wrong with these is counted. */
static uint32_t compare_with_recent(struct judge *judge, const struct login *user, struct form form)
{
	const uint32_t session = PROOF_BIT(PROOF_SESSION_ID);
	const struct recent_auth *auth = recent_of_session(&judge->recent, user);
	bool is_good = form.good & session, found = auth != NULL;
	struct proof_file *file;

	if (!found)
		auth = find_estranged(judge, user, is_good);
	file = auth ? find(judge, auth->file) : NULL;
	if (!file || (found && auth->successful))
		return 0;
	if (found)
		count(judge, file, 0, PROOF_BIT(PROOF_RESULT));
	else if ((is_good || !auth->session_is_good) && !is_proved(file))
		count(judge, file, 0, session);
	return !found && (!is_good || auth->session_is_good) ? session : 0;
}

void judge_user(struct judge *judge, const struct login *user, int64_t now_ns)
{
	struct proof_file *file = file_of(judge, user, now_ns);
	struct form form = form_of(user);
	uint32_t wrong = form.bad;

	if (!file)
		return;
	if (file->state == PROOF_OPEN && login_has(user, DOVETAP_FIELD_MECH))
		wrong |= compare_with_recent(judge, user, form);
	if (wrong == 0 && form_is_whole(user, form))
		file->whole++;
	count(judge, file, form.good & (PROOF_BIT(PROOF_SERVICE) | PROOF_BIT(PROOF_KIND)), wrong);
}

void judge_auth(struct judge *judge, const struct login *auth, int64_t now_ns)
{
	struct proof_file *file = file_of(judge, auth, now_ns);
	struct form form = form_of(auth);

	if (!file)
		return;
	recent_add(&judge->recent, auth, form.good & PROOF_BIT(PROOF_SESSION_ID));
	if (form_is_whole(auth, form))
		file->whole++;
	/* There is a name in every record: that proves nothing of its place. */
	count(judge, file, form.good & ~PROOF_BIT(PROOF_USERNAME), form.bad);
}

/* Dovecot wakes a session up later than at once, and gives no mechanism to what it makes for
 * itself: the probe does not emit those. */
static bool is_marked_wrongly(const struct judge *judge, const struct login *user)
{
	const struct recent_auth *auth = recent_of_session(&judge->recent, user);

	if (user->flags & DOVETAP_FLAG_AUTOCREATED)
		return true;
	return (user->flags & DOVETAP_FLAG_SESSION_RESTORED) && auth && auth->successful &&
	       user->boot_ns - auth->boot_ns < AT_ONCE_NS;
}

void judge_no_login(struct judge *judge, const struct login *user, int64_t now_ns)
{
	struct proof_file *file = file_of(judge, user, now_ns);
	uint32_t wrong = form_of(user).bad & PROOF_BIT(PROOF_USERNAME);

	if (!file || user->type == DOVETAP_EVENT_PROXY)
		return;
	if (user->type == DOVETAP_EVENT_MAIL_USER && is_marked_wrongly(judge, user))
		wrong |= PROOF_BIT(PROOF_KIND);
	count(judge, file, 0, wrong);
}

void judge_proxied(struct judge *judge, const struct login *proxy, const struct login *auth,
		   int64_t now_ns)
{
	struct proof_file *file = file_of(judge, proxy, now_ns);
	const uint32_t session = PROOF_BIT(PROOF_SESSION_ID);

	if (!file)
		return;
	if (!auth) {
		count(judge, file, 0, recent_was_proxied(&judge->recent, proxy) ? session : 0);
		return;
	}
	count(judge, file, session, 0);
	prove(judge, file, PROOF_BY_LOGIN);
	if (form_is_whole(auth, form_of(auth)))
		prove(judge, find(judge, auth->file), PROOF_BY_FORM);
}

/* --- reports ---------------------------------------------------------------------------------- */

void judge_reason(const struct proof_file *file, char reason_r[PROOF_REASON_MAX])
{
	enum proof_member member = judge_worst(file);

	(void)snprintf(
		reason_r, PROOF_REASON_MAX,
		"its layout is not that of Dovecot ABI %s: %s is not where it should be; none "
		"of its records is used. Make a layout from the dovecot-dev headers or debug "
		"symbols of this very build with 'dovetap layout make', or remove the one in "
		"layout_dir that is wrong",
		file->abi[0] ? file->abi : "(unknown)",
		member < PROOF_MEMBERS ? proof_member_name(member, file->type) : "a member");
}

const struct proof_file *judge_next(const struct judge *judge, const struct proof_file *previous)
{
	const struct entry *entry = previous ? (const struct entry *)previous : NULL;

	entry = entry ? entry->hh.next : judge->files;
	return entry ? &entry->file : NULL;
}
