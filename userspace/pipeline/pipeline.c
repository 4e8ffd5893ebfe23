/* SPDX-License-Identifier: MIT */
#include "pipeline/pipeline.h"

#include <errno.h>
#include <stdlib.h>

#include "base/log.h"
#include "capture/decode.h"
#include "login/join.h"
#include "pipeline/account.h"
#include "pipeline/refusals.h"
#include "proof/proof.h"

struct pipeline {
	struct pipeline_config config;
	struct pipeline_stats stats;
	struct filter filter;
	struct refusals refusals;
	struct join *join;
	struct proof *proof; /* NULL: all layouts are believed */
	struct deliver *deliver;
	uint64_t before; /* position before the last record */
	uint64_t taken;	 /* and behind it */
	uint64_t released;
	uint64_t again; /* by earlier processes */
	uint64_t exposures;
};

static uint64_t now(const struct pipeline *pipeline)
{
	uint64_t given = pipeline->config.now_boot_ns;

	return given ? given : (uint64_t)clock_boot_ns();
}

/* The lowest of the positions that those who wait need, or all. */
static uint64_t needed_position(const struct pipeline *pipeline, uint64_t all)
{
	uint64_t waiting;

	if (join_waits(pipeline->join, &waiting) && waiting < all)
		all = waiting;
	if (pipeline->proof && proof_waits(pipeline->proof, &waiting) && waiting < all)
		all = waiting;
	return all;
}

/* How far everything has gone to the writers: not beyond a record that waits. */
static uint64_t submitted_position(const struct pipeline *pipeline)
{
	return needed_position(pipeline, pipeline->taken);
}

static bool is_unrelated(const struct login_event *event)
{
	return event->kind == LOGIN_EVENT_PROXY && !event->joined;
}

static bool is_forgotten(const struct pipeline *pipeline, const struct login *login)
{
	const struct forgotten *forgotten = pipeline->config.forgotten;

	return forgotten &&
	       forgotten_has(forgotten, login->text[DOVETAP_FIELD_USERNAME], login->time_ns);
}

/* An event that can be believed. */
static void pass_on(struct pipeline *pipeline, const struct login_event *proved)
{
	const struct pipeline_config *config = &pipeline->config;
	struct login_event event = *proved;
	int route = -1;

	pipeline->stats.kinds[event.kind]++;
	if (event.kind == LOGIN_EVENT_LOGIN && event.joined)
		pipeline->stats.joined++;
	event.login.time_ns = timeline_time(config->timeline, event.login.boot_ns);
	if (config->enrich)
		event.where = enrich_login(config->enrich, &event.login);
	if (config->geo)
		event.geo = geo_find(config->geo, &event.login.remote_ip);
	if (is_unrelated(&event))
		pipeline->stats.unmatched++;
	else if (is_forgotten(pipeline, &event.login))
		deliver_pass_over(pipeline->deliver, &event);
	else
		route = deliver_event(pipeline->deliver, &event, submitted_position(pipeline));
	if (config->observe)
		config->observe(&event, route, config->context);
}

static void take_decided(const struct login_event *event, bool passed, void *context)
{
	struct pipeline *pipeline = context;

	if (passed)
		pass_on(pipeline, event);
	else
		pipeline->stats.layout_refused++;
}

/* The join's output. An event that is held keeps its name of the container, which may be gone
 * later. */
static void take_event(const struct login_event *joined, void *context)
{
	struct pipeline *pipeline = context;
	const struct pipeline_config *config = &pipeline->config;
	struct login_event event = *joined;
	enum proof_verdict verdict = PROOF_PASS;

	if (pipeline->proof)
		verdict = proof_take(pipeline->proof, &event,
				     needed_position(pipeline, pipeline->before),
				     clock_monotonic_ns());
	if (verdict == PROOF_PASS)
		pass_on(pipeline, &event);
	else if (verdict == PROOF_DROP)
		pipeline->stats.layout_refused++;
	else if (config->enrich)
		(void)enrich_login(config->enrich, &event.login);
}

/* A full ring loses logins of others: then layouts are judged by what is known. Those who wait have
 * an eighth of it, since nobody empties it while the collector is started anew. */
static bool is_short_of_room(const struct pipeline *pipeline)
{
	struct event_source *source = pipeline->config.source;
	uint64_t held = pipeline_held(pipeline) * sizeof(struct dovetap_event);
	struct source_level level = {0};

	source->ops->level(source, &level);
	return level.size > 0 && (held > level.size / 8 || level.used > level.size / 2);
}

static void finish_held(struct pipeline *pipeline, bool force)
{
	if (pipeline->proof)
		proof_finish(pipeline->proof, clock_monotonic_ns(),
			     force || (pipeline_held(pipeline) > 0 && is_short_of_room(pipeline)),
			     take_decided, pipeline);
}

