/* SPDX-License-Identifier: MIT */
/* A tree from text in one line, and errors word for word. */
#ifndef DOVETAP_CONF_TEST_H
#define DOVETAP_CONF_TEST_H

#include "../cmocka_all.h"
#include "conf/parse.h"

static inline struct conf_section *parse(const char *text, unsigned int flags)
{
	struct conf_section *root = NULL;
	struct error error = {0};

	if (conf_parse_text(slice_str(text), "t.conf", flags, &root, &error) < 0)
		fail_msg("%s", error.text);
	return root;
}

static inline void parse_fails(const char *text, const char *expected)
{
	struct conf_section *root = NULL;
	struct error error = {0};

	assert_true(conf_parse_text(slice_str(text), "t.conf", 0, &root, &error) < 0);
	assert_null(root);
	assert_string_equal(error.text, expected);
}

#endif
