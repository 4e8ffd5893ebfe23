/* SPDX-License-Identifier: MIT */
#include "login/event.h"
#include "proof/held.h"
#include "proof/proof.h"
#include "proof_case.h"

#define SESSION "9fKq3aQpS2cXAAAA"

static struct judge *judge;
static struct proof *proof;
static struct error error;
static char passed[HELD_MAX + 1], dropped[64]; /* the first letter of each user's name */

static void on_decided(const struct proof_file *file, void *context)
{
	(void)file;
	(void)context;
}

static int setup(void **state)
{
	(void)state;
	memset(passed, 0, sizeof(passed));
	memset(dropped, 0, sizeof(dropped));
	if (judge_new(on_decided, NULL, &judge, &error) < 0)
		return -1;
	return proof_new(judge, &proof, &error);
}

static int teardown(void **state)
{
	(void)state;
	proof_free(&proof);
	proof_free(&proof);
	judge_free(&judge);
	return 0;
}

static void take_decided(const struct login_event *event, bool was_passed, void *context)
{
	char *list = was_passed ? passed : dropped;

	(void)context;
	list[strlen(list)] = event->login.text[DOVETAP_FIELD_USERNAME].ptr[0];
}

static enum proof_verdict take(const struct login *login, const struct login *auth,
			       struct login_event *event_r)
{
	*event_r = login_event_of(login, auth);
	return proof_take(proof, event_r, 100, SECOND);
}

static enum proof_verdict verdict(const struct login *login, const struct login *auth)
{
	struct login_event event;

	return take(login, auth, &event);
}

static void finish_held(int64_t now_ns, bool force)
{
	proof_finish(proof, now_ns, force, take_decided, NULL);
}

static void an_authentication_waits_for_its_login(void **state)
{
	struct login auth = auth_record("a", SESSION), user = user_record("u", SESSION);
	uint64_t position = 0;

	(void)state;
	assert_false(proof_waits(proof, &position));
	assert_int_equal(verdict(&auth, NULL), PROOF_HOLD);
	assert_true(proof_waits(proof, &position));
	assert_int_equal(position, 100);
	finish_held(SECOND, false);
	assert_string_equal(passed, "");
	set(&auth, DOVETAP_FIELD_USERNAME, "u");
	set(&auth, DOVETAP_FIELD_AUTH_USER, "u");
	assert_int_equal(verdict(&user, &auth), PROOF_PASS);
	finish_held(SECOND, false);
	assert_string_equal(passed, "a");
	assert_int_equal(proof_waiting(proof), 0);
	assert_int_equal(verdict(&auth, NULL), PROOF_PASS);
}

static void what_is_refused_is_dropped(void **state)
{
	struct login auth = auth_record("u", SESSION), user = user_record("x", SESSION);

	(void)state;
	assert_int_equal(verdict(&user, &auth), PROOF_HOLD);
	assert_int_equal(verdict(&user, &auth), PROOF_HOLD);
	assert_int_equal(verdict(&user, &auth), PROOF_DROP); /* now it is refused */
	finish_held(SECOND, false);
	assert_string_equal(dropped, "xx");
	assert_string_equal(passed, "");
}

/* The mail user is right: it is used without what the authentication has. */
static void a_login_passes_without_a_refused_authentication(void **state)
{
	struct login auth = auth_record("u", SESSION), user = user_record("u", SESSION);
	struct login_event event;

	(void)state;
	set(&user, DOVETAP_FIELD_MECH, NULL);
	judge_remember(judge, AUTH_FILE, PROOF_REFUSED, "");
	judge_remember(judge, USER_FILE, PROOF_BY_FORM, "");
	assert_int_equal(take(&user, &auth, &event), PROOF_PASS);
	assert_false(event.joined);
	assert_int_equal(event.login.text[DOVETAP_FIELD_MECH].len, 0);
	assert_int_equal(verdict(&auth, NULL), PROOF_DROP);
}

