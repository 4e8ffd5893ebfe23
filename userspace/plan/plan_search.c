/* SPDX-License-Identifier: MIT */
#include "plan/plan_search.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>

#include "base/clock.h"
#include "conf/arena.h"
#include "plan/plan_private.h"

#define TEXT_MAX (1U << 20)
#define PREFIX	 "shared/"

/* What %{service} can be in Dovecot and in what asks it for passwords, and %{protocol} where 2.4
 * has another word for that. */
static const struct {
	const char *service, *protocol;
} usual[] = {
	{"imap", "imap"},
	{"pop3", "pop3"},
	{"submission", "submission"},
	{"managesieve", "managesieve"},
	{"managesieve", "sieve"},
	{"lmtp", "lmtp"},
	{"lda", "lda"},
	{"doveadm", "doveadm"},
	{"smtp", "smtp"},
	{"quota-status", "quota-status"},
	{"indexer-worker", "indexer-worker"},
};

#define USUAL_COUNT (sizeof(usual) / sizeof(usual[0]))

struct asking {
	const struct plan *plan;
	const struct plan_route *route;
	const struct template *key; /* of the route, or of a field of it */
	const char *key_text;
	struct slice user;
	const char *service, *protocol;
	struct plan_search *search;
};

/* --- made-up logins --------------------------------------------------------------------------- */

/* Two of them that differ in everything which nobody knows. */
static struct login made_up(const struct asking *asking, struct slice user, unsigned int variant)
{
	static const struct login_ip addresses[] = {{AF_INET, {192, 0, 2, 1}},
						    {AF_INET6, {0x20, 1, 0xd, 0xb8, [15] = 0x77}}};
	static const char *const texts[] = {"x", "other.text@elsewhere"};
	struct login login = {
		.type = DOVETAP_EVENT_MAIL_USER,
		.time_ns = clock_wall_ns() + (int64_t)variant * 40000007 * NS_PER_SEC,
		.remote_ip = addresses[variant],
		.local_ip = addresses[variant],
		.remote_port = (uint16_t)(1 + variant * 4321),
		.local_port = (uint16_t)(1 + variant * 4321),
		.pid = 1 + variant * 4321,
		.uid = 1 + variant * 4321,
		.mail_uid = 1 + variant * 4321,
		.mail_gid = 1 + variant * 4321,
		.present =
			(DOVETAP_BIT(DOVETAP_TEXT_COUNT) - 1) |
			DOVETAP_BIT(DOVETAP_FIELD_REMOTE_IP) | DOVETAP_BIT(DOVETAP_FIELD_LOCAL_IP) |
			DOVETAP_BIT(DOVETAP_FIELD_REMOTE_PORT) |
			DOVETAP_BIT(DOVETAP_FIELD_LOCAL_PORT) | DOVETAP_BIT(DOVETAP_FIELD_MAIL_UID),
	};

	for (unsigned int i = 0; i < DOVETAP_TEXT_COUNT; i++)
		login.text[i] = slice_str(texts[variant]);
	login.text[DOVETAP_FIELD_USERNAME] = user;
	login.text[DOVETAP_FIELD_SERVICE] = slice_str(asking->service);
	login.text[DOVETAP_FIELD_PROTOCOL] = slice_str(asking->protocol);
	return login;
}

static struct template_host somewhere(unsigned int variant)
{
	const struct slice text = slice_str(variant == 0 ? "here" : "else.where");

	return (struct template_host){text, text, text, text, text, text, text, text, text};
}

/* A key as one such login would make it. */
struct expansion {
	struct buf text;
	struct key_part parts[DICT_KEY_PARTS_MAX];
	size_t part_count;
};

static int expand(const struct asking *asking, struct slice user, unsigned int variant,
		  struct expansion *out, struct error *error_r)
{
	const struct login login = made_up(asking, user, variant);
	const struct template_host host = somewhere(variant);

	buf_init(&out->text, TEXT_MAX);
	buf_append_str(&out->text, PREFIX);
	return template_expand(asking->key, &login, &host, &out->text, out->parts,
			       DICT_KEY_PARTS_MAX, &out->part_count, error_r);
}

static struct slice part_text(const struct expansion *expansion, size_t part)
{
	return (struct slice){buf_str(&expansion->text) + expansion->parts[part].offset,
			      expansion->parts[part].len};
}

/* --- what of a key is known ------------------------------------------------------------------- */

static bool is_one_of(const char *name, const char *const *names)
{
	while (*names && strcmp(*names, name) != 0)
		names++;
	return *names != NULL;
}

static const char *const of_user[] = {"user", "username", "domain", NULL};
static const char *const of_service[] = {"service", "protocol", NULL};

/* Has the template a variable that nobody knows? */
static bool has_unknown(const struct template *key)
{
	const char *const *name = template_variables(key);

	while (*name && (is_one_of(*name, of_user) || is_one_of(*name, of_service)))
		name++;
	return *name != NULL;
}

