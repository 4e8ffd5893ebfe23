/* SPDX-License-Identifier: MIT */
#include "proof/proof.h"

#include <errno.h>
#include <stdlib.h>
#include <utlist.h>

#include "proof/agreement.h"
#include "proof/form.h"
#include "proof/held.h"

struct proof {
	struct judge *judge;
	struct held held;
	bool full; /* there was no room: what is open has to be decided now */
};

int proof_new(struct judge *judge, struct proof **proof_r, struct error *error_r)
{
	struct proof *proof = calloc(1, sizeof(*proof));

	if (!proof)
		return error_set(error_r, ENOMEM, "out of memory for the proof of layouts");
	proof->judge = judge;
	*proof_r = proof;
	return 0;
}

void proof_free(struct proof **proof)
{
	if (!*proof)
		return;
	held_release(&(*proof)->held);
	free(*proof);
	*proof = NULL;
}

/* --- judging ---------------------------------------------------------------------------------- */

/* Several authentications of one session: which of them is the login's is not known. */
static const struct login *partner(const struct login_event *event)
{
	const struct login *auth = event->auth;

	return auth && auth->file != 0 && !auth->repeated ? auth : NULL;
}

static void judge_event(struct proof *proof, const struct login_event *event, int64_t now_ns)
{
	const struct login *record = event->record, *auth = partner(event);

	if (event->kind == LOGIN_EVENT_PROXY)
		judge_proxied(proof->judge, record, auth, now_ns);
	else if (event->kind != LOGIN_EVENT_LOGIN)
		judge_auth(proof->judge, record, now_ns);
	else if (auth)
		judge_login(proof->judge, record, auth, now_ns);
	else
		judge_user(proof->judge, record, now_ns);
}

/* Even of proved layouts: an address, or two things at once, that are not the authentication's. A
 * name alone is what a userdb may change. */
static bool contradicts(const struct login_event *event)
{
	const struct login *auth = partner(event);
	struct agreement agreement;
	uint32_t wrong;

	if (event->kind == LOGIN_EVENT_AUTH)
		return form_of(event->record).bad & PROOF_BIT(PROOF_RESULT);
	if (event->kind != LOGIN_EVENT_LOGIN || !auth)
		return form_of(event->record).bad & PROOF_BIT(PROOF_KIND);
	agreement = agreement_of(event->record, auth);
	wrong = agreement.user_wrong | agreement.auth_wrong;
	return (wrong & (PROOF_BIT(PROOF_REMOTE_IP) | PROOF_BIT(PROOF_KIND))) ||
	       ((wrong & PROOF_BIT(PROOF_USERNAME)) && !agreement_renames(agreement));
}

/* Of what is known by now. */
static enum proof_verdict verdict_of(const struct proof *proof, struct login_event *event)
{
	enum proof_state own = judge_state(proof->judge, event->record->file);
	enum proof_state other =
		event->auth ? judge_state(proof->judge, event->auth->file) : PROOF_BY_FORM;

	if (own == PROOF_REFUSED)
		return PROOF_DROP;
	if (own == PROOF_OPEN || other == PROOF_OPEN)
		return PROOF_HOLD;
	if (other == PROOF_REFUSED && event->kind == LOGIN_EVENT_PROXY)
		return PROOF_DROP;
	if (other == PROOF_REFUSED)
		*event = login_event_of(event->record, NULL);
	return contradicts(event) ? PROOF_DROP : PROOF_PASS;
}

enum proof_verdict proof_take(struct proof *proof, struct login_event *event, uint64_t position,
			      int64_t now_ns)
{
	enum proof_verdict verdict;

	if (event->record->file == 0)
		return PROOF_PASS;
	judge_event(proof, event, now_ns);
	verdict = verdict_of(proof, event);
	if (verdict != PROOF_HOLD || held_add(&proof->held, event, position))
		return verdict;
	proof->full = true;
	judge_decide(proof->judge, now_ns, true);
	verdict = verdict_of(proof, event);
	return verdict == PROOF_HOLD ? PROOF_DROP : verdict;
}

/* --- finishing ----------------------------------------------------------------------------- */

void proof_finish(struct proof *proof, int64_t now_ns, bool force, proof_decided_fn *decided,
		  void *context)
{
	struct held_event *held, *next;

	judge_decide(proof->judge, now_ns, force || proof->full);
	proof->full = false;
	DL_FOREACH_SAFE(proof->held.first, held, next) {
		struct login_event event = held_event(held);
		enum proof_verdict verdict = verdict_of(proof, &event);

		if (verdict == PROOF_HOLD)
			continue;
		decided(&event, verdict == PROOF_PASS, context);
		held_drop(&proof->held, held);
	}
}

bool proof_waits(const struct proof *proof, uint64_t *position_r)
{
	const struct held_event *held;
	bool waits = proof->held.first != NULL;

	if (waits)
		*position_r = proof->held.first->position;
	DL_FOREACH(proof->held.first, held) {
		if (held->position < *position_r)
			*position_r = held->position;
	}
	return waits;
}

unsigned int proof_waiting(const struct proof *proof)
{
	return (unsigned int)proof->held.count;
}
