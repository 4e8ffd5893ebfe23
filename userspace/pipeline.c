/* SPDX-License-Identifier: MIT */
#include "pipeline.h"

#include "capture/decode.h"
#include "login/coalesce.h"
#include "login/join.h"

#include <errno.h>
#include <stdlib.h>

#define KEY_PREFIX "shared/"
#define KEY_MAX	   65536
#define PARTS_MAX  64

struct pipeline {
	struct pipeline_config config;
	struct pipeline_stats stats;
	struct join *join;
	struct filter filter;
	struct coalesce *coalesce; /* NULL without min_interval */
	struct buf key;
	uint64_t taken; /* position behind the last record */
	uint64_t released;
};

int pipeline_new(const struct pipeline_config *config, struct pipeline **pipeline_r,
		 struct error *error_r)
{
	struct pipeline *pipeline = calloc(1, sizeof(*pipeline));
	int ret;

	if (!pipeline)
		return error_set(error_r, ENOMEM, "out of memory for the pipeline");
	pipeline->config = *config;
	buf_init(&pipeline->key, KEY_MAX);
	ret = join_new(&pipeline->join, error_r);
	if (ret == 0 && config->min_interval_ns > 0)
		ret = coalesce_new(config->min_interval_ns, &pipeline->coalesce, error_r);
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
	coalesce_free(&(*pipeline)->coalesce);
	buf_release(&(*pipeline)->key);
	free(*pipeline);
	*pipeline = NULL;
}

static int make_key(struct pipeline *pipeline, const struct pipeline_route *route,
		    const struct login *login, struct key_part *parts, size_t *part_count_r)
{
	buf_reset(&pipeline->key);
	buf_append_str(&pipeline->key, KEY_PREFIX);
	return template_expand(route->key, login, &pipeline->config.host, &pipeline->key, parts,
			       PARTS_MAX, part_count_r, &pipeline->stats.last_error);
}

/* A record that a writer cannot take is counted there. */
static void hand_on(struct pipeline *pipeline, const struct pipeline_route *route,
		    const struct writer_record *record)
{
	const struct pipeline_config *config = &pipeline->config;

	pipeline->stats.submitted++;
	(void)writer_submit(route->writer, record, pipeline->taken);
	for (size_t i = config->writer_count - config->also_count; i < config->writer_count; i++)
		(void)writer_submit(config->writers[i], record, pipeline->taken);
}

static void submit(struct pipeline *pipeline, const struct pipeline_route *route,
		   const struct login *login)
{
	char value[PRECISION_TEXT_MAX];
	struct key_part parts[PARTS_MAX];
	struct writer_record record = {.time_ns = login->time_ns, .parts = parts};

	if (make_key(pipeline, route, login, parts, &record.part_count) < 0) {
		pipeline->stats.unexpandable++;
		return;
	}
	record.key = buf_slice(&pipeline->key);
	if (pipeline->coalesce && !coalesce_pass(pipeline->coalesce, record.key, login->time_ns)) {
		pipeline->stats.coalesced++;
		return;
	}
	record.value.ptr = value;
	record.value.len = precision_format(route->precision, login->time_ns, value);
	hand_on(pipeline, route, &record);
}

static enum filter_result filter(struct pipeline *pipeline, const struct login *login)
{
	uint64_t now = pipeline->config.now_boot_ns;

	return filter_login(&pipeline->filter, login, now ? now : (uint64_t)clock_boot_ns());
}

static void enrich(struct pipeline *pipeline, const struct login *login)
{
	const struct enrichment *found;

	if (!pipeline->config.enrich)
		return;
	found = enrich_login(pipeline->config.enrich, login);
	pipeline->config.host.pod = enrich_pod(found);
	pipeline->config.host.container = enrich_container(found);
}

static void take_mail_user(struct pipeline *pipeline, struct login *login)
{
	const struct pipeline_config *config = &pipeline->config;
	enum filter_result result;
	int route;

	if (join_mail_user(pipeline->join, login))
		pipeline->stats.joined++;
	result = filter(pipeline, login);
	pipeline->stats.filtered[result]++;
	if (result != FILTER_PASS)
		return;
	login->time_ns = clock_to_wall(&config->offset, login->boot_ns);
	enrich(pipeline, login);
	route = config->match(login, config->context);
	if (config->observe)
		config->observe(login, route, config->context);
	if (route < 0)
		pipeline->stats.unrouted++;
	else
		submit(pipeline, &config->routes[route], login);
}

static void take_auth(struct pipeline *pipeline, const struct login *login)
{
	pipeline->stats.auth++;
	join_auth(pipeline->join, login);
}

static void take_record(struct pipeline *pipeline, struct slice record)
{
	struct login login;

	pipeline->stats.events++;
	if (pipeline->config.record)
		pipeline->config.record(record, pipeline->config.context);
	if (decode_event(record, &login, &pipeline->stats.last_error) < 0)
		pipeline->stats.undecodable++;
	else if (login.type == DOVETAP_EVENT_MAIL_USER)
		take_mail_user(pipeline, &login);
	else if (login.type == DOVETAP_EVENT_AUTH)
		take_auth(pipeline, &login);
}

int pipeline_drain(struct pipeline *pipeline, struct error *error_r)
{
	struct event_source *source = pipeline->config.source;
	struct slice record;
	int count = 0, ret;

	while ((ret = source->ops->peek(source, &record, &pipeline->taken, error_r)) > 0) {
		take_record(pipeline, record);
		count++;
	}
	for (size_t i = 0; i < pipeline->config.writer_count; i++)
		writer_mark(pipeline->config.writers[i], pipeline->taken);
	return ret < 0 ? ret : count;
}

static void release_to(struct pipeline *pipeline, uint64_t position)
{
	if (position <= pipeline->released)
		return;
	pipeline->released = position;
	pipeline->config.source->ops->release(pipeline->config.source, position);
}

bool pipeline_release(struct pipeline *pipeline)
{
	uint64_t safe = pipeline->taken;

	for (size_t i = 0; i < pipeline->config.writer_count; i++) {
		uint64_t acked = writer_acked(pipeline->config.writers[i]);

		if (acked < safe)
			safe = acked;
	}
	release_to(pipeline, safe);
	return safe == pipeline->taken;
}

void pipeline_release_all(struct pipeline *pipeline)
{
	release_to(pipeline, pipeline->taken);
}

void pipeline_set_offset(struct pipeline *pipeline, const struct clock_offset *offset)
{
	pipeline->config.offset = *offset;
}

const struct pipeline_stats *pipeline_stats(const struct pipeline *pipeline)
{
	return &pipeline->stats;
}
