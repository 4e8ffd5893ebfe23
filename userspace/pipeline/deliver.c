/* SPDX-License-Identifier: MIT */
#include "pipeline/deliver.h"

#include <errno.h>
#include <stdlib.h>

#include "base/log.h"
#include "login/enrich.h"
#include "login/geo.h"
#include "pipeline/past.h"

#define KEY_PREFIX "shared/"
#define KEY_MAX	   65536
#define VALUE_MAX  65536
#define PARTS_MAX  64

struct deliver {
	struct deliver_config config;
	struct deliver_stats stats;
	struct buf key, value;
};

int deliver_new(const struct deliver_config *config, struct deliver **deliver_r,
		struct error *error_r)
{
	struct deliver *deliver = calloc(1, sizeof(*deliver));

	if (!deliver)
		return error_set(error_r, ENOMEM, "out of memory for the pipeline");
	deliver->config = *config;
	deliver->config.earlier = NULL;
	if (config->earlier)
		deliver->stats = *config->earlier;
	buf_init(&deliver->key, KEY_MAX);
	buf_init(&deliver->value, VALUE_MAX);
	*deliver_r = deliver;
	return 0;
}

void deliver_free(struct deliver **deliver)
{
	if (!*deliver)
		return;
	buf_release(&(*deliver)->key);
	buf_release(&(*deliver)->value);
	free(*deliver);
	*deliver = NULL;
}

static struct template_host host_of(const struct deliver *deliver, const struct login_event *event)
{
	struct template_host host = deliver->config.host;

	if (event->where) {
		host.pod = enrich_get(event->where, ENRICH_POD);
		host.container = enrich_get(event->where, ENRICH_CONTAINER);
		host.pod_namespace = enrich_get(event->where, ENRICH_POD_NAMESPACE);
		host.pod_uid = enrich_get(event->where, ENRICH_POD_UID);
		host.container_id = enrich_get(event->where, ENRICH_CONTAINER_ID);
	}
	if (event->geo) {
		host.country = slice_str(event->geo->country);
		host.asn = slice_str(event->geo->asn);
	}
	return host;
}

static int make_key(struct deliver *deliver, const struct template *key,
		    const struct login_event *event, struct key_part *parts, size_t *part_count_r)
{
	const struct template_host host = host_of(deliver, event);

	buf_reset(&deliver->key);
	buf_append_str(&deliver->key, KEY_PREFIX);
	return template_expand(key, &event->login, &host, &deliver->key, parts, PARTS_MAX,
			       part_count_r, &deliver->stats.last_error);
}

/* A record that a writer cannot take is counted there. */
static void hand_on(struct deliver *deliver, const struct deliver_route *route,
		    const struct writer_record *record, uint64_t position)
{
	const struct deliver_config *config = &deliver->config;

	deliver->stats.submitted++;
	(void)writer_submit(route->writer, record, position);
	if (!route->also)
		return;
	for (size_t i = config->writer_count - config->mirror_count; i < config->writer_count; i++)
		(void)writer_submit(config->writers[i], record, position);
}

/* The first is logged. */
static void count_unexpandable(struct deliver *deliver)
{
	if (deliver->stats.unexpandable++ == 0)
		log_warning("a login's key has no value, and it is counted as lost: %s",
			    deliver->stats.last_error.text);
}

static void submit(struct deliver *deliver, const struct deliver_route *route,
		   const struct login_event *event, uint64_t position)
{
	char value[PRECISION_TEXT_MAX];
	struct key_part parts[PARTS_MAX];
	struct writer_record record = {.time_ns = event->login.time_ns, .parts = parts};

	if (make_key(deliver, route->key, event, parts, &record.part_count) < 0) {
		count_unexpandable(deliver);
		return;
	}
	record.key = buf_slice(&deliver->key);
	record.value.ptr = value;
	record.value.len = precision_format(route->precision, record.time_ns, value);
	hand_on(deliver, route, &record, position);
}

static int make_value(struct deliver *deliver, const struct template *value,
		      const struct login_event *event)
{
	const struct template_host host = host_of(deliver, event);
	size_t count;

	buf_reset(&deliver->value);
	return template_expand(value, &event->login, &host, &deliver->value, NULL, 0, &count,
			       &deliver->stats.last_error);
}

static void submit_field(struct deliver *deliver, const struct deliver_route *route,
			 const struct deliver_field *field, const struct login_event *event,
			 uint64_t position)
{
	struct key_part parts[PARTS_MAX];
	struct writer_record record = {.time_ns = event->login.time_ns, .parts = parts};

	if (make_key(deliver, field->key, event, parts, &record.part_count) < 0 ||
	    make_value(deliver, field->value, event) < 0) {
		count_unexpandable(deliver);
		return;
	}
	record.key = buf_slice(&deliver->key);
	record.value = buf_slice(&deliver->value);
	deliver->stats.submitted++;
	(void)writer_submit(route->writer, &record, position);
}

static void submit_row(struct deliver *deliver, const struct deliver_route *route,
		       const struct login_event *event, uint64_t position)
{
	const struct template_host host = host_of(deliver, event);
	struct key_part parts[PARTS_MAX];
	struct writer_record record = {.time_ns = event->login.time_ns, .parts = parts};

	buf_reset(&deliver->value);
	if (make_key(deliver, route->key, event, parts, &record.part_count) < 0 ||
	    past_append(event, &host, &deliver->key, &deliver->value) < 0) {
		count_unexpandable(deliver);
		return;
	}
	record.key = buf_slice(&deliver->key);
	record.value = buf_slice(&deliver->value);
	hand_on(deliver, route, &record, position);
}

static void submit_all(struct deliver *deliver, const struct deliver_route *route,
		       const struct login_event *event, uint64_t position)
{
	if (route->history)
		submit_row(deliver, route, event, position);
	else
		submit(deliver, route, event, position);
	for (size_t i = 0; i < route->field_count; i++)
		submit_field(deliver, route, &route->fields[i], event, position);
}

int deliver_event(struct deliver *deliver, const struct login_event *event, uint64_t position)
{
	const struct deliver_config *config = &deliver->config;
	struct login_event masked = *event;
	int routes[DELIVER_PURPOSES];

	ip_mask_apply(&config->mask, &masked.login.remote_ip);
	for (unsigned int purpose = 0; purpose < DELIVER_PURPOSES; purpose++) {
		routes[purpose] = config->match(event, purpose, config->context);
		if (routes[purpose] < 0)
			continue;
		deliver->stats.due[purpose] += 1 + config->routes[routes[purpose]].field_count;
		submit_all(deliver, &config->routes[routes[purpose]], &masked, position);
	}
	if (event->kind == LOGIN_EVENT_LOGIN)
		(*(routes[DELIVER_LOGIN] < 0 ? &deliver->stats.unrouted
					     : &deliver->stats.logins))++;
	return routes[DELIVER_LOGIN];
}

void deliver_pass_over(struct deliver *deliver, const struct login_event *event)
{
	if (event->kind == LOGIN_EVENT_LOGIN)
		deliver->stats.unrouted++;
}

const struct deliver_stats *deliver_stats(const struct deliver *deliver)
{
	return &deliver->stats;
}
