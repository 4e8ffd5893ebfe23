/* SPDX-License-Identifier: MIT */
#include <arpa/inet.h>

#include "conf/last_login/last_login.h"
#include "conf_test.h"

struct fixture {
	struct conf_section *root;
	struct last_login_conf conf;
};

static struct fixture setup_with(const char *text, const struct last_login_options *options)
{
	struct fixture f = {.root = parse(text, 0)};
	struct conf_section *const roots[] = {f.root, NULL};
	struct error error = {0};

	if (last_login_read(roots, options, &f.conf, &error) < 0)
		fail_msg("%s", error.text);
	return f;
}

static struct fixture setup(const char *text)
{
	return setup_with(text, &(struct last_login_options){0});
}

static void read_fails(const char *text, const char *expected)
{
	struct conf_section *root = parse(text, 0);
	struct conf_section *const roots[] = {root, NULL};
	struct last_login_conf conf = {0};
	struct error error = {0};

	assert_int_equal(last_login_read(roots, &(struct last_login_options){0}, &conf, &error),
			 -EINVAL);
	assert_string_equal(error.text, expected);
	assert_null(conf.targets);
	conf_free(&root);
}

static const struct last_login_target *match_at(const struct fixture *f, const char *service,
						const char *remote, const char *local,
						const char *local_name)
{
	struct conf_peer peer = {slice_str(service), slice_str(local_name), {0}, {0}};
	struct conf_net net;

	if (remote && conf_net_parse(remote, &net))
		peer.remote = net.ip;
	if (local && conf_net_parse(local, &net))
		peer.local = net.ip;
	return last_login_match(&f->conf, &peer);
}

static const struct last_login_target *match(const struct fixture *f, const char *service)
{
	return match_at(f, service, "192.0.2.1", NULL, NULL);
}

static void plain_plugin_block_means_imap_and_pop3(void **state)
{
	struct fixture f = setup("plugin {\n"
				 "  last_login_dict = redis:host=127.0.0.1\n"
				 "  last_login_precision = ms\n"
				 "}\n");
	const struct last_login_target *target = match(&f, "imap");

	(void)state;
	assert_int_equal(f.conf.target_count, 1);
	assert_string_equal(target->services, "imap, pop3");
	assert_ptr_equal(target, match(&f, "pop3"));
	assert_null(match(&f, "lmtp"));
	assert_string_equal(target->dict->uri, "redis:host=127.0.0.1");
	assert_int_equal(target->dict->pos.line, 2);
	assert_string_equal(target->key->text, "last-login/%{user}");
	assert_string_equal(target->key->pos.file, "default");
	assert_string_equal(target->precision->text, "ms");
	conf_free(&f.root);
}

/* The document's first example: 2.4 lists of plugins around a 2.3 plugin block. */
static void both_syntaxes_mix(void **state)
{
	struct fixture f = setup("protocol imap {\n"
				 "  mail_plugins {\n"
				 "    last_login = yes\n"
				 "  }\n"
				 "}\n"
				 "protocol lmtp {\n"
				 "  mail_plugins = $mail_plugins last_login\n"
				 "}\n"
				 "plugin {\n"
				 "  last_login_dict = redis:host=127.0.0.1:port=6379\n"
				 "  last_login_key = last-login/%u\n"
				 "}\n");

	(void)state;
	assert_non_null(match(&f, "imap"));
	assert_non_null(match(&f, "lmtp"));
	assert_null(match(&f, "pop3"));
	assert_false(match(&f, "imap")->v24);
	conf_free(&f.root);
}

static void global_plugin_records_every_service(void **state)
{
	struct fixture f = setup("mail_plugins = acl last_login\n"
				 "protocol doveadm {\n"
				 "  mail_plugins = acl\n"
				 "}\n"
				 "plugin {\n"
				 "  last_login_dict = file:/tmp/x\n"
				 "}\n");

	(void)state;
	assert_non_null(match(&f, "quota-status"));
	assert_string_equal(match(&f, "imap")->services, "imap, pop3, *");
	assert_null(match(&f, "doveadm"));
	conf_free(&f.root);
}

