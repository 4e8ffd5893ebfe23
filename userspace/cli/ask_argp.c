/* SPDX-License-Identifier: MIT */
#include "cli/ask_argp.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/clock.h"
#include "cli/options.h"
#include "cli/service_class.h"
#include "cli/since_when.h"
#include "conf/settings.h"
#include "plan/plan_user.h"

#define MASK_MAX_BYTES (64U << 10)

enum {
	OPTION_SERVICE = 4096,
	OPTION_SORT,
	OPTION_REVERSE,
	OPTION_LIMIT,
	OPTION_TIMEOUT,
	OPTION_SINCE
};

static const struct argp_option options[] = {
	{"service", OPTION_SERVICE, "LIST", 0,
	 "Services that count as logins, beside imap, pop3, submission and managesieve", 1},
	{"since", OPTION_SINCE, "TIME", 0,
	 "Since when logins are recorded, where the state does not have it", 1},
	{"sort", OPTION_SORT, "user|login|delivery", 0, "In which order (user)", 2},
	{"reverse", OPTION_REVERSE, NULL, 0, "The other way round", 2},
	{"limit", OPTION_LIMIT, "NUMBER", 0, "No more lines than that", 2},
	{"timeout", OPTION_TIMEOUT, "TIME", 0, "How long a dict may be silent (10s)", 2},
	{0},
};

static int64_t parse_timeout(const char *arg, struct argp_state *state)
{
	static const struct conf_field time = {.name = "--timeout", .type = CONF_TIME};
	struct error error;
	uint64_t msecs = 0;

	if (conf_value_parse(&time, arg, NULL, &msecs, &error) < 0)
		argp_error(state, "--timeout: %s", error.text);
	else if (msecs == 0 || msecs > INT64_MAX / NS_PER_MSEC)
		argp_error(state, "--timeout=%s: more than 0, such as 60s", arg);
	return (int64_t)msecs * NS_PER_MSEC;
}

static int64_t parse_limit(const char *arg, struct argp_state *state)
{
	char *end;
	long long limit = strtoll(arg, &end, 10);

	if (limit <= 0 || *end)
		argp_error(state, "--limit=%s: a number above 0", arg);
	return limit;
}

static enum roster_order parse_order(const char *arg, struct argp_state *state)
{
	static const char *const orders[ROSTER_ORDERS] = {"user", "login", "delivery"};
	unsigned int i = 0;

	while (i < ROSTER_ORDERS && strcmp(arg, orders[i]) != 0)
		i++;
	if (i == ROSTER_ORDERS)
		argp_error(state, "--sort=%s: one of user, login, delivery", arg);
	return i < ROSTER_ORDERS ? (enum roster_order)i : ROSTER_BY_USER;
}

static const char **parse_services(const char *arg, struct argp_state *state)
{
	char *copy = strdup(arg); /* stays until the program ends */
	const char **words = copy ? service_words(copy) : NULL;

	if (!words)
		argp_failure(state, 1, 0, "out of memory");
	return words;
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct ask_argp *ask = state->input;

	switch (key) {
	case ARGP_KEY_INIT:
		ask->query.older_than_ns = INT64_MAX;
		state->child_inputs[0] = &ask->plan;
		state->child_inputs[1] = &ask->names;
		state->child_inputs[2] = &ask->form;
		return 0;
	case OPTION_SERVICE:
		ask->judged = parse_services(arg, state);
		return 0;
	case OPTION_SINCE:
		ask->since_ns = since_parse_time(arg, state);
		return 0;
	case OPTION_SORT:
		ask->query.order = parse_order(arg, state);
		return 0;
	case OPTION_REVERSE:
		ask->query.reverse = true;
		return 0;
	case OPTION_LIMIT:
		ask->query.limit = parse_limit(arg, state);
		return 0;
	case OPTION_TIMEOUT:
		ask->timeout_ns = parse_timeout(arg, state);
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static const struct argp_child children[] = {
	{&asking_argp, 0, NULL, 0}, {&names_argp, 0, NULL, 0}, {&form_argp, 0, NULL, 0}, {0}};

static const struct argp argp = {.options = options, .parser = parse, .children = children};

const struct argp_child ask_argp_children[] = {{&argp, 0, NULL, 0}, {0}};

/* A word with "*" or "?" is a mask of a listing. */
void ask_argp_take_words(struct ask_argp *ask, struct argp_state *state)
{
	const char *const *words = (const char *const *)state->argv + state->next;
	size_t count = (size_t)(state->argc - state->next), inputs = 0;

	for (size_t i = 0; i < count; i++)
		inputs += strcmp(words[i], "-") == 0;
	inputs += ask->names.file && strcmp(ask->names.file, "-") == 0;
	if (inputs > 1)
		argp_error(state, "standard input can be read once");
	if (count == 1 && !ask->names.file && strpbrk(words[0], "*?")) {
		ask->query.mask = words[0];
		return;
	}
	for (size_t i = 0; i < count; i++) {
		if (strpbrk(words[i], "*?"))
			argp_error(state, "%s: a mask stands alone", words[i]);
	}
	ask->names.words = words;
	ask->names.word_count = count;
}

/* A format that does more than that (drops domains) would make another mask of it. */
int ask_argp_fold_mask(struct ask_argp *ask, const struct plan *plan, struct error *error_r)
{
	struct buf normal;
	int ret;

	if (!ask->query.mask)
		return 0;
	buf_init(&normal, MASK_MAX_BYTES);
	ret = plan_user_normalise(plan, slice_str(ask->query.mask), &normal, error_r);
	if (ret == 0 && strcasecmp(buf_str(&normal), ask->query.mask) == 0) {
		ask->folded = strdup(buf_str(&normal));
		ask->query.mask = ask->folded ? ask->folded : ask->query.mask;
	}
	buf_release(&normal);
	return ret;
}

void ask_argp_release(struct ask_argp *ask)
{
	free(ask->judged);
	free(ask->folded);
}

bool ask_argp_has_names(const struct ask_argp *ask)
{
	return ask->names.word_count > 0 || ask->names.file;
}
