/* SPDX-License-Identifier: MIT */
#include "template_case.h"

#define U1 "u1@example.com"

static void text_filters(void **state)
{
	static const struct template_case table[] = {
		{"Us.Er@X", "%{user | lower}/%{user|upper}", "us.er@x/US.ER@X"},
		{"\xc3\x84@X", "%{user | lower}", "\xc3\x84@x"},
		{U1, "%{user | reverse}", "moc.elpmaxe@1u"},
		{U1, "%{user | username}@%{user | domain}", U1},
		{"a@b@c", "%{user | username}|%{user | domain}", "a|b@c"},
		{"plain", "%{user | domain}", ""},
		{U1, "%{user | domain | ldap_dn}", "example,dc=com"},
		{U1, "%{user | index(\"@\", 0)}|%{user | index('.', -1)}", "u1|com"},
		{U1, "%{user | index(\"@\", 2)}", NULL},
		{U1, "%{user | index(\"\", 0)}", NULL},
		{U1, "%{user | concat(\"-\", service, 5)}", "u1@example.com-imap5"},
		{U1, "%{concat(service, '/', user)}", "imap/u1@example.com"},
		{U1, "%{user | substr(0, 2)}|%{user | substr(3)}|%{user | substr(-3)}",
		 "u1|example.com|com"},
		{U1, "%{user | substr(3, -4)}|%{user | substr(-11, 7)}", "example|example"},
		{U1, "%{user | substr(0, 0)}|%{user | substr(14)}", "|"},
		{U1, "%{user | substr(15)}", NULL},
		{U1, "%{user | substr(-14)}", U1},
		{U1, "%{user | substr(-15)}", NULL},
		{U1, "%{user | substr(0, -15)}", NULL},
		{U1, "%{user | substr(10, 5)}", NULL},
		{U1, "%{user | substr(10, -5)}", NULL},
		{U1, "%{user | truncate(2)}|%{user | truncate(99)}", "u1|u1@example.com"},
		{U1, "%{user | truncate(bits=7)}", ":"},
		{U1, "%{user | truncate(bits=112)}|%{user | truncate(bits=113)}", U1 "|" U1},
		{U1, "%{service | lfill(8)}|%{service | rfill(7, 'ab')}|%{service | lfill(1)}",
		 "0000imap|imapabab|imap"},
		{U1, "%{service | lfill(8, '')}", NULL},
		{U1, "%{service | lfill(999999)}", NULL},
		{"a\tb\001tc\0011", "%{user | list}|%{user | list(' ')}", "a,b\tc\001|a b\tc\001"},
		{"a\001b\xff\xc3\xa4z", "%{user | text}",
		 "a\xef\xbf\xbd"
		 "b\xef\xbf\xbd\xc3\xa4z"},
		{"ab\xc3", "%{user | text}", "a\xe2\x80\xa6"},
	};

	(void)state;
	check_cases(table, TEMPLATE_V24);
}

static void hashes_and_codes(void **state)
{
	static const struct template_case table[] = {
		{U1, "%{user | md5}", "5aad262dfb2ea40430515a78565fa013"},
		{U1, "%{user | hash(\"md5\", rounds=2, salt=\"xy\") | hexlify(8)}", "0e081ea2"},
		{U1, "%{user | sha256 | base64}", "YijVd+2LTFewOI+++dY8rtLKPBzKObyNsSU88i+Avq4="},
		{U1, "%{user | sha256 | base64(url=1, pad=0)}",
		 "YijVd-2LTFewOI---dY8rtLKPBzKObyNsSU88i-Avq4"},
		{U1, "%{user | md5 | substr(0,4)}", "5aad262d"},
		{U1, "%{user | md5 | substr(-2)}", "a013"},
		{U1, "%{user | md5 | reverse | truncate(2)}", "13a0"},
		{U1, "%{user | md5 | truncate(bits=4)}", "05"},
		{U1, "%{process:pid | hex(8)}|%{process:pid | hex(2)}|%{process:pid | hex(-6)}",
		 "00004e6c|6c|4e6c00"},
		{U1, "%{process:pid | hex | unhex}", "20076"},
		{U1, "%{user | hex}", NULL},
		{U1, "%{user | unhex}", NULL},
		{U1, "%{service | hexlify}|%{service | hexlify(4)}|%{service | hexlify(10)}",
		 "696d6170|696d|00696d6170"},
		{U1, "%{service | hexlify | unhexlify | concat('')}", "696d6170"},
		{U1, "%{service | hexlify | unhexlify | text}", "imap"},
		{U1, "%{user | unhexlify}", NULL},
		{U1, "%{service | base64}|%{service | base64 | unbase64 | text}", "aW1hcA==|imap"},
		{U1, "%{literal('aW 1h*cA==') | unbase64 | text}", "ima"},
		{U1, "%{literal('\\x01\\x02') | benumber}|%{literal('\\x01\\2') | lenumber}",
		 "258|513"},
		{U1, "%{user | md5 | benumber}", NULL},
		{U1, "%{user | md5 | substr(8) | benumber}", "3481663459825786899"},
		{U1, "%{user | md5(rounds=0)}", "7531406578616d706c652e636f6d"},
		/* Bytes of a digest that look like capitals, up to its first NUL. */
		{U1, "%{literal('41420043') | unhexlify | lower}", "61620043"},
	};

	(void)state;
	check_cases(table, TEMPLATE_V24);
}

