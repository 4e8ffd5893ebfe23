/* SPDX-License-Identifier: MIT */
#include "template_case.h"

#define U1	  "u1@example.com"
#define LONG_USER "Us.Er+X@Example.COM"

static void modifiers(void **state)
{
	static const struct template_case table[] = {
		{LONG_USER, "%Lu", "us.er+x@example.com"},
		{LONG_USER, "%Uu", "US.ER+X@EXAMPLE.COM"},
		{"\xc3\x84\xc3\x96@X", "%Lu", "\xc3\x84\xc3\x96@x"},
		{"a\"b'c\\d", "%Eu", "a\\\"b\\'c\\\\d"},
		{U1, "%Xi", "3e7"},
		{U1, "%Xu", "0"},
		{LONG_USER, "%Ru", "MOC.elpmaxE@X+rE.sU"},
		{"trail \t", "%Tu", "trail"},
		{LONG_USER, "%Dd", "Example,dc=COM"},
		{LONG_USER, "%Mu", "da50ed93c3e1bca23b7a7ed51af76caa"},
		{LONG_USER, "%LLRu", "moc.elpmaxe@x+re.su"},
		{LONG_USER, "%LRLRLRLRLRu", "moc.elpmaxe@x+re.su"},
		{U1, "%LLLLLLLLLL%u", "%u"},
		{U1, "%L%u", "%u"},
		{U1, "x%L", "x"},
		{U1, "x%-05.-03LU", "x"},
	};

	(void)state;
	check_cases(table, TEMPLATE_V23);
	check_refused("%LLLLLLLLLLLu", TEMPLATE_V23, NULL, "%L is no variable");
}

static void hashes_with_a_modulus(void **state)
{
	static const struct template_case table[] = {
		{LONG_USER, "%Hu", "70a052d"},
		{LONG_USER, "%2.256Hu", "2d"},
		{"\xc3\xa9@x", "%2.256Hu", "78"},
		{LONG_USER, "%Nu", "c3e1bca2"},
		{LONG_USER, "%2.16Nu", "02"},
		{LONG_USER, "%4Nu", "2"},
		{U1, "%Hu", "44ca99d"},
		{U1, "%1.256Hu", "9d"},
		{U1, "%8Hu", "5"},
		{U1, "%Nu", "fb2ea404"},
		{U1, "%1.256Nu", "4"},
		{U1, "%2.256Nu", "04"},
		{U1, "%3.5Nu", "001"},
		{U1, "%256Nu", "4"},
		{U1, "%2.256N{user}/%1Hd", "04/0"},
	};

	(void)state;
	check_cases(table, TEMPLATE_V23);
}

static void offset_and_width(void **state)
{
	static const struct template_case table[] = {
		{LONG_USER, "%3u", "Us."},
		{LONG_USER, "%2.3u", ".Er"},
		{LONG_USER, "%-3u", "Us."},
		{LONG_USER, "%-3.2u", "CO"},
		{LONG_USER, "%2.-1u", ".Er+X@Example.CO"},
		{LONG_USER, "%-2.1u", "O"},
		{LONG_USER, "%0.3u", "Us."},
		{LONG_USER, "%05u", LONG_USER},
		{U1, "%010i", "0000000999"},
		{U1, "%.010i", "0000000999"},
		{LONG_USER, "%2.0u", ".Er+X@Example.COM"},
		{LONG_USER, "%4{user}", "Us.E"},
		{LONG_USER, "%.3u", "Us."},
		{LONG_USER, "%100u|%100.2u|%-100.2u", LONG_USER "||Us"},
		{LONG_USER, "%2.-100u|%2.-17u|%2.-16u", ".Er+X@Example.COM||."},
		{"\xc3\xa4\xc3\xb6\xc3\xbc@x", "%3u", "\xc3\xa4\xc3"},
		{U1, "%5%", "%"},
		{U1, "%03%", "00%"},
	};

	(void)state;
	check_cases(table, TEMPLATE_V23);
	check_refused("%1234567890u", TEMPLATE_V23, NULL, "an offset or width above");
}