/* The three expansions: of the user, of the same one from elsewhere, of somebody else. */
enum { AS_ASKED, ELSEWHERE, SOMEBODY, EXPANSIONS };

/* Where functions changed the text, what moves it is what it comes from. */
static void judge_part(const struct expansion all[EXPANSIONS], size_t part, bool unknown,
		       struct dict_key *key)
{
	const char *variable = all[AS_ASKED].parts[part].variable;
	struct slice text = part_text(&all[AS_ASKED], part);
	bool moves = !slice_equal(text, part_text(&all[ELSEWHERE], part));
	bool by_user = !slice_equal(text, part_text(&all[SOMEBODY], part));
	bool named = is_one_of(variable, of_user);
	bool open = *variable || moves || (unknown && !by_user);
	uint64_t bit = UINT64_C(1) << part;

	if (!named && is_one_of(variable, of_service))
		return;
	if (!named && open)
		key->open |= bit;
	else if (named || by_user)
		key->of_user |= bit;
}

static bool same_parts(const struct expansion all[EXPANSIONS])
{
	return all[ELSEWHERE].part_count == all[AS_ASKED].part_count &&
	       all[SOMEBODY].part_count == all[AS_ASKED].part_count;
}

static int judge(const struct asking *asking, const struct expansion all[EXPANSIONS],
		 struct dict_key *key, struct error *error_r)
{
	bool unknown = has_unknown(asking->key);

	for (size_t i = 0; i < all[AS_ASKED].part_count && same_parts(all); i++)
		judge_part(all, i, unknown, key);
	if (key->of_user)
		return 0;
	return error_set(
		error_r, EOPNOTSUPP,
		"last_login_key %s: what stands under such a key does not show whose it is",
		asking->key_text);
}

/* --- the list --------------------------------------------------------------------------------- */

static int add_parts(struct plan_search *search, const struct expansion *from)
{
	size_t size = search->part_size ? 2 * search->part_size : 256;
	struct key_part *parts;

	if (search->part_count + from->part_count > search->part_size) {
		parts = reallocarray(search->parts, size, sizeof(*parts));
		if (!parts)
			return -ENOMEM;
		search->parts = parts;
		search->part_size = size;
	}
	memcpy(search->parts + search->part_count, from->parts,
	       from->part_count * sizeof(*from->parts));
	search->part_count += from->part_count;
	return 0;
}

/* Pointers are set at the end, when nothing moves any more. */
static int add_key(const struct asking *asking, const struct expansion *from, struct dict_key *key,
		   bool by_service)
{
	struct plan_search *search = asking->search;
	int ret = add_parts(search, from);

	if (ret == 0)
		ret = buf_append_slice(&search->text, buf_slice(&from->text));
	if (ret < 0)
		return ret;
	key->text.len = from->text.len;
	key->part_count = from->part_count;
	search->keys[search->count] = *key;
	search->services[search->count] = by_service ? asking->service : "";
	search->served[search->count++] = asking->route->services;
	return 0;
}

static bool depends_on_service(const struct template *key)
{
	return plan_template_has(key, "service") || plan_template_has(key, "protocol");
}

static int ask_service(const struct asking *asking, struct error *error_r)
{
	static const struct slice nobody = {"user@example.com", 16};
	static const struct slice somebody = {"Zz9q@other.invalid", 18};
	bool list = asking->user.len == 0;
	struct slice user = list ? nobody : asking->user;
	struct expansion *all = calloc(EXPANSIONS, sizeof(*all));
	struct dict_key key = {.open = 0};
	int ret;

	if (!all)
		return plan_no_memory(error_r);
	ret = expand(asking, user, 0, &all[AS_ASKED], error_r);
	if (ret == 0)
		ret = expand(asking, user, 1, &all[ELSEWHERE], error_r);
	if (ret == 0)
		ret = expand(asking, somebody, 0, &all[SOMEBODY], error_r);
	if (ret == 0)
		ret = judge(asking, all, &key, error_r);
	if (list)
		key.open |= key.of_user;
	if (ret == 0)
		ret = add_key(asking, &all[AS_ASKED], &key, depends_on_service(asking->key));
	for (size_t i = 0; i < EXPANSIONS; i++)
		buf_release(&all[i].text);
	free(all);
	return ret;
}

static bool is_usual(const char *service)
{
	size_t i = 0;

	while (i < USUAL_COUNT && strcmp(usual[i].service, service) != 0)
		i++;
	return i < USUAL_COUNT;
}

static int ask_other(struct asking *asking, const char *service, struct error *error_r)
{
	if (is_usual(service) || strcmp(service, "*") == 0)
		return 0;
	asking->service = asking->protocol = service;
	return ask_service(asking, error_r);
}