/* As doveconf of 2.3.19.1 says: imap has "acl imap_acl notify", pop3 "acl last_login notify". */
static void a_block_that_comes_again_goes_on_with_the_first(void **state)
{
	struct fixture f = setup("mail_plugins = acl\n"
				 "protocol imap {\n"
				 "  mail_plugins = $mail_plugins imap_acl\n"
				 "}\n"
				 "mail_plugins = $mail_plugins last_login\n"
				 "protocol imap {\n"
				 "  mail_plugins = $mail_plugins notify\n"
				 "}\n"
				 "protocol pop3 {\n"
				 "  mail_plugins = $mail_plugins notify\n"
				 "}\n"
				 "plugin {\n"
				 "  last_login_dict = file:/tmp/x\n"
				 "}\n");

	(void)state;
	assert_null(match(&f, "imap"));
	assert_non_null(match(&f, "pop3"));
	conf_free(&f.root);
}

static void version_24_blocks_are_read(void **state)
{
	struct fixture f = setup("dovecot_config_version = 2.4.1\n"
				 "mail_plugins {\n"
				 "  last_login = yes\n"
				 "}\n"
				 "last_login {\n"
				 "  dict redis {\n"
				 "    redis_host = ::1\n"
				 "  }\n"
				 "  key = last-login/%{service}/%{user}\n"
				 "  last_login_precision = us\n"
				 "}\n"
				 "protocol pop3 {\n"
				 "  last_login {\n"
				 "    key = pop/%{user}\n"
				 "  }\n"
				 "  last_login_precision = s\n"
				 "}\n");
	const struct last_login_target *imap = match(&f, "imap"), *pop3 = match(&f, "pop3");

	(void)state;
	assert_string_equal(imap->dict->block->name, "redis");
	assert_string_equal(imap->key->text, "last-login/%{service}/%{user}");
	assert_true(imap->v24);
	assert_string_equal(pop3->key->text, "pop/%{user}");
	assert_ptr_equal(pop3->dict, imap->dict);
	/* inside and outside of last_login { } is the same; the narrower block wins */
	assert_string_equal(pop3->precision->text, "s");
	conf_free(&f.root);
}

static void narrower_blocks_win(void **state)
{
	struct fixture f = setup("plugin {\n"
				 "  last_login_dict = file:/a\n"
				 "  last_login_key = top\n"
				 "}\n"
				 "remote 192.0.2.0/24 {\n"
				 "  plugin {\n"
				 "    last_login_key = net\n"
				 "  }\n"
				 "}\n"
				 "remote 192.0.2.7 {\n"
				 "  plugin {\n"
				 "    last_login_key = host\n"
				 "  }\n"
				 "  protocol pop3 {\n"
				 "    plugin/last_login_key = host-pop3\n"
				 "  }\n"
				 "}\n"
				 "protocol imap {\n"
				 "  plugin {\n"
				 "    last_login_key = imap\n"
				 "  }\n"
				 "}\n"
				 "local 2001:db8::/33 {\n"
				 "  local_name *.example.com {\n"
				 "    plugin {\n"
				 "      last_login_key = named\n"
				 "    }\n"
				 "  }\n"
				 "}\n");

	(void)state;
	assert_string_equal(match_at(&f, "imap", "198.51.100.1", NULL, NULL)->key->text, "imap");
	assert_string_equal(match_at(&f, "imap", "192.0.2.1", NULL, NULL)->key->text, "net");
	assert_string_equal(match_at(&f, "imap", "::ffff:192.0.2.7", NULL, NULL)->key->text,
			    "host");
	assert_string_equal(match_at(&f, "pop3", "192.0.2.7", NULL, NULL)->key->text, "host-pop3");
	assert_string_equal(match_at(&f, "pop3", NULL, NULL, NULL)->key->text, "top");
	assert_string_equal(
		match_at(&f, "imap", NULL, "2001:db8::1", "IMAP.example.com")->key->text, "named");
	assert_string_equal(
		match_at(&f, "imap", NULL, "2001:db8:8000::1", "imap.example.com")->key->text,
		"imap");
	conf_free(&f.root);
}