static void a_key_ends_at_a_nul(void **state)
{
	static const struct template_case table[] = {
		{U1, "a%{literal('\\t') | truncate(bits=3)}b%{user}", "a"},
		{U1, "a%{literal('\\t') | truncate(bits=3)}b%{user | hex}", NULL},
	};

	(void)state;
	check_cases(table, TEMPLATE_V24);
}

static void arithmetic(void **state)
{
	static const struct template_case table[] = {
		{U1, "%{process:uid + 3}|%{process:uid - 1000}|%{process:uid * -2}",
		 "1000|-3|-1994"},
		{U1, "%{process:uid / 10}|%{process:uid % 10}", "99|7"},
		{U1, "%{user | md5 % 16}", "3"},
		{U1, "%{process:uid+process:pid}", "21073"},
		{U1, "%{local_port - remote_port}", "-49150"},
		{U1, "%{literal('9223372036854775807') + 1}", "-9223372036854775808"},
		{U1, "%{user + 1}", NULL},
		{U1, "%{process:uid / 0}", NULL},
		{U1, "%{process:uid % 0}", NULL},
		{U1, "%{user | md5 + 1}", NULL},
		{U1, "%{user | md5 % -5}", NULL},
		{U1, "%{literal('31') | unhexlify + 1}", "32"},
		{U1, "%{local_port | calculate(0, 7) | calculate(2, 2)}", "2000"},
	};

	(void)state;
	check_cases(table, TEMPLATE_V24);
}

static void choices(void **state)
{
	static const struct template_case table[] = {
		{U1, "%{service | if('eq', 'imap', 'yes', 'no')}", "yes"},
		{U1, "%{if(service, 'ne', 'imap', 'yes', user)}", U1},
		{U1, "%{process:uid | if('>=', 997, 1, 2)}|%{if(5, '<', local_port, 1, 2)}", "1|1"},
		{U1, "%{user | if('*', '*@example.*', 'a', 'b')}", "a"},
		{U1, "%{user | if('!~', '^u[0-9]+@', 'a', 'b')}", "b"},
		{U1, "%{user | if('==', 1, 'a', 'b')}", NULL},
		{U1, "%{process:uid | if('==', '997', 'a', 'b')}", NULL},
		{U1, "%{process:uid | if('eq', 997, 'a', 'b')}", NULL},
		{U1, "%{user | if(service, 'x', 'a', 'b')}", NULL},
		{U1, "%{master_user | default('none')}|%{master_user | default(service)}",
		 "none|imap"},
		{U1, "%{nosuch | default('d')}|%{nosuch | default}|%{nosuch | literal('x')}",
		 "d||x"},
		{U1, "%{user | hex | default('d')}", "d"},
		{U1, "%{user | hex | unhex | default('d')}", NULL},
		{U1, "%{lookup('user')}|%{literal(service)}|%{literal(5)}", U1 "|imap|5"},
		{U1, "%{user | regexp('^(.)(.*)@(.*)$', '\\\\3/\\\\1\\\\2')}", "example.com/u1"},
		{U1, "%{user | regexp('1', '-')}|%{user | regexp('nosuch', '-')}",
		 "u-@example.com|" U1},
		{U1, "%{user | regexp('(x)|1', '\\\\1')}", NULL},
		{U1, "%{service | switch('eq', 'pop3', 'p', 'imap', 'i')}", "i"},
		{U1, "%{switch(service, 'eq', 'pop3', 'p', 'other')}", "other"},
		{U1, "%{service | switch('eq', 'pop3', 'p', 'lmtp', 'l')}", NULL},
		{U1, "%{user | safe}", U1},
	};

	(void)state;
	check_cases(table, TEMPLATE_V24);
}

