/* SPDX-License-Identifier: MIT */
#include "login/enrich.h"
#include "login/geo.h"
#include "pipeline/deliver.h"
#include "pipeline_case.h"

enum { LOGINS, AUTHS, FAILURES, ROWS, ROUTES };

struct world {
	struct sink store, mirror;
	struct writer *writers[2];
	struct deliver_route routes[ROUTES];
	struct deliver_field fields[2];
	struct deliver_config config;
	struct deliver *deliver;
	bool accept_none, history;
};

static int match(const struct login_event *event, enum deliver_purpose purpose, void *context)
{
	const struct world *world = context;
	static const enum login_event_kind kinds[] = {
		[DELIVER_LOGIN] = LOGIN_EVENT_LOGIN,
		[DELIVER_AUTH] = LOGIN_EVENT_AUTH,
		[DELIVER_FAILURE] = LOGIN_EVENT_FAILURE,
		[DELIVER_HISTORY] = LOGIN_EVENT_LOGIN,
		[DELIVER_FAILURE_HISTORY] = LOGIN_EVENT_KINDS,
	};

	if (purpose == DELIVER_HISTORY && !world->history)
		return -1;
	if (world->accept_none || event->kind != kinds[purpose])
		return -1;
	return (int)purpose;
}

static int setup(void **state)
{
	struct world *world = calloc(1, sizeof(*world));
	static const char *const keys[ROUTES] = {"l/%{user}", "a/%{user}", "f/%{user}",
						 "h/%{user}"};

	sink_open(&world->store);
	sink_open(&world->mirror);
	world->writers[0] = world->store.writer;
	world->writers[1] = world->mirror.writer;
	for (size_t i = 0; i < ROUTES; i++)
		world->routes[i] = (struct deliver_route){.key = template_of(keys[i]),
							  .writer = world->store.writer};
	world->routes[LOGINS].also = true;
	world->config = (struct deliver_config){
		.routes = world->routes,
		.route_count = ROUTES,
		.writers = world->writers,
		.writer_count = 2,
		.mirror_count = 1,
		.mask = ip_mask_none,
		.match = match,
		.context = world,
	};
	*state = world;
	return 0;
}

static void start(struct world *world)
{
	struct error error;

	assert_int_equal(deliver_new(&world->config, &world->deliver, &error), 0);
}

static int teardown(void **state)
{
	struct world *world = *state;

	deliver_free(&world->deliver);
	assert_null(world->deliver);
	deliver_free(&world->deliver);
	for (size_t i = 0; i < ROUTES; i++)
		template_free(&world->routes[i].key);
	for (size_t i = 0; i < 2; i++) {
		template_free(&world->fields[i].key);
		template_free(&world->fields[i].value);
	}
	sink_close(&world->store);
	sink_close(&world->mirror);
	free(world);
	return 0;
}

static void drain(struct world *world)
{
	sink_drain(&world->store);
	sink_drain(&world->mirror);
}

static void set_key(struct world *world, size_t route, const char *text)
{
	template_free(&world->routes[route].key);
	world->routes[route].key = template_of(text);
}

/* "shared/" is Dovecot's word in front of each key; the value is in whole seconds by default. */
static void a_login_goes_to_its_dict_and_the_mirrors(void **state)
{
	struct world *world = *state;
	const struct login_event event = event_of(LOGIN_EVENT_LOGIN, "u@x");

	start(world);
	assert_int_equal(deliver_event(world->deliver, &event, 10), LOGINS);
	drain(world);
	assert_string_equal(sink_value(&world->store, "shared/l/u@x"), "1795338170");
	assert_string_equal(sink_value(&world->mirror, "shared/l/u@x"), "1795338170");
	assert_int_equal(world->store.fake.count, 1);
	assert_int_equal(deliver_stats(world->deliver)->logins, 1);
	assert_int_equal(deliver_stats(world->deliver)->unrouted, 0);
	assert_int_equal(deliver_stats(world->deliver)->due[DELIVER_LOGIN], 1);
	assert_int_equal(deliver_stats(world->deliver)->due[DELIVER_AUTH], 0);
	assert_int_equal(deliver_stats(world->deliver)->submitted, 1);
	assert_int_equal(writer_acked(world->store.writer), 10);
	assert_int_equal(writer_acked(world->mirror.writer), 10);
}

