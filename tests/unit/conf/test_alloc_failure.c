/* SPDX-License-Identifier: MIT */
/* Configurations are read, and looked at, without memory. */
#include "../alloc_failure.h"
#include "conf/dovetap.h"
#include "conf/last_login/last_login.h"
#include "conf/parse.h"

static char v23[] = "mail_plugins = $mail_plugins last_login\n"
		    "protocol imap {\n  mail_plugins = $mail_plugins imap_acl\n}\n"
		    "remote 192.0.2.0/24 {\n  protocol pop3 {\n    mail_plugins = x\n  }\n}\n"
		    "plugin {\n"
		    "  last_login_dict = redis:host=127.0.0.1:prefix=ll/\n"
		    "  last_login_key = last-login/%{service}/%u\n"
		    "  last_login_precision = ms\n"
		    "}\n"
		    "dovetap {\n  services = imap pop3\n  mirror_dicts = file:/a file:/b\n}\n";

static char v24[] = "dovecot_config_version = 2.4.1\n"
		    "protocol imap {\n  mail_plugins {\n    last_login = yes\n  }\n}\n"
		    "last_login {\n"
		    "  dict redis {\n    redis_host = 127.0.0.1\n  }\n"
		    "  key = \"%{user | lower}/%{service}\"\n"
		    "}\n";

static int read_all(void *context)
{
	struct conf_section *root = NULL;
	struct dovetap_settings settings;
	struct last_login_conf conf = {0};
	struct error error = {0};
	int ret = conf_parse_text(slice_str(context), "t.conf", 0, &root, &error);

	if (ret == 0) {
		struct conf_section *const roots[] = {root, NULL};
		const struct conf_section *const same[] = {root, NULL};

		ret = dovetap_settings_read(same, &settings, &error);
		if (ret == 0)
			ret = last_login_read(roots, &(struct last_login_options){0}, &conf,
					      &error);
	}
	if (ret == 0)
		assert_true(conf.target_count > 0);
	conf_free(&root);
	return ret;
}

static void configurations_are_read(void **state)
{
	(void)state;
	assert_true(each_failure(read_all, v23) > 2);
	assert_true(each_failure(read_all, v24) > 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(configurations_are_read)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
