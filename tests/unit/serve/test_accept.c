/* SPDX-License-Identifier: MIT */
#include "../cmocka_all.h"
#include "serve/accept.h"

#define OM "application/openmetrics-text"

static void only_who_asks_gets_openmetrics(void **state)
{
	static const struct {
		bool want;
		const char *accept;
	} cases[] = {
		{false, NULL},
		{false, ""},
		{false, "*/*"},
		{false, "text/plain"},
		{false, "text/html, " OM "x"},
		{false, "x" OM},
		{true, OM},
		{true, "APPLICATION/OpenMetrics-Text"},
		{true, OM ";version=1.0.0"},
		{true, OM "; version=0.0.1"},
		{true, OM " ; charset=utf-8 ; version=\"1.0.0\" "},
		{false, OM ";version=2.0.0"},
		{false, OM ";version=1.0.00"},
		{false, OM ";version"},
		{true, OM ";version=2.0.0, " OM ";version=1.0.0"},
		{false, OM ";q=0"},
		{false, OM ";q=0.000"},
		{false, OM ";q=nan"},
		{false, OM ";q="},
		{false, OM ";q=-1"},
		{true, OM ";q=0.1"},
		{true, OM ";q=0.5, text/plain;q=0.5"},
		{true, "text/plain;q=0.4," OM ";q=0.5"},
		{false, "text/plain;q=0.6," OM ";q=0.5"},
		{false, "text/plain," OM ";q=0.5"},
		{true, "text/plain;q=0.1,,;;=," OM ",=;"},
		{false, ",;=;,;=q"},
		/* What Prometheus 2.42 and 3.0 send. */
		{true, OM ";version=1.0.0;q=0.75," OM
			  ";version=0.0.1;q=0.5,text/plain;version=0.0.4;q=0.25,*/*;q=0.1"},
		{true,
		 OM ";version=1.0.0;escaping=allow-utf-8;q=0.5," OM
		    ";version=0.0.1;q=0.4,text/plain;version=1.0.0;escaping=allow-utf-8;q=0.3,"
		    "text/plain;version=0.0.4;q=0.2,*/*;q=0.1"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		if (accept_openmetrics(cases[i].accept) != cases[i].want)
			fail_msg("%s", cases[i].accept ? cases[i].accept : "(none)");
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(only_who_asks_gets_openmetrics)};

	return cmocka_run_group_tests_name("accept", tests, NULL, NULL);
}
