/* SPDX-License-Identifier: MIT */
/* Writers on fake dicts, and events, records and a source that a test makes up. */
#ifndef DOVETAP_PIPELINE_CASE_H
#define DOVETAP_PIPELINE_CASE_H

#include <stdlib.h>
#include <sys/socket.h>

#include "../cmocka_all.h"
#include "../store/fake_dict.h"
#include "base/clock.h"
#include "capture/event_source.h"
#include "pipeline/pipeline.h"

#define LONG_NS (60 * NS_PER_SEC) /* nothing here takes so long unless it hangs */

/* --- dicts ---------------------------------------------------------------------------------- */

struct sink {
	struct fake_dict fake;
	struct writer *writer;
};

static inline void sink_open(struct sink *sink)
{
	const struct writer_options options = {
		.name = "fake",
		.batch_wait_ns = 1,
		.backoff_min_ns = NS_PER_MSEC,
		.backoff_max_ns = 2 * NS_PER_MSEC,
	};
	struct error error;

	*sink = (struct sink){.fake.dict.driver = &fake_driver};
	assert_int_equal(writer_new(&sink->fake.dict, &options, &sink->writer, &error), 0);
}

static inline void sink_close(struct sink *sink)
{
	writer_free(&sink->writer);
}

static inline void sink_drain(struct sink *sink)
{
	assert_int_equal(writer_drain(sink->writer, clock_monotonic_ns() + LONG_NS), 0);
}

/* The value that is stored under the key; NULL without one. After sink_drain() only. */
static inline const char *sink_value(struct sink *sink, const char *key)
{
	const struct fake_record *record = fake_find(&sink->fake, slice_str(key));

	return record ? record->value : NULL;
}

/* --- templates ------------------------------------------------------------------------------ */

static inline struct template *template_of(const char *text)
{
	struct template *template = NULL;
	struct error error = {0};

	if (template_compile(text, TEMPLATE_V24, "test", NULL, &template, &error) < 0)
		fail_msg("%s", error.text);
	return template;
}

/* --- events and records ---------------------------------------------------------------------- */

static inline void set_text(struct login_event *event, unsigned int field, const char *text)
{
	event->login.text[field] = slice_str(text);
	event->login.present |= DOVETAP_BIT(field);
}

static inline struct login_event event_of(enum login_event_kind kind, const char *user)
{
	struct login_event event = {.kind = kind, .login.type = DOVETAP_EVENT_MAIL_USER};

	event.login.time_ns = 1795338170123456789;
	event.login.remote_ip = (struct login_ip){AF_INET, {192, 0, 2, 7}};
	event.login.present = DOVETAP_BIT(DOVETAP_FIELD_REMOTE_IP);
	set_text(&event, DOVETAP_FIELD_USERNAME, user);
	set_text(&event, DOVETAP_FIELD_SERVICE, "imap");
	return event;
}

#define SET(event, field, id, text)                                                                \
	do {                                                                                       \
		snprintf((event)->field, sizeof((event)->field), "%s", text);                      \
		(event)->head.length[DOVETAP_FIELD_##id] = (uint16_t)strlen(text);                 \
		(event)->head.present |= DOVETAP_BIT(DOVETAP_FIELD_##id);                          \
	} while (0)

/* As the probes write it. */
static inline struct dovetap_event record_of(enum dovetap_event_type type, const char *user,
					     const char *session, uint64_t boot_ns)
{
	struct dovetap_event event = {
		.head = {.major = DOVETAP_EVENT_MAJOR,
			 .type = (uint16_t)type,
			 .size = sizeof(event),
			 .boot_ns = boot_ns,
			 .object = boot_ns,
			 .pid = 7,
			 .remote_family = AF_INET,
			 .remote_ip = {192, 0, 2, 7}},
	};

	event.seal = (struct dovetap_event_seal){.object = boot_ns, .pid = event.head.pid};
	event.head.present = DOVETAP_BIT(DOVETAP_FIELD_REMOTE_IP);
	if (type == DOVETAP_EVENT_AUTH)
		event.head.flags = DOVETAP_FLAG_SUCCESSFUL;
	if (user[0])
		SET(&event, username, USERNAME, user);
	SET(&event, service, SERVICE, "imap");
	SET(&event, mech, MECH, "PLAIN");
	if (session[0])
		SET(&event, session_id, SESSION_ID, session);
	return event;
}

/* --- a source -------------------------------------------------------------------------------- */

#define SOURCE_MAX 64

struct fake_source {
	struct event_source source;
	struct dovetap_event records[SOURCE_MAX];
	size_t count, next;
	int end;	   /* what peek() returns behind the last one */
	uint64_t released; /* the greatest position so far */
	unsigned int releases;
};

/* Positions count in tens: they are the source's own. */
static inline int fake_peek(struct event_source *source, struct slice *record_r,
			    uint64_t *position_r, struct error *error_r)
{
	struct fake_source *fake = (struct fake_source *)source;

	if (fake->next == fake->count)
		return fake->end < 0 ? error_set(error_r, -fake->end, "the end") : 0;
	*record_r = (struct slice){(const char *)&fake->records[fake->next],
				   fake->records[fake->next].head.size};
	*position_r = 10 * ++fake->next;
	return 1;
}

static inline void fake_release(struct event_source *source, uint64_t position)
{
	struct fake_source *fake = (struct fake_source *)source;

	assert_true(position > fake->released); /* it never goes back, nor is called for nothing */
	assert_true(position <= 10 * fake->next);
	fake->released = position;
	fake->releases++;
}

static inline void source_add(struct fake_source *fake, struct dovetap_event event)
{
	assert_true(fake->count < SOURCE_MAX);
	fake->records[fake->count++] = event;
}

#endif
