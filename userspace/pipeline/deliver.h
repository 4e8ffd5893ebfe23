/* SPDX-License-Identifier: MIT */
/*
 * The last stages of the pipeline: route -> key -> value -> writers.
 *
 * One event can become several records: that of the login, those of last_auth_key and
 * last_failure_key, and a row of a history.
 */
#ifndef DOVETAP_PIPELINE_DELIVER_H
#define DOVETAP_PIPELINE_DELIVER_H

#include "base/error.h"
#include "base/precision.h"
#include "login/event.h"
#include "login/ip_mask.h"
#include "login/template/template.h"
#include "plan/purpose.h"
#include "store/writer/writer.h"

/* What becomes of the events that match. */
struct deliver_route {
	struct template *key; /* without Dovecot's "shared/" */
	enum precision precision;
	struct writer *writer; /* several routes may share one */
	const struct deliver_field *fields;
	size_t field_count;
	bool also;    /* goes to the also writers as well */
	bool history; /* the value is a row of a history, not a time */
};

struct deliver_config {
	struct deliver_route *routes;
	size_t route_count;
	struct writer **writers; /* each once */
	size_t writer_count;
	size_t mirror_count; /* the last of the writers */
	struct template_host host;
	struct ip_mask mask;		     /* what keys may have of a client's address */
	const struct deliver_stats *earlier; /* to go on with; for deliver_new(), NULL: from 0 */

	/* The route of an event for that purpose, or -1: not recorded. */
	int (*match)(const struct login_event *event, enum deliver_purpose purpose, void *context);
	void *context;
};

struct deliver_stats {
	uint64_t logins;		/* that are recorded */
	uint64_t unrouted;		/* logins of services that are not recorded */
	uint64_t due[DELIVER_PURPOSES]; /* records to be written; then: */
	uint64_t unexpandable;		/* lost: the key template has no value */
	uint64_t submitted;		/* to a writer; some may be counted lost there */
	struct error last_error;	/* of unexpandable ones */
};

struct deliver;

/* config is copied; what it points to stays the caller's. */
int deliver_new(const struct deliver_config *config, struct deliver **deliver_r,
		struct error *error_r);
void deliver_free(struct deliver **deliver); /* takes NULL, sets NULL */

/* Hands the event's records to the writers; position is the source's behind it. Returns the route
 * of the login, or -1 when no login is recorded. */
int deliver_event(struct deliver *deliver, const struct login_event *event, uint64_t position);

/* Counts an event that is not to be recorded. */
void deliver_pass_over(struct deliver *deliver, const struct login_event *event);

const struct deliver_stats *deliver_stats(const struct deliver *deliver);

#endif
