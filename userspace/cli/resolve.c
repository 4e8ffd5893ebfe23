/* SPDX-License-Identifier: MIT */
#include "cli/resolve.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "base/memfile.h"
#include "base/pack.h"
#include "dovecot/layout_own.h"
#include "priv/notify.h"
#include "priv/resolution.h"

#define ALL_TEXTS (DOVETAP_BIT(DOVETAP_TEXT_COUNT) - 1)
#define WORDS_MAX 65536 /* of a command line, or of an environment */

_Static_assert(RESOLUTION_ROOTS_MAX == ROOTS_MAX && RESOLUTION_LAYOUTS_MAX == LAYOUTS_OWN_MAX,
	       "all of them fit");

int resolve_read(const struct run_options *run, struct plan **plan_r, struct error *error_r)
{
	struct plan *plan;
	int ret = plan_new(&run->config, &plan, error_r);

	if (ret < 0)
		return ret;
	ret = plan_load_audit(plan, error_r);
	if (ret == 0)
		ret = plan_load_metrics(plan, error_r);
	if (ret < 0) {
		plan_free(&plan);
		return ret;
	}
	run_options_log(run, plan);
	if (plan_doveconf_error(plan))
		log_warning("doveconf did not read the server's file, dovetap's own parser did: %s",
			    plan_doveconf_error(plan));
	*plan_r = plan;
	return 0;
}

/* --- making it ------------------------------------------------------------------------------ */

static void pack_words(char *const *words, struct buf *out)
{
	uint32_t count = 0;

	while (words[count])
		count++;
	pack_u32(out, count);
	for (uint32_t i = 0; i < count; i++)
		pack_text(out, words[i]);
}

static void describe_layouts(struct resolution *resolution)
{
	const struct layout *layout;

	for (size_t i = 0; (layout = layouts_own_get(i)) != NULL; i++)
		resolution->layouts[i] = (struct resolution_layout){
			layout->abi, layout->name, {layout->btf, layout->btf_size}};
	resolution->layout_count = layouts_own_count();
}

static struct resolution describe(const struct run_options *run, const struct plan *plan,
				  const struct priv_user *user)
{
	const struct dovetap_settings *settings = plan_settings(plan);
	const struct discover_options discover = roots_discover(&run->roots);
	struct resolution resolution = {
		.settings =
			{
				.ring_bytes = settings->ring_size,
				.watchdog_ns = notify_watchdog_ns(),
				.uid = user->uid,
				.gid = user->gid,
				.method = run->method,
				.wanted_texts = plan_wants_home(plan) ? ALL_TEXTS : 0,
				.roles = discover.roles,
				.log_sink = run_options_sink(plan),
				.log_level = run_options_level(run, plan),
				.processes = discover.processes,
				.fuse = settings->attach_fuse,
				.user_is_fallback = user->fallback,
			},
		.pin = run_options_pin(run, plan),
	};

	memcpy(resolution.settings.user, user->name, sizeof(user->name));
	memcpy(resolution.roots, run->roots.dirs, sizeof(run->roots.dirs));
	describe_layouts(&resolution);
	return resolution;
}

static int make(const struct resolution *resolution, struct error *error_r)
{
	struct buf all;
	int ret;

	buf_init(&all, RESOLUTION_MAX);
	resolution_pack(resolution, &all);
	ret = all.failed ? error_set(error_r, -all.failed, "the resolved configuration: %s",
				     strerror(-all.failed))
			 : memfile_make("dovetap-configuration", buf_slice(&all), error_r);
	if (all.data)
		explicit_bzero(all.data, all.len);
	buf_release(&all);
	return ret;
}

int resolve_make(const struct resolve_origin *origin, const struct run_options *run,
		 const struct plan *plan, const struct priv_user *user, struct error *error_r)
{
	struct resolution resolution = describe(run, plan, user);
	struct buf configuration;
	struct priv_user search_user;
	int ret = priv_search_user_find(&search_user, error_r);

	if (ret < 0)
		return ret;
	resolution.settings.search_uid = search_user.uid;
	resolution.settings.search_gid = search_user.gid;
	buf_init(&configuration, RESOLUTION_MAX);
	pack_words(origin->argv, &configuration);
	pack_words(origin->environment, &configuration);
	plan_pack(plan, &configuration);
	resolution.configuration = buf_slice(&configuration);
	ret = configuration.failed
		      ? error_set(error_r, -configuration.failed, "the resolved configuration: %s",
				  strerror(-configuration.failed))
		      : make(&resolution, error_r);
	if (configuration.data)
		explicit_bzero(configuration.data, configuration.len);
	buf_release(&configuration);
	return ret;
}

/* --- taking it apart ------------------------------------------------------------------------ */

static void free_words(char **words)
{
	for (char **word = words; word && *word; word++)
		free(*word);
	free(words);
}

/* Copies, which stay. NULL: they are broken, or there is no memory for them. */
static char **unpack_words(struct unpack *in, int *count_r)
{
	uint32_t count = unpack_u32(in);
	char **words;

	if (count > WORDS_MAX)
		in->failed = true;
	if (in->failed)
		return NULL;
	words = calloc(count + 1UL, sizeof(*words));
	for (uint32_t i = 0; words && i < count; i++) {
		const char *word = unpack_text(in);

		words[i] = word ? strdup(word) : NULL;
		if (!words[i]) {
			free_words(words);
			return NULL;
		}
	}
	*count_r = (int)count;
	return words;
}

static int unpack_origin(struct unpack *in, struct resolve_origin *origin_r, struct error *error_r)
{
	struct resolve_origin origin = {0};
	int unused;

	origin.argv = unpack_words(in, &origin.argc);
	origin.environment = origin.argv ? unpack_words(in, &unused) : NULL;
	if (!origin.environment || origin.argc == 0) {
		free_words(origin.argv);
		free_words(origin.environment);
		return error_set(error_r, in->failed ? EINVAL : ENOMEM,
				 "the resolved command line: %s",
				 in->failed ? "it is broken" : "out of memory");
	}
	*origin_r = origin;
	return 0;
}

static int open_plan(struct unpack *in, struct plan **plan_r, struct error *error_r)
{
	struct plan *plan;
	int ret = plan_unpack(in, &plan, error_r);

	if (ret < 0)
		return ret;
	ret = unpack_is_whole(in)
		      ? plan_load_audit(plan, error_r)
		      : error_set(error_r, EINVAL,
				  "the resolved configuration is broken: it has no end");
	if (ret < 0)
		plan_free(&plan);
	else
		*plan_r = plan;
	return ret;
}

static struct priv_user user_of(const struct resolution_settings *settings)
{
	struct priv_user user = {
		.uid = settings->uid,
		.gid = settings->gid,
		.fallback = settings->user_is_fallback,
	};

	memcpy(user.name, settings->user, sizeof(user.name));
	return user;
}

int resolve_open(int fd, struct resolve_origin *origin_r, struct run_options *run_r,
		 struct priv_user *user_r, struct plan **plan_r, struct error *error_r)
{
	struct resolution resolution;
	struct unpack in;
	int ret = resolution_open(fd, &resolution, error_r);

	if (ret < 0)
		return ret;
	in = (struct unpack){.left = resolution.configuration};
	ret = unpack_origin(&in, origin_r, error_r);
	if (ret == 0) {
		environ = origin_r->environment;
		run_options_parse(origin_r->argc, origin_r->argv, run_r);
	}
	if (ret == 0 && plan_r)
		ret = open_plan(&in, plan_r, error_r);
	if (ret == 0 && user_r)
		*user_r = user_of(&resolution.settings);
	resolution_close(&resolution);
	return ret;
}