/* As doveconf 2.4.1 orders its filters: by their place, not by what they ask for. */
static void in_version_24_the_later_block_wins(void **state)
{
	struct fixture f = setup("dovecot_config_version = 2.4.1\n"
				 "remote 192.0.2.1 {\n"
				 "  last_login_key = host\n"
				 "}\n"
				 "protocol imap {\n"
				 "  last_login_key = imap\n"
				 "}\n"
				 "last_login_key = top\n");

	(void)state;
	assert_string_equal(match(&f, "imap")->key->text, "imap");
	assert_string_equal(match(&f, "pop3")->key->text, "host");
	assert_string_equal(match_at(&f, "pop3", NULL, NULL, NULL)->key->text, "top");
	conf_free(&f.root);
}

static const char *setting(const struct conf_section *block, const char *name)
{
	return conf_setting_value(block, name, "(unset)");
}

/* A repeated block keeps its first place, so the one between is later. */
static void in_version_24_a_block_given_again_is_no_later(void **state)
{
	struct fixture f = setup("dovecot_config_version = 2.4.1\n"
				 "protocol imap {\n last_login_precision = ms\n}\n"
				 "remote 192.0.2.1 {\n last_login_key = k2\n}\n"
				 "protocol imap {\n last_login_key = k3\n}\n");

	(void)state;
	assert_string_equal(match(&f, "imap")->key->text, "k2");
	assert_string_equal(match_at(&f, "imap", NULL, NULL, NULL)->key->text, "k3");
	conf_free(&f.root);
}

/* Every setting of a dict comes from the last block around the login that has it. */
static void settings_of_a_dict_are_inherited(void **state)
{
	struct fixture f =
		setup("dovecot_config_version = 2.4.1\n"
		      "redis_port = 1\n"
		      "redis_db_id = 2\n"
		      "redis_key_prefix = top/\n"
		      "mysql_port = 3\n"
		      "last_login {\n"
		      "  redis_db_id = 4\n"
		      "  dict redis {\n    redis_host = a\n  }\n"
		      "  dict redis {\n    redis_password = p\n  }\n"
		      "}\n"
		      "protocol imap {\n  redis_key_prefix = imap/\n  redis_db_id = 5\n}\n"
		      "quota {\n  redis_port = 6\n}\n"
		      "dict_server {\n  redis_port = 7\n"
		      "  dict other {\n    redis_port = 8\n  }\n}\n");
	const struct conf_section *imap = match(&f, "imap")->dict->block;
	const struct conf_section *pop3 = match(&f, "pop3")->dict->block;

	(void)state;
	assert_string_equal(setting(imap, "redis_host"), "a");
	assert_string_equal(setting(imap, "redis_password"), "p");
	assert_string_equal(setting(imap, "redis_port"), "1");
	assert_string_equal(setting(imap, "redis_db_id"), "4"); /* last_login { } is narrower */
	assert_string_equal(setting(imap, "redis_key_prefix"), "imap/");
	assert_string_equal(setting(imap, "mysql_port"), "(unset)");
	assert_string_equal(setting(pop3, "redis_key_prefix"), "top/");
	assert_string_equal(match(&f, "imap")->services, "imap");
	conf_free(&f.root);
}

static void a_dict_behind_the_server_inherits_too(void **state)
{
	struct fixture f = setup("dovecot_config_version = 2.4.1\n"
				 "sql_driver = mysql\n"
				 "mysql db1 {\n  port = 1\n  password = secret\n}\n"
				 "mysql db2 {\n  host = /run/m\n}\n"
				 "dict_server {\n"
				 "  mysql_user = u\n"
				 "  dict sql {\n"
				 "    dict_map shared/x/$user {\n"
				 "      sql_table = t\n"
				 "      value_field v {\n        type = uint\n      }\n"
				 "      key_field k {\n        value = $user\n      }\n"
				 "    }\n"
				 "  }\n"
				 "}\n"
				 "protocol imap {\n  sql_driver = pgsql\n}\n"
				 "last_login {\n  dict proxy {\n    name = sql\n  }\n}\n");
	const struct conf_section *block = match(&f, "imap")->dict->backend_block;
	const struct conf_section *db1 = conf_section_find(block, "mysql", "db1");
	const struct conf_section *db2 = conf_section_find(block, "mysql", "db2");
	const struct conf_section *map = conf_section_find(block, "dict_map", "shared/x/$user");

	(void)state;
	assert_string_equal(setting(block, "sql_driver"), "mysql"); /* no login's process */
	assert_string_equal(setting(db1, "mysql_port"), "1");
	assert_string_equal(setting(db1, "mysql_user"), "u");
	assert_string_equal(setting(db2, "mysql_host"), "/run/m");
	assert_string_equal(setting(map, "dict_map_sql_table"), "t");
	assert_string_equal(setting(conf_section_find(map, "dict_map_value_field", "v"),
				    "dict_map_value_field_type"),
			    "uint");
	conf_free(&f.root);
}