static void hash_functions(void **state)
{
	static const struct template_case table[] = {
		{U1, "%{md5:user}", "5aad262dfb2ea40430515a78565fa013"},
		{U1, "%{sha512;truncate=8:user}", "18"},
		{U1, "%{size:user}", "000000000000000e"},
		{U1, "%{sha1;rounds=3:user}", "292b250552eaafc8c1f582780a5865bfa0bcb81e"},
		{U1, "%{md5;salt=s%d:user}", "7762b826883c5dca1c8306702eb59c4d"},
		{U1, "%{md5;format=hexuc:user}", "5aad262dfb2ea40430515a78565fa013"},
		{U1, "%{md5;salt=,rounds=x:user}", "5aad262dfb2ea40430515a78565fa013"},
		{U1, "%{md5;nosuch=1,rounds:user}", "5aad262dfb2ea40430515a78565fa013"},
		{U1, "%{md5;truncate=9999:user}", "5aad262dfb2ea40430515a78565fa013"},
		{U1, "%{md5;truncate=999,salt=:user}", "5aad262dfb2ea40430515a78565fa013"},
		{U1, "%{sha256;format=base64:user}",
		 "YijVd+2LTFewOI+++dY8rtLKPBzKObyNsSU88i+Avq4="},
		{U1, "%{size:md5:user}", "0000000000000020"},
		{U1, "%4U{md5:user}", "5AAD"},
		{U1, "%{size;salt=%{if;%s;eq;imap;12;1}:user}", "0000000000000010"},
		{U1, "%40{pkcs5:user}", "fc5c32ebf699503da94081e1fe37f25fa3ac93e1"},
	};

	(void)state;
	check_cases(table, TEMPLATE_V23);
	check_refused("%{md4:user}", TEMPLATE_V23, NULL, "this OpenSSL has no MD4");
	check_refused("%{sha1;rounds=0:user}", TEMPLATE_V23, NULL, "rounds must be 1 to");
	check_refused("%{sha1;rounds=x:user}", TEMPLATE_V23, NULL, "'x' is no number");
	check_refused("%{sha1;format=x:user}", TEMPLATE_V23, NULL, "'x' is no hash format");
	check_refused("%{SHA1:user}", TEMPLATE_V23, NULL, "no variable");
	check_refused("%{sha1:nosuch}", TEMPLATE_V23, NULL, "%{nosuch} is no variable");
	check_refused("%{sha1}", TEMPLATE_V23, NULL, "%{} is no variable");
}

static void conditions(void **state)
{
	static const struct template_case table[] = {
		{U1, "%{if;%s;eq;imap;yes;no}", "yes"},
		{U1, "%{IF;%s;ne;imap;yes;no}", "no"},
		{U1, "%{if;%i;==;999;a}", "a"},
		{U1, "x%{if;%i;>;999;a}y", "xy"},
		{U1, "%{if;%u;eq;x;;no}", "no"},
		{U1, "%{if;%i;<=;999;a;b}%{if;%i;<;999;a;b}%{if;%i;>=;1000;a;b}", "abb"},
		{U1, "%{if;%i;!=;-5;a;b}", "a"},
		{U1, "%{if;a;lt;b;1;2}%{if;a;gt;b;1;2}%{if;a;le;a;1;2}%{if;a;ge;b;1;2}", "1212"},
		{U1, "%{if;%u;*;u?@*.com;1;2}%{if;%u;*;u?@*.co;1;2}", "12"},
		{U1, "%{if;%u;!*;u*;1;2}%{if;;*;**;1;2}%{if;;*;;1;2}", "211"},
		{U1, "%{if;%u;~;^u[0-9]+@;1;2}%{if;%u;!~;^u[0-9]+@;1;2}", "12"},
		{U1, "%{if;%s;eq;imap;%{if;%n;eq;u1;%Ud;x};y}", "EXAMPLE.COM"},
		{U1, "%{if;%s;eq;imap;a\\;b\\:c;d}", "a;b:c"},
		{U1, "%{if;%s;eq;imap;a\\\\b;d}", "ab"},
		{U1, "%{if;%s;eq;imap;a;d:rest}", "a"},
		/* The colon that ends a function joins a trailing backslash. */
		{U1, "%{if;%s;eq;imap;a\\\\}b", "a:b"},
		/* The percent sign of %s makes the next brace one of a variable. */
		{U1, "%{if;%s;eq;imap;a{;};b}", "a{;}"},
		{U1, "%3.2{if;%s;eq;imap;abcdef;x}", "de"},
		{U1, "%{if;%s;%{if;1;==;1;eq;ne};imap;a;b}", "a"},
		/* Dovecot refuses this login, so there is no key. */
		{U1, "%{if;%u;==;1;a;b}", NULL},
		{U1, "%{if;1;==;1;a;%{if;%u;==;1;a;b}}", NULL},
		{U1, "%{if;1;%s;1;a;b}", NULL},
		/* An operator that only the login knows makes no pattern of what a user chose. */
		{U1, "%{if;%u;%{if;1;==;1;~};u1;a;b}", "a"},
		{U1, "%{if;%u;%{if;1;==;1;~};%u;a;b}", NULL},
	};

	(void)state;
	check_cases(table, TEMPLATE_V23);
	check_refused("%{if}", TEMPLATE_V23, NULL, "has 0 parameters, not 4 or 5");
	check_refused("%{if;a;eq;b}", TEMPLATE_V23, NULL, "has 3 parameters");
	check_refused("%{if;a;eq;b;c;d;e}", TEMPLATE_V23, NULL, "has 6 parameters");
	check_refused("%{if;a;=;b;c}", TEMPLATE_V23, NULL, "'=' is no operator");
	check_refused("%{if;a;~;%u;c}", TEMPLATE_V23, NULL,
		      "a regular expression must be constant");
	check_refused("%{if;%u;~;x%n;1;2}", TEMPLATE_V23, NULL,
		      "a regular expression must be constant");
	check_refused("%{if;a;~;(;c}", TEMPLATE_V23, NULL, "'(' is no regular expression");
	check_refused("%{if;%a;eq;b;c}", TEMPLATE_V23, NULL, "%a is no variable");
	check_refused("%{if;{;eq;b;c}", TEMPLATE_V23, NULL, "without its \"}\"");
}

