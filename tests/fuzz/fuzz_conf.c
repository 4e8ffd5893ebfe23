/* SPDX-License-Identifier: MIT */
/* Any bytes through the configuration parser, and what it accepts through all that reads trees. */
#include "conf/dovetap.h"
#include "conf/last_login.h"
#include "conf/parse.h"

#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

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
	if (size > 0 && !memchr(data, '<', size)) /* "<file" would be read */
		read_tree(root);
	conf_free(&root);
	return 0;
}