static void groups_are_resolved(void **state)
{
	struct fixture f = setup("dovecot_config_version = 2.4.1\n"
				 "group @stores main {\n  redis_port = 1\n  redis_db_id = 2\n}\n"
				 "redis_db_id = 3\n"
				 "last_login {\n"
				 "  dict redis {\n    redis_port = 4\n    @stores = main\n  }\n"
				 "}\n");
	const struct conf_section *block = match(&f, "imap")->dict->block;

	(void)state;
	assert_string_equal(setting(block, "redis_port"), "4");
	assert_string_equal(setting(block, "redis_db_id"), "2");
	conf_free(&f.root);
}

/* Three settings in each of 200 networks came to more combinations than there was room for. */
static void many_networks_are_as_many_combinations(void **state)
{
	struct conf_section *root;
	struct fixture f = {0};
	struct error error = {0};
	struct buf text;

	(void)state;
	buf_init(&text, 1 << 20);
	for (int i = 0; i < 200; i++)
		buf_appendf(
			&text,
			"remote 10.0.%d.0/24 {\n  plugin {\n    last_login_key = k%d\n"
			"    last_login_precision = ms\n    last_login_dict = file:/%d\n  }\n}\n",
			i, i, i);
	buf_append_str(&text, "plugin {\n  last_login_dict = file:/x\n}\n");
	root = parse(buf_str(&text), 0);
	if (last_login_read((struct conf_section *[]){root, NULL}, &(struct last_login_options){0},
			    &f.conf, &error) < 0)
		fail_msg("%s", error.text);
	assert_int_equal(f.conf.target_count, 201);
	assert_string_equal(match_at(&f, "imap", "10.0.7.1", NULL, NULL)->key->text, "k7");
	assert_string_equal(match_at(&f, "pop3", "10.0.199.1", NULL, NULL)->dict->uri, "file:/199");
	assert_string_equal(match_at(&f, "pop3", "10.1.0.1", NULL, NULL)->dict->uri, "file:/x");
	buf_release(&text);
	conf_free(&root);
}

static void proxy_names_are_resolved(void **state)
{
	struct fixture f = setup("plugin {\n"
				 "  last_login_dict = proxy:idle_msecs=5:dict-async:sql\n"
				 "}\n"
				 "dict {\n"
				 "  sql = mysql:/etc/dovecot/dovecot-dict-sql.conf.ext\n"
				 "}\n");
	const struct last_login_dict *dict = match(&f, "imap")->dict;

	(void)state;
	assert_string_equal(dict->uri, "proxy:idle_msecs=5:dict-async:sql");
	assert_string_equal(dict->proxy_name, "sql");
	assert_string_equal(dict->backend_uri, "mysql:/etc/dovecot/dovecot-dict-sql.conf.ext");
	assert_int_equal(dict->backend_pos.line, 5);
	conf_free(&f.root);

	f = setup("last_login {\n"
		  "  dict proxy {\n"
		  "    name = cass\n"
		  "  }\n"
		  "}\n"
		  "dict_server {\n"
		  "  dict cass {\n"
		  "    driver = sql\n"
		  "  }\n"
		  "}\n");
	dict = match(&f, "imap")->dict;
	assert_string_equal(dict->proxy_name, "cass");
	assert_int_equal(dict->backend_block->pos.line, 7);
	conf_free(&f.root);
}

static void without_any_dict_the_embedded_one_is_meant(void **state)
{
	struct fixture f = setup("");

	(void)state;
	assert_null(match(&f, "imap")->dict);
	conf_free(&f.root);

	f = setup("protocol imap {\n plugin {\n last_login_dict = file:/x\n }\n}\n");
	assert_non_null(match(&f, "imap")->dict);
	assert_null(match(&f, "pop3"));
	conf_free(&f.root);
}