/* Each login has a row of its own; the record is what it would be without. */
static void a_login_is_a_row_of_the_history_too(void **state)
{
	struct world *world = *state;
	struct login_event event = event_of(LOGIN_EVENT_LOGIN, "u@x");

	world->history = true;
	world->routes[ROWS].history = true;
	start(world);
	assert_int_equal(deliver_event(world->deliver, &event, 10), LOGINS);
	event.login.boot_ns++;
	assert_int_equal(deliver_event(world->deliver, &event, 20), LOGINS);
	drain(world);
	assert_string_equal(sink_value(&world->store, "shared/l/u@x"), "1795338170");
	assert_int_equal(world->store.fake.count, 3);
	assert_int_equal(world->mirror.fake.count, 1);
	for (size_t i = 0; i < world->store.fake.count; i++) {
		const struct fake_record *record = &world->store.fake.records[i];

		if (strncmp(record->key, "shared/h/u@x/", 13) == 0)
			assert_int_equal(strncmp(record->value, "id=", 3), 0);
		else
			assert_string_equal(record->key, "shared/l/u@x");
	}
	assert_int_equal(deliver_stats(world->deliver)->due[DELIVER_HISTORY], 2);
	assert_int_equal(deliver_stats(world->deliver)->submitted, 4);
}

static void authentications_and_failures_are_no_logins(void **state)
{
	struct world *world = *state;
	const struct login_event auth = event_of(LOGIN_EVENT_AUTH, "u@x");
	const struct login_event failure = event_of(LOGIN_EVENT_FAILURE, "u@x");

	start(world);
	assert_int_equal(deliver_event(world->deliver, &auth, 10), -1);
	assert_int_equal(deliver_event(world->deliver, &failure, 20), -1);
	drain(world);
	assert_string_equal(sink_value(&world->store, "shared/a/u@x"), "1795338170");
	assert_string_equal(sink_value(&world->store, "shared/f/u@x"), "1795338170");
	assert_int_equal(world->mirror.fake.count, 0);
	assert_int_equal(deliver_stats(world->deliver)->logins, 0);
	assert_int_equal(deliver_stats(world->deliver)->unrouted, 0);
	assert_int_equal(deliver_stats(world->deliver)->due[DELIVER_AUTH], 1);
	assert_int_equal(deliver_stats(world->deliver)->due[DELIVER_FAILURE], 1);
	assert_int_equal(deliver_stats(world->deliver)->submitted, 2);
}

static void a_login_of_another_service_is_counted(void **state)
{
	struct world *world = *state;
	const struct login_event login = event_of(LOGIN_EVENT_LOGIN, "u@x");
	const struct login_event auth = event_of(LOGIN_EVENT_AUTH, "u@x");

	world->accept_none = true;
	start(world);
	assert_int_equal(deliver_event(world->deliver, &login, 10), -1);
	assert_int_equal(deliver_event(world->deliver, &auth, 20), -1);
	drain(world);
	assert_int_equal(world->store.fake.count, 0);
	assert_int_equal(deliver_stats(world->deliver)->unrouted, 1);
	assert_int_equal(deliver_stats(world->deliver)->logins, 0);
	assert_int_equal(deliver_stats(world->deliver)->submitted, 0);
}

static void the_precision_is_the_routes(void **state)
{
	static const struct {
		enum precision precision;
		const char *value;
	} cases[] = {
		{PRECISION_MS, "1795338170123"},
		{PRECISION_US, "1795338170123456"},
		{PRECISION_NS, "1795338170123456000"},
	};
	struct world *world = *state;

	start(world);
	for (size_t i = 0; i < 3; i++) {
		char user[8], key[32];
		struct login_event event;

		snprintf(user, sizeof(user), "u%zu", i);
		snprintf(key, sizeof(key), "shared/l/u%zu", i);
		event = event_of(LOGIN_EVENT_LOGIN, user);
		world->routes[LOGINS].precision = cases[i].precision;
		deliver_event(world->deliver, &event, 10 + i);
		drain(world);
		assert_string_equal(sink_value(&world->store, key), cases[i].value);
	}
}