static void changed_text_is_a_part_without_a_name(void **state)
{
	struct template *template =
		compile_ok("%Lu/%{sha1:home}/%5%/%0.0{user}", TEMPLATE_V23, NULL);
	struct login login = make_login("U1");
	struct key_part parts[4];
	struct buf out;
	size_t count = 0;

	(void)state;
	buf_init(&out, 200);
	assert_string_equal(template_variables(template)[0], "user");
	assert_string_equal(template_variables(template)[1], "home");
	assert_int_equal(template_expand(template, &login, NULL, &out, parts, 4, &count, NULL), 0);
	assert_int_equal(count, 4);
	assert_string_equal(parts[0].variable, "");
	assert_int_equal(parts[0].len, 2);
	assert_int_equal(parts[1].offset, 3);
	assert_int_equal(parts[1].len, 40);
	assert_string_equal(parts[3].variable, "user");
	buf_release(&out);
	template_free(&template);
}

static void nesting_and_growth_have_an_end(void **state)
{
	char deep[1000] = "";
	char quotes[513];

	(void)state;
	for (int i = 0; i < 20; i++)
		(void)snprintf(deep + strlen(deep), sizeof(deep) - strlen(deep), "%%{if;1;==;1;");
	memset(deep + strlen(deep), '}', 20);
	check_refused(deep, TEMPLATE_V23, NULL, "nested more than");

	memset(quotes, '"', 512);
	quotes[512] = '\0';
	check_case(&(struct template_case){quotes, "%EEEEEEEEEEu", NULL}, TEMPLATE_V23);
	check_case(&(struct template_case){U1, "%099999999u", NULL}, TEMPLATE_V23);
}

/* A pattern that is a login's own is looked at when it is there. */
static void a_login_that_does_not_fit_is_an_error(void **state)
{
	(void)state;
	check_fails("(a)\\1", "%{if;%u;%{if;1;==;1;~};%u;a;b}", TEMPLATE_V23,
		    "a regular expression must be constant");
	check_fails("u", "%{if;%u;%{if;1;==;1;x};1;a;b}", TEMPLATE_V23, "if: 'x' is no operator");
	check_fails("u", "%{if;%u;>;1;a;b}", TEMPLATE_V23,
		    "if: 'u' > '1' compares what is no number");
	check_fails("u", "%{if;%u;%{if;1;==;1;~};(;a;b}", TEMPLATE_V23,
		    "'(' is no regular expression: ");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(modifiers),
		cmocka_unit_test(hashes_with_a_modulus),
		cmocka_unit_test(offset_and_width),
		cmocka_unit_test(hash_functions),
		cmocka_unit_test(conditions),
		cmocka_unit_test(changed_text_is_a_part_without_a_name),
		cmocka_unit_test(nesting_and_growth_have_an_end),
		cmocka_unit_test(a_login_that_does_not_fit_is_an_error),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
