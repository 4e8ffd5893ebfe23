/* SPDX-License-Identifier: MIT */
#include "pipeline/targets.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/ledger.h"
#include "base/log.h"
#include "pipeline/removed.h"

void targets_spool_dir(const struct plan *plan, char dir[PATH_MAX])
{
	const struct dovetap_settings *settings = plan_settings(plan);

	if (settings->spool_dir[0])
		(void)snprintf(dir, PATH_MAX, "%s", settings->spool_dir);
	else
		(void)snprintf(dir, PATH_MAX, "%s/spool", settings->state_dir);
}

int targets_open_spool(const struct plan *plan, size_t index, struct spool **spool_r,
		       struct error *error_r)
{
	const struct dovetap_settings *settings = plan_settings(plan);
	bool history = plan_dict(plan, index)->history > 0; /* each row has a key of its own */
	char dir[PATH_MAX];
	const struct spool_options options = {
		.dir = dir,
		.name = plan_dict_id(plan, index),
		.synchronous = settings->spool_sync,
		.min_interval_ns = history ? 0 : (int64_t)settings->min_interval * NS_PER_MSEC,
	};
	int ret;

	targets_spool_dir(plan, dir);
	ret = spool_open(&options, spool_r, error_r);
	if (ret > 0)
		log_warning("%s: %s", plan_dict_name(plan, index), error_r->text);
	return ret < 0 ? ret : 0;
}

/* What was removed is known by that when expire_after is there no more. */
static int note_expiry(void *context, int64_t before_ns, struct error *error_r)
{
	const struct targets_note *note = context;

	return removed_note_older(note->plan, note->dict, before_ns, error_r);
}

/* Old records are removed by a collector only, not by a replay. */
static int expect_expiry(struct targets *targets, size_t index, struct writer_options *writer,
			 struct error *error_r)
{
	const struct plan_keys *keys = &targets->samples[index];
	int ret = plan_keys_sample(targets->plan, index, ~0U, &targets->samples[index], error_r);

	writer->expire_after_ns = (int64_t)plan_settings(targets->plan)->expire_after * NS_PER_MSEC;
	targets->notes[index] = (struct targets_note){targets->plan, index};
	writer->expire_note = note_expiry;
	writer->expire_context = &targets->notes[index];
	writer->expire_keys = keys->keys;
	writer->expire_key_count = keys->count;
	return ret;
}

static struct ledger_block *block_of(const struct ledger *ledger, const char *dict)
{
	struct ledger_block *block;
	char name[256];

	(void)snprintf(name, sizeof(name), "dict %s", dict);
	block = ledger_block(ledger, name);
	if (!block)
		log_warning("dict %s: no room for its numbers: they begin at 0 in each process",
			    dict);
	return block;
}

static int open_writer(struct targets *targets, size_t index, const struct targets_options *options,
		       struct error *error_r)
{
	struct writer_options writer = {
		.name = plan_dict_name(targets->plan, index),
		.ack_fd = options->ack_fd,
		.exposures = options->exposures,
	};
	struct dict *dict;
	int ret = plan_dict_open(targets->plan, index, &dict, error_r);

	if (ret < 0)
		return ret;
	if (options->ledger)
		writer.ledger = block_of(options->ledger, plan_dict_id(targets->plan, index));
	if (options->spool)
		ret = targets_open_spool(targets->plan, index, &writer.spool, error_r);
	if (ret == 0 && options->spool)
		ret = expect_expiry(targets, index, &writer, error_r);
	if (ret < 0) {
		dict_close(&dict);
		spool_close(&writer.spool);
	} else {
		ret = writer_new(dict, &writer, &targets->writers[index], error_r);
	}
	return ret;
}

static void make_route(struct targets *targets, size_t index)
{
	const struct plan_route *route = plan_route(targets->plan, index);

	targets->routes[index] = (struct deliver_route){
		.key = route->key,
		.precision = route->precision,
		.writer = targets->writers[route->dict],
		.fields = route->fields,
		.field_count = route->field_count,
		.also = route->purpose == DELIVER_LOGIN,
		.history = deliver_is_history(route->purpose),
	};
}

int targets_open(struct targets *targets, const struct plan *plan,
		 const struct targets_options *options, struct error *error_r)
{
	size_t dicts = plan_dict_count(plan), routes = plan_route_count(plan);
	int ret = 0;

	targets->plan = plan;
	targets->writers = calloc(dicts, sizeof(struct writer *));
	targets->routes = calloc(routes, sizeof(*targets->routes));
	targets->samples = calloc(dicts, sizeof(*targets->samples));
	targets->notes = calloc(dicts, sizeof(*targets->notes));
	if (!targets->writers || !targets->routes || !targets->samples || !targets->notes) {
		targets_close(targets);
		return error_set(error_r, ENOMEM, "out of memory for %zu dicts", dicts);
	}
	for (size_t i = 0; i < dicts && ret == 0; i++)
		ret = open_writer(targets, i, options, error_r);
	for (size_t i = 0; i < routes && ret == 0; i++)
		make_route(targets, i);
	if (ret < 0)
		targets_close(targets);
	return ret;
}