static void fields_are_records_of_their_own(void **state)
{
	struct world *world = *state;
	const struct login_event event = event_of(LOGIN_EVENT_LOGIN, "u@x");

	world->fields[0] =
		(struct deliver_field){template_of("ip/%{user}"), template_of("%{remote_ip}")};
	world->fields[1] =
		(struct deliver_field){template_of("svc/%{user}"), template_of("by %{service}")};
	world->routes[LOGINS].fields = world->fields;
	world->routes[LOGINS].field_count = 2;
	start(world);
	assert_int_equal(deliver_event(world->deliver, &event, 10), LOGINS);
	drain(world);
	assert_string_equal(sink_value(&world->store, "shared/l/u@x"), "1795338170");
	assert_string_equal(sink_value(&world->store, "shared/ip/u@x"), "192.0.2.7");
	assert_string_equal(sink_value(&world->store, "shared/svc/u@x"), "by imap");
	assert_int_equal(world->mirror.fake.count, 1); /* the login alone */
	assert_int_equal(deliver_stats(world->deliver)->due[DELIVER_LOGIN], 3);
	assert_int_equal(deliver_stats(world->deliver)->submitted, 3);
	assert_int_equal(deliver_stats(world->deliver)->logins, 1);
}

/* --- what cannot be a key ------------------------------------------------------------------- */

static void expect_unexpandable(struct world *world, const struct login_event *event,
				unsigned int count, const char *words)
{
	const struct deliver_stats *stats = deliver_stats(world->deliver);

	assert_int_equal(deliver_event(world->deliver, event, 10), LOGINS);
	drain(world);
	assert_int_equal(stats->unexpandable, count);
	assert_int_equal(stats->submitted + stats->unexpandable, stats->due[DELIVER_LOGIN]);
	if (!strstr(stats->last_error.text, words))
		fail_msg("'%s'", stats->last_error.text);
}

static void a_login_without_a_key_is_counted_lost(void **state)
{
	struct world *world = *state;
	const struct login_event event = event_of(LOGIN_EVENT_LOGIN, "u@x");

	set_key(world, LOGINS, "%{home}");
	start(world);
	expect_unexpandable(world, &event, 1, "home");
	assert_int_equal(world->store.fake.count, 0);
	assert_int_equal(world->mirror.fake.count, 0);
}

static void a_field_without_key_or_value_is_counted_lost(void **state)
{
	struct world *world = *state;
	const struct login_event event = event_of(LOGIN_EVENT_LOGIN, "u@x");

	world->fields[0] = (struct deliver_field){template_of("h/%{home}"), template_of("x")};
	world->fields[1] = (struct deliver_field){template_of("x/%{user}"), template_of("%{home}")};
	world->routes[LOGINS].fields = world->fields;
	world->routes[LOGINS].field_count = 2;
	start(world);
	expect_unexpandable(world, &event, 2, "home");
	assert_int_equal(world->store.fake.count, 1);
}

/* 64 parts of a key are described to the stores; one more is an error of that login alone. */
static void a_key_may_have_64_variables(void **state)
{
	struct world *world = *state;
	const struct login_event event = event_of(LOGIN_EVENT_LOGIN, "u");
	char text[65 * 7 + 1] = "";

	for (int i = 0; i < 65; i++)
		memcpy(text + i * 7, "%{user}", 7);
	text[64 * 7] = '\0';
	set_key(world, LOGINS, text);
	start(world);
	assert_int_equal(deliver_event(world->deliver, &event, 10), LOGINS);
	assert_int_equal(deliver_stats(world->deliver)->unexpandable, 0);
	text[64 * 7] = '%';
	set_key(world, LOGINS, text);
	expect_unexpandable(world, &event, 1, "more than 64 variables");
}

