/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "../cmocka_all.h"
#include "attach/attach.h"
#include "cli/check_layouts.h"
#include "dovecot/layout.h"
#include "dovecot/layout_own.h"
#include "proof/remembered.h"
#include "search/binary.h"

#define ABI "2.4.ABIv1"

static char dir[] = "/tmp/dovetap-check-XXXXXX";
static struct error error;

static void on_decided(const struct proof_file *file, void *context)
{
	(void)file;
	(void)context;
}

static struct finding checked(const struct binary *binary)
{
	struct finding finding = {.state = FINDING_OK, .text = "found"};

	check_proof(dir, binary, &finding);
	return finding;
}

static void remember(const struct binary *binary, enum proof_state state)
{
	struct judge *judge;
	char path[64];

	(void)snprintf(path, sizeof(path), "%s/" REMEMBERED_NAME, dir);
	assert_int_equal(judge_new(on_decided, NULL, &judge, &error), 0);
	judge_remember(judge, loader_file_key(binary), state, "/lib/storage");
	assert_int_equal(remembered_save(judge, path, &error), 0);
	judge_free(&judge);
	assert_string_equal(checked(binary).advice[0] ? "bad" : "good",
			    state == PROOF_REFUSED ? "bad" : "good");
	(void)unlink(path);
}

static void a_file_has_its_proof(void **state)
{
	const struct binary binary = {
		.role = PRIV_ROLE_MAIL_USER,
		.layout = layout_find(ABI),
		.id = {.build_id = {1, 2, 3}, .build_id_len = 3},
	};
	struct finding finding;

	(void)state;
	assert_non_null(mkdtemp(dir));
	finding = checked(&binary);
	assert_string_equal(finding.text, "found, not proved by a login yet");
	assert_int_equal(finding.state, FINDING_OK);
	remember(&binary, PROOF_BY_LOGIN);
	remember(&binary, PROOF_BY_FORM);
	remember(&binary, PROOF_REFUSED);
	assert_int_equal(rmdir(dir), 0);
}

static void one_of_the_operators_own_is_compared(void **state)
{
	const struct layout *known = layout_find(ABI), *other = layout_find("2.4.ABIv5");
	struct findings findings = {0};
	struct slice same = {known->btf, known->btf_size};
	struct slice another = {other->btf, other->btf_size};

	(void)state;
	assert_int_equal(layouts_own_add(ABI, "/etc/same.layouts", same, &error), 0);
	assert_int_equal(layouts_own_add("2.4.ABIv99", "/etc/new.layouts", same, &error), 0);
	check_own_layouts(&findings);
	assert_int_equal(findings.count, 0);
	assert_int_equal(layouts_own_add(ABI, "/etc/stale.layouts", another, &error), 0);
	check_own_layouts(&findings);
	assert_int_equal(findings.count, 1);
	assert_int_equal(findings.items[0].state, FINDING_WARNING);
	assert_string_equal(findings.items[0].subject, "/etc/stale.layouts");
	findings_release(&findings);
	layouts_own_unload();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_file_has_its_proof),
		cmocka_unit_test(one_of_the_operators_own_is_compared),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