/* A server's file has much that is none of our business, right or wrong. */
static void blocks_for_other_things_are_passed_over(void **state)
{
	struct fixture f = setup("remote mail.example.com {\n"
				 "  ssl = no\n"
				 "  plugin {\n"
				 "    quota = x\n"
				 "  }\n"
				 "}\n"
				 "dict {\n"
				 "  quota = broken\n"
				 "}\n"
				 "plugin {\n"
				 "  last_login_dict = file:/x\n"
				 "}\n");

	(void)state;
	assert_non_null(match(&f, "imap"));
	conf_free(&f.root);
}

static void chosen_services_override_the_blocks(void **state)
{
	const char *const services[] = {"lmtp", NULL};
	struct fixture f = setup_with("protocol imap {\n mail_plugins = last_login\n}\n",
				      &(struct last_login_options){.services = services});

	(void)state;
	assert_non_null(match(&f, "lmtp"));
	assert_null(match(&f, "imap"));
	conf_free(&f.root);
}

static void a_later_tree_wins_over_every_block_of_the_earlier(void **state)
{
	struct conf_section *server = parse("protocol imap {\n"
					    "  mail_plugins = last_login\n"
					    "  plugin {\n"
					    "    last_login_dict = file:/server\n"
					    "    last_login_key = server\n"
					    "  }\n"
					    "}\n"
					    "dict {\n"
					    "  sql = sqlite:/map\n"
					    "}\n",
					    0);
	struct conf_section *own = parse("plugin {\n  last_login_dict = proxy::sql\n}\n", 0);
	struct conf_section *const roots[] = {server, own, NULL};
	const struct last_login_options options = {0};
	struct fixture f = {0};
	struct error error;

	(void)state;
	assert_int_equal(last_login_read(roots, &options, &f.conf, &error), 0);
	assert_string_equal(match(&f, "imap")->dict->backend_uri, "sqlite:/map");
	assert_string_equal(match(&f, "imap")->key->text, "server");
	assert_null(match(&f, "pop3"));
	conf_free(&own);
	conf_free(&server);
}

static void the_source_is_what_the_plugin_does_unless_said(void **state)
{
	struct fixture f = setup("plugin {\n"
				 "  last_login_source = any\n"
				 "}\n"
				 "protocol pop3 {\n"
				 "  last_login_source = proxy\n"
				 "}\n"
				 "remote 10.0.0.0/8 {\n"
				 "  last_login_source = mail_user\n"
				 "}\n");
	struct fixture none = setup("");

	(void)state;
	assert_int_equal(last_login_source(match(&none, "imap")), LAST_LOGIN_MAIL_USER);
	assert_int_equal(last_login_source(match(&f, "imap")), LAST_LOGIN_ANY);
	assert_int_equal(last_login_source(match(&f, "pop3")), LAST_LOGIN_PROXY);
	assert_int_equal(last_login_source(match_at(&f, "imap", "10.1.2.3", NULL, NULL)),
			 LAST_LOGIN_MAIL_USER);
	conf_free(&none.root);
	conf_free(&f.root);
}

static void a_source_in_a_protocol_block_has_that_service_recorded(void **state)
{
	struct fixture f = setup("protocol smtp {\n"
				 "  last_login_source = auth\n"
				 "}\n"
				 "protocol !pop3 {\n"
				 "  last_login_source = any\n"
				 "}\n");

	(void)state;
	assert_true(match(&f, "smtp")->logins);
	/* As of all such blocks the one opened first. */
	assert_int_equal(last_login_source(match(&f, "smtp")), LAST_LOGIN_AUTH);
	assert_true(match(&f, "imap")->logins); /* as before */
	assert_true(match(&f, "pop3")->logins);
	assert_null(match(&f, "lmtp"));
	conf_free(&f.root);
}