static void a_contradiction_is_dropped_whatever_is_proved(void **state)
{
	struct login auth = auth_record("u", SESSION), user = user_record("u", SESSION);

	(void)state;
	judge_remember(judge, AUTH_FILE, PROOF_BY_LOGIN, "");
	judge_remember(judge, USER_FILE, PROOF_BY_LOGIN, "");
	user.remote_ip = user.local_ip;
	assert_int_equal(verdict(&user, &auth), PROOF_DROP);
	user.remote_ip = auth.remote_ip;
	auth.repeated = true; /* of which of them is it? */
	set(&user, DOVETAP_FIELD_USERNAME, "other");
	assert_int_equal(verdict(&user, &auth), PROOF_PASS);
	auth.repeated = false;
	assert_int_equal(verdict(&user, &auth), PROOF_DROP);
	set(&user, DOVETAP_FIELD_AUTH_USER, "u"); /* the userdb has renamed it */
	assert_int_equal(verdict(&user, &auth), PROOF_PASS);
	auth.passdb_result = 0; /* of a wrong password, but successful */
	assert_int_equal(verdict(&auth, NULL), PROOF_DROP);
}

/* The owner of a shared mailbox, in the session of somebody else: Dovecot marks it. */
static void another_user_of_the_session_is_no_login(void **state)
{
	struct login auth = auth_record("u", SESSION), user = user_record("owner", SESSION);
	struct login raw = delivery_record("raw mail user");

	(void)state;
	judge_remember(judge, AUTH_FILE, PROOF_BY_LOGIN, "");
	judge_remember(judge, USER_FILE, PROOF_BY_LOGIN, "");
	set(&user, DOVETAP_FIELD_MECH, NULL);
	assert_int_equal(verdict(&user, &auth), PROOF_DROP);
	set(&raw, DOVETAP_FIELD_SESSION_ID, NULL);
	assert_int_equal(verdict(&raw, NULL), PROOF_DROP);
}

static void a_full_place_is_decided(void **state)
{
	struct login login = delivery_record("u");

	(void)state;
	for (int i = 0; i < HELD_MAX; i++)
		assert_int_equal(verdict(&login, NULL), PROOF_HOLD);
	assert_int_equal(verdict(&login, NULL), PROOF_PASS);
	finish_held(SECOND, false);
	assert_int_equal(proof_waiting(proof), 0);
}

static void force_decides(void **state)
{
	struct login login = delivery_record("u");

	(void)state;
	assert_int_equal(verdict(&login, NULL), PROOF_HOLD);
	finish_held(SECOND, true);
	assert_string_equal(passed, "u");
}

static void records_of_before_pass(void **state)
{
	struct login login = delivery_record("u");

	(void)state;
	login.file = 0;
	assert_int_equal(verdict(&login, NULL), PROOF_PASS);
}

static void a_proxied_login_waits_for_what_it_is_made_of(void **state)
{
	struct login auth = auth_record("u", SESSION);
	struct login proxy = record(DOVETAP_EVENT_PROXY, NULL, SESSION);

	(void)state;
	proxy.file = 0x33;
	set(&auth, DOVETAP_FIELD_MECH, "UNHEARD-OF"); /* so its form is not whole */
	assert_int_equal(verdict(&auth, NULL), PROOF_HOLD);
	assert_int_equal(verdict(&proxy, &auth), PROOF_HOLD);
	set(&auth, DOVETAP_FIELD_MECH, "PLAIN");
	assert_int_equal(verdict(&proxy, &auth), PROOF_PASS);
	finish_held(SECOND, false);
	assert_string_equal(passed, "uu"); /* the authentication, and the first proxied login */
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(an_authentication_waits_for_its_login),
		CASE(what_is_refused_is_dropped),
		CASE(a_login_passes_without_a_refused_authentication),
		CASE(a_contradiction_is_dropped_whatever_is_proved),
		CASE(another_user_of_the_session_is_no_login),
		CASE(a_full_place_is_decided),
		CASE(force_decides),
		CASE(records_of_before_pass),
		CASE(a_proxied_login_waits_for_what_it_is_made_of),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