/* Those of the configuration: "imap, pop3, *". */
static int ask_own(struct asking *asking, struct error *error_r)
{
	const char *word = asking->route->services;
	int ret = 0;

	while (*word && ret == 0) {
		size_t len = strcspn(word, ", ");
		const char *service =
			arena_printf(plan_texts(asking->plan), "%.*s", (int)len, word);

		ret = service ? ask_other(asking, service, error_r) : plan_no_memory(error_r);
		word += len;
		word += strspn(word, ", ");
	}
	return ret;
}

/* One key for each service, if the service shows in it. */
static int ask_key(struct asking *asking, const char *const *services, struct error *error_r)
{
	bool each = depends_on_service(asking->key);
	int ret = 0;

	for (size_t i = 0; i < USUAL_COUNT && ret == 0 && (each || i == 0); i++) {
		asking->service = usual[i].service;
		asking->protocol = usual[i].protocol;
		ret = ask_service(asking, error_r);
	}
	if (each && ret == 0)
		ret = ask_own(asking, error_r);
	for (; services && *services && ret == 0 && each; services++)
		ret = ask_other(asking, *services, error_r);
	return ret;
}

static int ask_route(struct asking *asking, const char *const *services, struct error *error_r)
{
	asking->key = asking->route->key;
	asking->key_text = asking->route->key_text;
	return ask_key(asking, services, error_r);
}

static int ask_fields(struct asking *asking, struct error *error_r)
{
	int ret = 0;

	for (size_t i = 0; i < asking->route->field_count && ret == 0; i++) {
		asking->key = asking->route->fields[i].key;
		asking->key_text = "of a field";
		ret = ask_key(asking, NULL, error_r);
	}
	return ret;
}

static void place(struct plan_search *search)
{
	const char *text = buf_str(&search->text);
	const struct key_part *parts = search->parts;

	for (size_t i = 0; i < search->count; i++) {
		search->keys[i].text.ptr = text;
		search->keys[i].parts = parts;
		text += search->keys[i].text.len;
		parts += search->keys[i].part_count;
	}
}

static size_t count_words(const char *const *words)
{
	size_t count = 0;

	while (words && words[count])
		count++;
	return count;
}

static int alloc(const struct plan *plan, size_t services, struct plan_search *search_r,
		 struct error *error_r)
{
	size_t max = 1;

	*search_r = (struct plan_search){0};
	buf_init(&search_r->text, TEXT_MAX);
	for (size_t i = 0; i < plan_route_count(plan); i++)
		max += (1 + plan_route(plan, i)->field_count) *
		       (USUAL_COUNT + services + strlen(plan_route(plan, i)->services) / 2 + 1);
	search_r->keys = calloc(max, sizeof(*search_r->keys));
	search_r->services = calloc(max, sizeof(*search_r->services));
	search_r->served = calloc(max, sizeof(*search_r->served));
	if (search_r->keys && search_r->services && search_r->served)
		return 0;
	return plan_no_memory(error_r);
}

static int end_search(struct plan_search *search, int ret, struct error *error_r)
{
	if (ret == -ENOMEM || ret == -E2BIG)
		(void)error_set(error_r, -ret, "no room for the keys: %s", strerrordesc_np(-ret));
	if (ret < 0)
		plan_search_release(search);
	else
		place(search);
	return ret;
}

int plan_search_make(const struct plan *plan, size_t dict, struct slice user,
		     const char *const *services, struct plan_search *search_r,
		     struct error *error_r)
{
	struct asking asking = {.plan = plan, .user = user, .search = search_r};
	int ret = alloc(plan, count_words(services), search_r, error_r);

	for (size_t i = 0; ret == 0 && i < plan_route_count(plan); i++) {
		asking.route = plan_route(plan, i);
		if (plan_route_uses(plan, i, dict) && asking.route->purpose == DELIVER_LOGIN)
			ret = ask_route(&asking, services, error_r);
	}
	return end_search(search_r, ret, error_r);
}

int plan_search_make_all(const struct plan *plan, size_t dict, struct slice user,
			 struct plan_search *search_r, struct error *error_r)
{
	struct asking asking = {.plan = plan, .user = user, .search = search_r};
	int ret = alloc(plan, 0, search_r, error_r);

	for (size_t i = 0; ret == 0 && i < plan_route_count(plan); i++) {
		asking.route = plan_route(plan, i);
		if (!plan_route_uses(plan, i, dict))
			continue;
		ret = ask_route(&asking, NULL, error_r);
		if (ret == 0 && asking.route->dict == dict) /* mirrors have no fields */
			ret = ask_fields(&asking, error_r);
	}
	return end_search(search_r, ret, error_r);
}

void plan_search_release(struct plan_search *search)
{
	free(search->keys);
	free(search->services);
	free(search->served);
	free(search->parts);
	buf_release(&search->text);
	*search = (struct plan_search){0};
}
