/* SPDX-License-Identifier: MIT */
#include "cli/findings.h"
#include "ended.h"

static struct finding *add(struct findings *findings, enum finding_state state, const char *subject,
			   const char *text, const char *advice)
{
	struct finding *finding = findings_add(findings, "kernel", state);

	assert_non_null(finding);
	assert_string_equal(finding->area, "kernel");
	assert_string_equal(finding->subject, "");
	assert_string_equal(finding->text, "");
	assert_string_equal(finding->advice, "");
	(void)snprintf(finding->subject, sizeof(finding->subject), "%s", subject);
	(void)snprintf(finding->text, sizeof(finding->text), "%s", text);
	(void)snprintf(finding->advice, sizeof(finding->advice), "%s", advice);
	return finding;
}

static void the_worst_of_all_counts(void **state)
{
	struct findings findings = {0};

	(void)state;
	assert_int_equal(findings_worst(&findings), FINDING_OK);
	add(&findings, FINDING_OK, "a", "b", "");
	assert_int_equal(findings_worst(&findings), FINDING_OK);
	add(&findings, FINDING_WARNING, "a", "b", "");
	assert_int_equal(findings_worst(&findings), FINDING_WARNING);
	add(&findings, FINDING_BAD, "a", "b", "");
	add(&findings, FINDING_OK, "a", "b", "");
	assert_int_equal(findings_worst(&findings), FINDING_BAD);
	findings_release(&findings);
	assert_int_equal(findings.count, 0);
	assert_null(findings.items);
}

static void any_number_of_them_is_kept(void **state)
{
	struct findings findings = {0};
	char name[16];

	(void)state;
	for (int i = 0; i < 100; i++) {
		(void)snprintf(name, sizeof(name), "%d", i);
		add(&findings, FINDING_OK, name, "", "");
	}
	assert_int_equal(findings.count, 100);
	assert_string_equal(findings.items[0].subject, "0");
	assert_string_equal(findings.items[99].subject, "99");
	findings_release(&findings);
}

static void a_line_has_the_advice_below_it_and_drives_no_terminal(void **state)
{
	struct findings findings = {0};
	char *text;

	(void)state;
	add(&findings, FINDING_OK, "btf", "there", "");
	add(&findings, FINDING_BAD, "x\033[2J", "n\no", "do \"it\"");
	PRINTED(&text, findings_print(&findings, to));
	assert_string_equal(text, "ok       kernel        btf: there\n"
				  "bad      kernel        x\\x1b[2J: n\\x0ao\n"
				  "         to do: do \"it\"\n");
	free(text);
	findings_release(&findings);
}

static void json_has_an_object_for_each(void **state)
{
	struct findings findings = {0};
	char *text;

	(void)state;
	PRINTED(&text, findings_print_json(&findings, to));
	assert_string_equal(text, "{\"state\":\"ok\",\"findings\":[\n]}\n");
	free(text);
	add(&findings, FINDING_OK, "btf", "there", "");
	add(&findings, FINDING_WARNING, "a\"b", "c\\d", "e");
	PRINTED(&text, findings_print_json(&findings, to));
	assert_string_equal(text, "{\"state\":\"warning\",\"findings\":[\n"
				  "{\"state\":\"ok\",\"area\":\"kernel\",\"subject\":\"btf\","
				  "\"text\":\"there\"},\n"
				  "{\"state\":\"warning\",\"area\":\"kernel\","
				  "\"subject\":\"a\\\"b\",\"text\":\"c\\\\d\",\"advice\":\"e\"}\n"
				  "]}\n");
	free(text);
	findings_release(&findings);
}

/* Texts of full length come out whole. */
static void the_longest_texts_are_printed_whole(void **state)
{
	struct findings findings = {0};
	struct finding *finding = findings_add(&findings, "kernel", FINDING_BAD);
	char *text;

	(void)state;
	memset(finding->subject, '\1', sizeof(finding->subject) - 1);
	memset(finding->text, '\1', sizeof(finding->text) - 1);
	memset(finding->advice, '\1', sizeof(finding->advice) - 2);
	finding->advice[sizeof(finding->advice) - 2] = 'z';
	PRINTED(&text, findings_print(&findings, to));
	assert_int_equal(text[strlen(text) - 2], 'z');
	free(text);
	PRINTED(&text, findings_print_json(&findings, to));
	expect_text(text, "z\"}\n]}\n");
	free(text);
	findings_release(&findings);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_worst_of_all_counts),
		cmocka_unit_test(any_number_of_them_is_kept),
		cmocka_unit_test(a_line_has_the_advice_below_it_and_drives_no_terminal),
		cmocka_unit_test(json_has_an_object_for_each),
		cmocka_unit_test(the_longest_texts_are_printed_whole),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