/* The first of each kind is logged. */
static void count_broken(struct pipeline_stats *stats, int ret)
{
	uint64_t *counter = &stats->undecodable;

	if (ret == -EPROTO)
		counter = &stats->other_version;
	else if (ret == -EILSEQ)
		counter = &stats->mixed;
	if ((*counter)++ == 0)
		log_warning("a record in the ring cannot be read, and is counted as lost: %s",
			    stats->last_error.text);
}

/* False: it is refused, and counted. */
static bool believe(struct pipeline *pipeline, struct login *login)
{
	struct origins *origins = pipeline->config.origins;
	enum origin_verdict verdict = origins ? origins_judge(origins, login) : ORIGIN_PROVED;

	pipeline->stats.judged[verdict]++;
	login->process.unverified = verdict == ORIGIN_UNVERIFIED;
	if (origin_is_refused(verdict))
		refusals_note(&pipeline->refusals, verdict, login, clock_monotonic_ns());
	return !origin_is_refused(verdict);
}

static void take_record(struct pipeline *pipeline, struct slice record, uint64_t before)
{
	struct pipeline_stats *stats = &pipeline->stats;
	enum filter_result result;
	struct login login;
	int ret;

	pipeline->before = before;
	stats->events++;
	if (pipeline->config.record)
		pipeline->config.record(record, pipeline->config.context);
	ret = decode_event(record, &login, &stats->last_error);
	if (ret < 0) {
		count_broken(stats, ret);
		return;
	}
	if (!believe(pipeline, &login))
		return;
	result = filter_login(&pipeline->filter, &login, now(pipeline));
	(login.type == DOVETAP_EVENT_MAIL_USER ? stats->filtered : stats->others)[result]++;
	if (pipeline->proof &&
	    (result == FILTER_AUTOCREATED || result == FILTER_RESTORED || result == FILTER_NO_NAME))
		judge_no_login(pipeline->config.judge, &login, clock_monotonic_ns());
	if (result == FILTER_PASS)
		join_take(pipeline->join, &login, before, clock_monotonic_ns());
}

static void count_again(struct pipeline *pipeline)
{
	struct event_source *source = pipeline->config.source;
	struct source_mark marks[SOURCE_MARKS];

	if (source->ops->marks)
		pipeline->stats.again = pipeline->again + source->ops->marks(source, marks);
}

int pipeline_drain(struct pipeline *pipeline, struct error *error_r)
{
	const struct pipeline_config *config = &pipeline->config;
	struct event_source *source = config->source;
	uint64_t before = pipeline->taken;
	struct slice record;
	int count = 0, ret;

	while ((ret = source->ops->peek(source, &record, &pipeline->taken, error_r)) > 0) {
		take_record(pipeline, record, before);
		before = pipeline->taken;
		count++;
	}
	/* Only now: a partner may have been behind in the source. */
	join_expire(pipeline->join, ret == -ENODATA ? INT64_MAX : clock_monotonic_ns());
	finish_held(pipeline, ret == -ENODATA);
	count_again(pipeline);
	for (size_t i = 0; i < config->deliver.writer_count; i++)
		writer_mark(config->deliver.writers[i], submitted_position(pipeline));
	return ret < 0 ? ret : count;
}

void pipeline_flush(struct pipeline *pipeline)
{
	join_expire(pipeline->join, INT64_MAX);
	finish_held(pipeline, true);
}

/* --- giving back ------------------------------------------------------------------------------ */

/* Of this moment: all records that were taken are in it, as often as they were taken. */
static void write_account(const struct pipeline *pipeline)
{
	struct event_source *source = pipeline->config.source;
	struct account account = {
		.stats = pipeline->stats,
		.delivered = *pipeline_delivered(pipeline),
		.waiting = pipeline_waiting(pipeline) + pipeline_held(pipeline),
		.exposures = pipeline->exposures,
	};

	if (source->ops->marks)
		(void)source->ops->marks(source, account.marks);
	account_write(pipeline->config.ledger, &account);
}

/* The account first: what is given back must be in it. */
static void release_to(struct pipeline *pipeline, uint64_t position)
{
	if (position <= pipeline->released)
		return;
	write_account(pipeline);
	pipeline->released = position;
	pipeline->config.source->ops->release(pipeline->config.source, position);
}

bool pipeline_release(struct pipeline *pipeline)
{
	const struct deliver_config *config = &pipeline->config.deliver;
	uint64_t safe = submitted_position(pipeline);

	for (size_t i = 0; i < config->writer_count; i++) {
		uint64_t acked = writer_acked(config->writers[i]);

		if (acked < safe)
			safe = acked;
	}
	release_to(pipeline, safe);
	return safe == pipeline->taken;
}

void pipeline_release_all(struct pipeline *pipeline)
{
	const struct deliver_config *config = &pipeline->config.deliver;

	pipeline_flush(pipeline);
	if (pipeline->taken == pipeline->released)
		return;
	write_account(pipeline); /* the marks first: pipeline_exposures() */
	for (size_t i = 0; i < config->writer_count; i++)
		writer_expose_begin(config->writers[i], pipeline->taken, pipeline->exposures + 1);
	release_to(pipeline, pipeline->taken);
	pipeline->exposures++;
	write_account(pipeline);
	for (size_t i = 0; i < config->writer_count; i++)
		writer_expose_end(config->writers[i]);
}