void targets_close(struct targets *targets)
{
	size_t dicts = targets->writers ? plan_dict_count(targets->plan) : 0;

	for (size_t i = 0; i < dicts; i++)
		writer_free(&targets->writers[i]);
	for (size_t i = 0; targets->samples && i < dicts; i++)
		plan_keys_release(&targets->samples[i]);
	free(targets->notes);
	free(targets->samples);
	free(targets->writers);
	free(targets->routes);
	*targets = (struct targets){0};
}

static int match(const struct login_event *event, enum deliver_purpose purpose, void *context)
{
	return plan_match(context, event, purpose);
}

struct deliver_config targets_describe(const struct targets *targets)
{
	const struct plan *plan = targets->plan;

	return (struct deliver_config){
		.routes = targets->routes,
		.route_count = plan_route_count(plan),
		.writers = targets->writers,
		.writer_count = plan_dict_count(plan),
		.mirror_count = plan_mirror_count(plan),
		.host = plan_host(plan),
		.mask = plan_mask(plan_settings(plan)->mask_ip),
		.match = match,
		.context = (void *)plan,
	};
}

bool targets_up(const struct targets *targets)
{
	bool up = false;

	for (size_t i = 0; i < plan_dict_count(targets->plan) && !up; i++)
		up = writer_up(targets->writers[i]);
	return up;
}

static int still_pending(const struct targets *targets, size_t index, struct error *error_r)
{
	struct writer_stats stats;

	writer_stats(targets->writers[index], &stats);
	return error_set(error_r, ETIMEDOUT, "%s: %" PRIu64 " records are not written: %s",
			 plan_dict_name(targets->plan, index), stats.pending,
			 stats.last_error.code ? stats.last_error.text : "no answer in time");
}

int targets_drain(struct targets *targets, int64_t deadline_ns, struct error *error_r)
{
	int ret = 0;

	for (size_t i = 0; i < plan_dict_count(targets->plan); i++) {
		if (writer_drain(targets->writers[i], deadline_ns) < 0 && ret == 0)
			ret = still_pending(targets, i, error_r);
	}
	return ret;
}

static int left_behind(const struct targets *targets, size_t index, uint64_t left,
		       struct error *error_r)
{
	struct writer_stats stats;

	writer_stats(targets->writers[index], &stats);
	return error_set(error_r, EIO,
			 "%s: %" PRIu64 " records are neither written nor in the spool: %s",
			 plan_dict_name(targets->plan, index), left,
			 stats.last_error.code ? stats.last_error.text : "no answer in time");
}

int targets_stop(struct targets *targets, uint64_t *left_r, struct error *error_r)
{
	int ret = 0;

	*left_r = 0;
	for (size_t i = 0; i < plan_dict_count(targets->plan); i++) {
		uint64_t left = writer_stop(targets->writers[i]);

		if (left > 0 && ret == 0)
			ret = left_behind(targets, i, left, error_r);
		*left_r += left;
	}
	return ret;
}

int targets_lost(const struct targets *targets, struct error *error_r)
{
	for (size_t i = 0; i < plan_dict_count(targets->plan); i++) {
		struct writer_stats stats;
		uint64_t lost;

		writer_stats(targets->writers[i], &stats);
		lost = stats.lost[WRITER_LOST_MEMORY] + stats.lost[WRITER_LOST_NOMEM] -
		       stats.lost_before;
		if (lost > 0)
			return error_set(error_r, ENOMEM,
					 "%s: out of memory for %" PRIu64 " records",
					 plan_dict_name(targets->plan, i), lost);
	}
	return 0;
}

int targets_refused(const struct targets *targets, struct error *error_r)
{
	for (size_t i = 0; i < plan_dict_count(targets->plan); i++) {
		struct writer_stats stats;

		writer_stats(targets->writers[i], &stats);
		if (stats.lost[WRITER_LOST_REFUSED] > 0)
			return error_set(error_r, EREMOTEIO,
					 "%s: %" PRIu64 " records are refused: %s",
					 plan_dict_name(targets->plan, i),
					 stats.lost[WRITER_LOST_REFUSED], stats.last_refusal);
	}
	return 0;
}