static void a_key_may_have_64_kib(void **state)
{
	struct world *world = *state;
	struct login_event event = event_of(LOGIN_EVENT_LOGIN, "u");
	size_t longest = 65536 - strlen("shared/l/");
	char *name = calloc(1, 65537);

	memset(name, 'n', 65536);
	event.login.text[DOVETAP_FIELD_USERNAME] = (struct slice){name, longest};
	start(world);
	assert_int_equal(deliver_event(world->deliver, &event, 10), LOGINS);
	assert_int_equal(deliver_stats(world->deliver)->submitted, 1);
	event.login.text[DOVETAP_FIELD_USERNAME].len++;
	expect_unexpandable(world, &event, 1, "too long");
	/* The next one is none the worse for it. */
	event.login.text[DOVETAP_FIELD_USERNAME].len = 1;
	deliver_event(world->deliver, &event, 20);
	drain(world);
	assert_string_equal(sink_value(&world->store, "shared/l/n"), "1795338170");
	free(name);
}

/* --- what goes into keys -------------------------------------------------------------------- */

static void addresses_are_masked_in_keys_only(void **state)
{
	struct world *world = *state;
	const struct login_event event = event_of(LOGIN_EVENT_LOGIN, "u");

	world->config.mask.v4 = 24;
	set_key(world, LOGINS, "l/%{user}/%{remote_ip}");
	start(world);
	deliver_event(world->deliver, &event, 10);
	drain(world);
	assert_non_null(sink_value(&world->store, "shared/l/u/192.0.2.0"));
	assert_int_equal(event.login.remote_ip.bytes[3], 7); /* the event stays as it was */
}

#define PLACES "%{pod}/%{container}/%{pod_namespace}/%{pod_uid}/%{container_id}"

static void places_come_from_the_event_else_from_the_host(void **state)
{
	struct world *world = *state;
	struct login_event event = event_of(LOGIN_EVENT_LOGIN, "u");
	struct enrichment where = {0};
	const struct geo_place geo = {.country = "DE", .asn = "64496"};

	world->config.host = (struct template_host){
		.node = slice_str("n1"),
		.pod = slice_str("hp"),
		.container = slice_str("hc"),
		.pod_namespace = slice_str("hn"),
		.pod_uid = slice_str("hu"),
		.container_id = slice_str("hi"),
	};
	set_key(world, LOGINS, "%{node}/" PLACES);
	start(world);
	deliver_event(world->deliver, &event, 10);
	drain(world);
	assert_non_null(sink_value(&world->store, "shared/n1/hp/hc/hn/hu/hi"));
	event.where = &where; /* looked for, and not found */
	deliver_event(world->deliver, &event, 20);
	drain(world);
	assert_non_null(
		sink_value(&world->store, "shared/n1/unknown/unknown/unknown/unknown/unknown"));
	set_key(world, LOGINS, "%{country}/%{asn}/%{user}");
	event.geo = &geo;
	deliver_event(world->deliver, &event, 30);
	drain(world);
	assert_non_null(sink_value(&world->store, "shared/DE/64496/u"));
}

static void each_variable_has_its_own_fact(void **state)
{
	struct world *world = *state;
	struct login_event event = event_of(LOGIN_EVENT_LOGIN, "u");
	struct enrichment where = {0};

	snprintf(where.container.id, sizeof(where.container.id), "id1");
	snprintf(where.container.pod_uid, sizeof(where.container.pod_uid), "uid1");
	snprintf(where.names.pod, sizeof(where.names.pod), "pod1");
	snprintf(where.names.container, sizeof(where.names.container), "con1");
	snprintf(where.names.namespace, sizeof(where.names.namespace), "ns1");
	event.where = &where;
	set_key(world, LOGINS, PLACES);
	start(world);
	deliver_event(world->deliver, &event, 10);
	drain(world);
	assert_non_null(sink_value(&world->store, "shared/pod1/con1/ns1/uid1/id1"));
}

#define scenario(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		scenario(a_login_goes_to_its_dict_and_the_mirrors),
		scenario(a_login_is_a_row_of_the_history_too),
		scenario(authentications_and_failures_are_no_logins),
		scenario(a_login_of_another_service_is_counted),
		scenario(the_precision_is_the_routes),
		scenario(fields_are_records_of_their_own),
		scenario(a_login_without_a_key_is_counted_lost),
		scenario(a_field_without_key_or_value_is_counted_lost),
		scenario(a_key_may_have_64_variables),
		scenario(a_key_may_have_64_kib),
		scenario(addresses_are_masked_in_keys_only),
		scenario(places_come_from_the_event_else_from_the_host),
		scenario(each_variable_has_its_own_fact),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