/* --- life ------------------------------------------------------------------------------------- */

/* What waited when the last process ended comes again. */
static void read_account(struct pipeline *pipeline, struct deliver_stats *delivered)
{
	struct account account = {.waiting = 0};

	if (!account_read(pipeline->config.ledger, &account))
		return;
	account.stats.cut_off += account.waiting;
	pipeline->stats = account.stats;
	pipeline->again = account.stats.again;
	pipeline->exposures = pipeline_exposures(pipeline->config.ledger, pipeline->config.source);
	*delivered = account.delivered;
}

void pipeline_marks(const struct ledger_block *ledger, struct source_mark *marks_r)
{
	struct account account = {.waiting = 0};

	(void)account_read(ledger, &account);
	memcpy(marks_r, account.marks, sizeof(account.marks));
}

/* One began after the account was written: it took place if the source gave back all. If none
 * did, no writer has that number. */
uint64_t pipeline_exposures(const struct ledger_block *ledger, struct event_source *source)
{
	struct account account = {.exposures = 0};

	if (!account_read(ledger, &account))
		return 0;
	return account.exposures + source->ops->all_released(source);
}

int pipeline_new(const struct pipeline_config *config, struct pipeline **pipeline_r,
		 struct error *error_r)
{
	struct pipeline *pipeline = calloc(1, sizeof(*pipeline));
	struct deliver_stats delivered = {.logins = 0};
	int ret;

	if (!pipeline)
		return error_set(error_r, ENOMEM, "out of memory for the pipeline");
	pipeline->config = *config;
	read_account(pipeline, &delivered);
	pipeline->config.deliver.earlier = &delivered;
	ret = join_new(take_event, pipeline, &pipeline->join, error_r);
	if (ret == 0 && config->judge)
		ret = proof_new(config->judge, &pipeline->proof, error_r);
	if (ret == 0)
		ret = deliver_new(&pipeline->config.deliver, &pipeline->deliver, error_r);
	if (ret < 0)
		pipeline_free(&pipeline);
	else
		*pipeline_r = pipeline;
	return ret;
}

void pipeline_free(struct pipeline **pipeline)
{
	if (!*pipeline)
		return;
	join_free(&(*pipeline)->join);
	proof_free(&(*pipeline)->proof);
	deliver_free(&(*pipeline)->deliver);
	free(*pipeline);
	*pipeline = NULL;
}

static uint64_t sum(const uint64_t *values, unsigned int count)
{
	uint64_t total = 0;

	while (count-- > 0)
		total += values[count];
	return total;
}

static uint64_t refused(const struct pipeline_stats *stats)
{
	uint64_t count = 0;

	for (unsigned int verdict = 0; verdict < ORIGIN_VERDICT_COUNT; verdict++)
		count += origin_is_refused(verdict) ? stats->judged[verdict] : 0;
	return count;
}

int64_t pipeline_difference(const struct pipeline *pipeline)
{
	const struct pipeline_stats *stats = &pipeline->stats;
	const struct deliver_stats *delivered = pipeline_delivered(pipeline);
	uint64_t passed = stats->filtered[FILTER_PASS] + stats->others[FILTER_PASS];
	const int64_t differences[] = {
		(int64_t)(stats->events - stats->undecodable - stats->other_version - stats->mixed -
			  refused(stats) - sum(stats->filtered, FILTER_RESULT_COUNT) -
			  sum(stats->others, FILTER_RESULT_COUNT)),
		(int64_t)(passed - sum(stats->kinds, LOGIN_EVENT_KINDS) - stats->cut_off -
			  pipeline_waiting(pipeline) - pipeline_held(pipeline) -
			  stats->layout_refused),
		(int64_t)(stats->kinds[LOGIN_EVENT_LOGIN] - delivered->unrouted -
			  delivered->logins),
		(int64_t)(sum(delivered->due, DELIVER_PURPOSES) - delivered->unexpandable -
			  delivered->submitted),
	};
	int64_t total = 0;

	for (size_t i = 0; i < sizeof(differences) / sizeof(differences[0]); i++)
		total += llabs(differences[i]);
	return total;
}

unsigned int pipeline_waiting(const struct pipeline *pipeline)
{
	return join_waiting(pipeline->join);
}

unsigned int pipeline_held(const struct pipeline *pipeline)
{
	return pipeline->proof ? proof_waiting(pipeline->proof) : 0;
}

const struct pipeline_stats *pipeline_stats(const struct pipeline *pipeline)
{
	return &pipeline->stats;
}

const struct deliver_stats *pipeline_delivered(const struct pipeline *pipeline)
{
	return deliver_stats(pipeline->deliver);
}