static void the_chosen_services_are_all_there_are(void **state)
{
	static const char *const services[] = {"imap", NULL};
	struct fixture f = setup_with("last_failure_key = f/%{user}\n"
				      "protocol smtp {\n"
				      "  last_login_source = auth\n"
				      "}\n",
				      &(struct last_login_options){.services = services});

	(void)state;
	assert_non_null(match(&f, "imap")->failure_key);
	assert_null(match(&f, "smtp"));
	assert_null(match(&f, "pop3"));
	conf_free(&f.root);
}

static void failures_of_every_service_are_recorded_where_the_key_stands(void **state)
{
	struct fixture f = setup("plugin {\n"
				 "  last_failure_key = last-failure/%u\n"
				 "}\n"
				 "protocol imap {\n"
				 "  last_auth_key = last-auth/%{user}\n"
				 "}\n"
				 "protocol pop3 {\n"
				 "  last_failure_key =\n"
				 "}\n");

	(void)state;
	assert_string_equal(match(&f, "smtp")->failure_key->text, "last-failure/%u");
	assert_false(match(&f, "smtp")->logins);
	assert_null(match(&f, "smtp")->auth_key);
	assert_true(match(&f, "imap")->logins);
	assert_string_equal(match(&f, "imap")->auth_key->text, "last-auth/%{user}");
	assert_false(last_login_speaks_v24(&f.conf, match(&f, "imap")->failure_key));
	assert_true(last_login_speaks_v24(&f.conf, match(&f, "imap")->auth_key));
	assert_null(match(&f, "pop3")->failure_key);
	conf_free(&f.root);
}

static void errors_name_the_place_and_the_remedy(void **state)
{
	(void)state;
	read_fails("plugin {\n last_login_dict = redis\n}\n",
		   "t.conf:2: last_login_dict: \"redis\" has no \":\"; driver:options such as "
		   "redis:host=127.0.0.1 would be right");
	read_fails("plugin {\n last_login_precision = MS\n}\n",
		   "t.conf:2: last_login_precision: \"MS\" is unknown; s, ms, us or ns would be "
		   "right");
	read_fails(
		"protocol imap {\n last_login_source = login\n}\n",
		"t.conf:2: last_login_source: \"login\" is unknown; mail_user, auth, proxy or any "
		"would be right");
	read_fails("last_login {\n dict redis {\n }\n dict file {\n }\n}\n",
		   "t.conf:4: dict file beside dict redis at line 2: last_login writes to one "
		   "dict only; remove one of them");
	read_fails("remote mail.example.com {\n mail_plugins = last_login\n}\n",
		   "t.conf:1: \"mail.example.com\" is no network; an address with or without /bits "
		   "would be right, host names are not looked up");
	read_fails("protocol imap {\n protocol pop3 {\n last_login_key = x\n }\n}\n",
		   "t.conf:2: protocol blocks cannot be nested; close the outer one first");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(plain_plugin_block_means_imap_and_pop3),
		cmocka_unit_test(both_syntaxes_mix),
		cmocka_unit_test(global_plugin_records_every_service),
		cmocka_unit_test(a_block_that_comes_again_goes_on_with_the_first),
		cmocka_unit_test(version_24_blocks_are_read),
		cmocka_unit_test(narrower_blocks_win),
		cmocka_unit_test(in_version_24_the_later_block_wins),
		cmocka_unit_test(in_version_24_a_block_given_again_is_no_later),
		cmocka_unit_test(settings_of_a_dict_are_inherited),
		cmocka_unit_test(a_dict_behind_the_server_inherits_too),
		cmocka_unit_test(groups_are_resolved),
		cmocka_unit_test(many_networks_are_as_many_combinations),
		cmocka_unit_test(proxy_names_are_resolved),
		cmocka_unit_test(without_any_dict_the_embedded_one_is_meant),
		cmocka_unit_test(blocks_for_other_things_are_passed_over),
		cmocka_unit_test(chosen_services_override_the_blocks),
		cmocka_unit_test(a_later_tree_wins_over_every_block_of_the_earlier),
		cmocka_unit_test(the_source_is_what_the_plugin_does_unless_said),
		cmocka_unit_test(a_source_in_a_protocol_block_has_that_service_recorded),
		cmocka_unit_test(the_chosen_services_are_all_there_are),
		cmocka_unit_test(failures_of_every_service_are_recorded_where_the_key_stands),
		cmocka_unit_test(errors_name_the_place_and_the_remedy),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