static void literals_and_quotes(void **state)
{
	static const struct template_case table[] = {
		{U1, "%u 100% a%%b y", "%u 100% a%%b y"},
		{U1, "%%{user}|%%%{user}|%{}|%{ }", "%{user}|%%{user}||"},
		{U1, "%{literal(\"a\\\"b\\'c\\\\d\\te\\x41\\101\")}", "a\"b'c\\d\teAA"},
		{U1, "%{literal('a}b|c(')}", "a}b|c("},
		{U1, "%{literal('a\\x00b')}", "a"},
		{U1, "%{\tuser\t|\tupper\t}", "U1@EXAMPLE.COM"},
	};

	(void)state;
	check_cases(table, TEMPLATE_V24);
}

static void bad_programs_are_refused(void **state)
{
	static const struct {
		const char *text, *words;
	} table[] = {
		{"%{user | nosuch}", "nosuch is no function"},
		{"%{nosuch | lower}", "%{nosuch} is no variable"},
		{"%{userdb:x | default('d')}", "only known inside Dovecot; use one of"},
		{"%{lower}", "has no value"},
		{"%{user | encrypt('x')}", "only known inside Dovecot"},
		{"%{user | lower('x')}", "takes 0 to 0 parameters, not 1"},
		{"%{user | md5(pad=1)}", "md5() has no parameter 'pad'; it takes rounds salt"},
		{"%{user | hash(rounds=2)}", "needs the name of its algorithm"},
		{"%{user | hash('nosuch')}", "'nosuch' is no hash algorithm"},
		{"%{user | concat(nosuch)}", "%{nosuch} is no variable"},
		{"%{lookup(user)}", "lookup() needs the name"},
		{"%{lookup('nosuch')}", "%{nosuch} is no variable"},
		{"%{user | if('=', 'b', 'c', 'd')}", "'=' is no operator"},
		{"%{user | if('eq', 'b', 'c')}", "takes 4 to 5 parameters, not 3"},
		{"%{user | regexp('(', 'x')}", "'(' is no regular expression"},
		{"%{user | regexp(service, 'x')}", "a regular expression must be constant"},
		{"%{user | if('~', service, 'a', 'b')}", "a regular expression must be constant"},
		{"%{user | regexp('(a)\\\\1', 'x')}", "it has a back-reference"},
		{"%{user | regexp('((a{200}){200}){200}', 'x')}", "repetitions are too many"},
		{"%{user | if('!~', 'a{99999999999999999999}', 'a', 'b')}",
		 "repetitions are too many"},
		{"%{user lower}", "'lower}': \"|\" or \"}\" expected"},
		{"%{user + 1 + 2}", "'+ 2}': \"|\" or \"}\" expected"},
		{"%{user + 'x'}", "\"x\" is no number"},
		{"%{user | substr()}", "expected"},
		{"%{user | substr(1 2)}", "\")\" or \",\""},
		{"%{user | substr(1", "without its \"}\""},
		{"%{user | literal('x)}", "a quote is not closed"},
		{"%{user | literal('\\q')}", "a backslash in quotes"},
		{"%{user | literal('\\8')}", "a backslash in quotes"},
		{"%{user$}", "'$}' is not expected inside %{...}"},
		{"%{user | literal('\xff')}", "not UTF-8"},
		{"%{user + 99999999999999999999}", "too large"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++)
		check_refused(table[i].text, TEMPLATE_V24, NULL, table[i].words);
}

/* What is wrong is known only with a login. */
static void a_login_that_does_not_fit_is_an_error(void **state)
{
	static const struct {
		const char *text, *why;
	} table[] = {
		{"%{user | substr(service)}", "'imap' (service) is no number"},
		{"%{user | substr('x')}", "'x' is no number"},
		{"%{user | if('>', 1, 'a', 'b')}", "if: 'u1@example.com' is no number"},
		{"%{user | if(service, 'x', 'a', 'b')}", "'imap' is no operator"},
		{"%{user | substr(99)}", "substr: outside of the text"},
		{"%{user | substr(0, -99)}", "substr: outside of the text"},
		{"%{user | lfill(-1)}", "fill: to -1 bytes with '0'"},
		{"%{user | rfill(9, '')}", "fill: to 9 bytes with ''"},
		{"%{user + 1}", "'u1@example.com' is no number to calculate with"},
		{"%{local_port / 0}", "division by 0"},
		{"%{local_port % 0}", "division by 0"},
		{"%{user | hex}", "hex: 'u1@example.com' is no number"},
		{"%{user | unhex}", "unhex: 'u1@example.com' is no hex number"},
		{"%{literal('10000000000000000') | unhex}",
		 "unhex: '10000000000000000' is no hex number"},
		{"%{user | hexlify(-1)}", "hexlify: the width is negative"},
		{"%{service | hexlify(1000000)}", "hexlify: more than"},
		{"%{literal('abc') | unhexlify}", "unhexlify: an odd number of digits"},
		{"%{user | unhexlify}", "unhexlify: 'u1@example.com' is not hex"},
		{"%{user | md5 | truncate(-1)}", "truncate: the length is negative"},
		{"%{user | index('', 0)}", "index: the separator is empty"},
		{"%{user | index('@', 2)}", "index: there is no such piece"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++)
		check_fails(U1, table[i].text, TEMPLATE_V24, table[i].why);
}

/* 64 bits are held, and not one more. */
static void numbers_of_64_bits(void **state)
{
	static const struct template_case table[] = {
		{U1, "%{literal('ffffffffffffffff') | unhex}", "18446744073709551615"},
		{U1, "%{literal('7fffffffffffffff') | unhex}", "9223372036854775807"},
		{U1, "%{literal('8000000000000000') | unhex}", "9223372036854775808"},
		{U1, "%{literal('FFFFFFFFFFFFFFFFF') | unhex}", NULL},
		{U1, "%{literal('9223372036854775807') + 0}", "9223372036854775807"},
		{U1, "%{literal('9223372036854775808') + 0}", NULL},
		{U1,
		 "%{literal('"
		 "1111111111111111111111111111111111111111111111111111111111111111') + 0}",
		 NULL},
	};

	(void)state;
	check_cases(table, TEMPLATE_V24);
}

#define MANY 99

static void refuse_count(const char *name, int count, int min, int max)
{
	char text[128], words[64];
	size_t len = (size_t)snprintf(text, sizeof(text), "%%{user | %s(", name);

	for (int i = 0; i < count; i++)
		len += (size_t)snprintf(text + len, sizeof(text) - len, i > 0 ? ", 'x'" : "'x'");
	(void)snprintf(text + len, sizeof(text) - len, ")}");
	if (max == MANY)
		(void)snprintf(words, sizeof(words), "takes %d to ", min);
	else
		(void)snprintf(words, sizeof(words), "takes %d to %d parameters, not %d", min, max,
			       count);
	check_refused(text, TEMPLATE_V24, NULL, words);
}

/* One less than it needs, and one more than it takes. */
static void each_filter_takes_so_many_parameters(void **state)
{
	static const struct {
		const char *name;
		int min, max;
	} filters[] = {
		{"hash", 1, 1},	     {"md5", 0, 0},	  {"sha1", 0, 0},	{"sha256", 0, 0},
		{"sha384", 0, 0},    {"sha512", 0, 0},	  {"base64", 0, 0},	{"unbase64", 0, 0},
		{"regexp", 2, 2},    {"lookup", 1, MANY}, {"literal", 1, MANY}, {"default", 0, 1},
		{"safe", 0, 0},	     {"if", 4, 5},	  {"switch", 3, MANY},	{"substr", 1, 2},
		{"lfill", 1, 2},     {"rfill", 1, 2},	  {"list", 0, 1},	{"text", 0, 0},
		{"calculate", 1, 2}, {"hex", 0, 1},	  {"unhex", 0, 0},	{"unhexlify", 0, 0},
		{"truncate", 1, 1},  {"lenumber", 0, 0},  {"benumber", 0, 0},	{"lower", 0, 0},
		{"upper", 0, 0},     {"reverse", 0, 0},	  {"concat", 1, MANY},	{"username", 0, 0},
		{"domain", 0, 0},    {"index", 2, 2},	  {"ldap_dn", 0, 0},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(filters) / sizeof(filters[0]); i++) {
		if (filters[i].min > 1) /* "()" is no list of parameters */
			refuse_count(filters[i].name, filters[i].min - 1, filters[i].min,
				     filters[i].max);
		if (filters[i].max != MANY)
			refuse_count(filters[i].name, filters[i].max + 1, filters[i].min,
				     filters[i].max);
	}
}

static void check_version(const char *version, const char *text, const char *expected)
{
	const struct template_env env = {.dovecot_version = version, .strict = true};
	struct template *template = compile_ok(text, TEMPLATE_V24, &env);
	struct login login = make_login(U1);
	struct error error;
	struct buf out;

	buf_init(&out, 1000);
	assert_int_equal(template_expand(template, &login, NULL, &out, NULL, 0, NULL, &error),
			 expected ? 0 : -EINVAL);
	assert_string_equal(buf_str(&out), expected ? expected : "");
	buf_release(&out);
	template_free(&template);
}

/* A number in so many hex digits, behind zeros or before them. */
static void check_padding(const char *version, int width, bool works)
{
	char text[64], expected[300];
	size_t count = (size_t)(width < 0 ? -width : width);

	(void)snprintf(text, sizeof(text), "%%{local_port | hex(%d)}", width);
	memset(expected, '0', count);
	expected[count] = '\0';
	memcpy(width < 0 ? expected : expected + count - 3, "3e1", 3); /* 993 */
	check_version(version, text, works ? expected : NULL);
}

static void releases_differ(void **state)
{
	(void)state;
	check_version("2.4.1", "%{user | regexp('1', '-')}", "-");
	check_version("2.4.2", "%{user | regexp('1', '-')}", "u-@example.com");
	check_version("2.4.2", "%{user | md5 | substr(99)}", "");
	check_version("2.4.3", "%{user | md5 | substr(99)}", NULL);
	check_version("2.4.3", "%{local_port / -1}", "-993");
	check_version("2.4.4", "%{local_port / -1}", NULL);
	check_padding("2.4.2", 257, true);
	check_padding("2.4.3", 256, true);
	check_padding("2.4.3", 257, false);
	check_padding("2.4.2", -257, true);
	check_padding("2.4.3", -256, true);
	check_padding("2.4.3", -257, false);
}

static void username_and_domain_keep_their_names(void **state)
{
	struct template *template =
		compile_ok("%{user | username}/%{user | domain | upper}", TEMPLATE_V24, NULL);
	struct login login = make_login(U1);
	struct key_part parts[2];
	struct buf out;
	size_t count = 0;

	(void)state;
	buf_init(&out, 200);
	assert_string_equal(template_variables(template)[0], "user");
	assert_string_equal(template_variables(template)[1], "username");
	assert_int_equal(template_expand(template, &login, NULL, &out, parts, 2, &count, NULL), 0);
	assert_string_equal(buf_str(&out), "u1/EXAMPLE.COM");
	assert_string_equal(parts[0].variable, "username");
	assert_string_equal(parts[1].variable, "");
	buf_release(&out);
	template_free(&template);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(text_filters),
		cmocka_unit_test(hashes_and_codes),
		cmocka_unit_test(a_key_ends_at_a_nul),
		cmocka_unit_test(arithmetic),
		cmocka_unit_test(choices),
		cmocka_unit_test(literals_and_quotes),
		cmocka_unit_test(bad_programs_are_refused),
		cmocka_unit_test(a_login_that_does_not_fit_is_an_error),
		cmocka_unit_test(numbers_of_64_bits),
		cmocka_unit_test(each_filter_takes_so_many_parameters),
		cmocka_unit_test(releases_differ),
		cmocka_unit_test(username_and_domain_keep_their_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
