/* SPDX-License-Identifier: MIT */
/* Any bytes through the configuration parser, and what it accepts through all that reads trees. */
#include <stdint.h>

#include "conf/dovetap.h"
#include "conf/last_login/last_login.h"
#include "conf/parse.h"
#include "conf/print.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What is printed must parse, and then print the same. */
static void print_tree(struct conf_section *root)
{
	struct conf_section *again = NULL;
	struct buf first, second;
	struct error error;

	buf_init(&first, 4 << 20);
	buf_init(&second, 4 << 20);
	conf_print_section(&first, 0, 0, root->sections);
	if (first.failed == 0) {
		if (conf_parse_text(buf_slice(&first), "again", CONF_PARSE_MAP, &again, &error) < 0)
			__builtin_trap();
		conf_print_section(&second, 0, 0, again->sections);
		if (!slice_equal(buf_slice(&first), buf_slice(&second)))
			__builtin_trap();
		conf_print_section(&second, 0, CONF_PRINT_MASK, again->sections);
		conf_free(&again);
	}
	buf_release(&second);
	buf_release(&first);
}

static void read_tree(struct conf_section *root)
{
	const struct last_login_options options = {0};
	struct conf_section *const roots[] = {root, NULL};
	struct conf_peer peer = {.service = {"imap", 4}};
	struct dovetap_settings settings;
	struct last_login_conf conf;
	struct error error;

	(void)dovetap_conf_check(root, &error);
	(void)dovetap_settings_read((const struct conf_section *const *)roots, &settings, &error);
	if (last_login_read(roots, &options, &conf, &error) == 0)
		(void)last_login_match(&conf, &peer);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice text = {(const char *)data, size};
	struct conf_section *root = NULL;
	struct error error;

	if (conf_parse_text(text, "fuzz", size % 2 ? CONF_PARSE_MAP : 0, &root, &error) < 0)
		return 0;
	if (size > 0 && !memchr(data, '<', size)) { /* "<file" would be read */
		read_tree(root);
		if (root->sections)
			print_tree(root);
	}
	conf_free(&root);
	return 0;
}
