/* SPDX-License-Identifier: MIT */
#include "login/template/variable.h"

#include <errno.h>
#include <stdio.h>
#include <time.h>

typedef int get_fn(const struct variable_source *source, unsigned int argument,
		   char text[VARIABLE_TEXT_MAX], struct slice *value_r, struct error *error_r);

/* Where Dovecot takes another field when one is not set. */
static const uint8_t fallbacks[DOVETAP_TEXT_COUNT] = {
	[DOVETAP_FIELD_AUTH_USER] = DOVETAP_FIELD_USERNAME + 1,
	[DOVETAP_FIELD_PROTOCOL] = DOVETAP_FIELD_SERVICE + 1,
	[DOVETAP_FIELD_SERVICE] = DOVETAP_FIELD_PROTOCOL + 1, /* of an authentication in 2.4 */
};

static const char *const field_names[DOVETAP_TEXT_COUNT] = {
#define DOVETAP_X(id, member, ordinary, longer) [DOVETAP_FIELD_##id] = #member,
	DOVETAP_TEXT_FIELDS(DOVETAP_X)
#undef DOVETAP_X
};

/* A key made of half a name would be another user's. */
static int refuse_field(unsigned int field, const char *why, struct error *error_r)
{
	return error_set(error_r, ENODATA, "%s of this login %s", field_names[field], why);
}

static int get_text(const struct variable_source *source, unsigned int argument,
		    char text[VARIABLE_TEXT_MAX], struct slice *value_r, struct error *error_r)
{
	const struct login *login = source->login;
	unsigned int field = argument;

	(void)text;
	if (login->text[field].len == 0 && fallbacks[field] > 0)
		field = fallbacks[field] - 1U;
	if (login->truncated & DOVETAP_BIT(field))
		return refuse_field(field, "is longer than what is captured", error_r);
	if (field == DOVETAP_FIELD_HOME && !login_has(login, field))
		return refuse_field(field, "was not captured", error_r);
	*value_r = login->text[field];
	return 0;
}

static int get_before_at(const struct variable_source *source, unsigned int argument,
			 char text[VARIABLE_TEXT_MAX], struct slice *value_r, struct error *error_r)
{
	int ret = get_text(source, argument, text, value_r, error_r);
	const char *at;

	if (ret < 0 || value_r->len == 0)
		return ret;
	at = memchr(value_r->ptr, '@', value_r->len);
	if (at)
		value_r->len = (size_t)(at - value_r->ptr);
	return 0;
}

static int get_behind_at(const struct variable_source *source, unsigned int argument,
			 char text[VARIABLE_TEXT_MAX], struct slice *value_r, struct error *error_r)
{
	int ret = get_text(source, argument, text, value_r, error_r);
	const char *at, *end;

	if (ret < 0 || value_r->len == 0)
		return ret;
	end = value_r->ptr + value_r->len;
	at = memchr(value_r->ptr, '@', value_r->len);
	*value_r = at ? (struct slice){at + 1, (size_t)(end - at - 1)} : (struct slice){end, 0};
	return 0;
}

static int get_ip(const struct variable_source *source, unsigned int argument,
		  char text[VARIABLE_TEXT_MAX], struct slice *value_r, struct error *error_r)
{
	const void *ip = (const char *)source->login + argument;

	(void)error_r;
	*value_r = (struct slice){text, login_ip_text(ip, text)};
	return 0;
}

static int put_number(uint64_t number, char text[VARIABLE_TEXT_MAX], struct slice *value_r)
{
	char *digit = text + VARIABLE_TEXT_MAX;

	/* UNSAFE: a 64-bit number has at most 20 digits. */
	do {
		*--digit = (char)('0' + number % 10);
		number /= 10;
	} while (number > 0);
	*value_r = (struct slice){digit, (size_t)(text + VARIABLE_TEXT_MAX - digit)};
	return 0;
}

static int get_number(const struct variable_source *source, unsigned int argument,
		      char text[VARIABLE_TEXT_MAX], struct slice *value_r, struct error *error_r)
{
	uint32_t number;

	(void)error_r;
	memcpy(&number, (const char *)source->login + argument, sizeof(number));
	return put_number(number, text, value_r);
}

/* Port 0 means none. */
static int get_port(const struct variable_source *source, unsigned int argument,
		    char text[VARIABLE_TEXT_MAX], struct slice *value_r, struct error *error_r)
{
	uint16_t port;

	(void)error_r;
	memcpy(&port, (const char *)source->login + argument, sizeof(port));
	if (port > 0)
		return put_number(port, text, value_r);
	*value_r = (struct slice){text, 0};
	return 0;
}

static int get_host(const struct variable_source *source, unsigned int argument,
		    char text[VARIABLE_TEXT_MAX], struct slice *value_r, struct error *error_r)
{
	(void)text;
	(void)error_r;
	memcpy(value_r, (const char *)source->host + argument, sizeof(*value_r));
	return 0;
}

static int get_local_time(const struct variable_source *source, unsigned int argument,
			  char text[VARIABLE_TEXT_MAX], struct slice *value_r,
			  struct error *error_r)
{
	const char format[] = {'%', (char)argument, '\0'};
	time_t seconds = source->login->time_ns / 1000000000;
	struct tm tm;

	if (!localtime_r(&seconds, &tm))
		return error_set(error_r, ENODATA, "the time of this login has no local date");
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
	*value_r = (struct slice){text, strftime(text, VARIABLE_TEXT_MAX, format, &tm)};
#pragma GCC diagnostic pop
	return 0;
}

static int get_microseconds(const struct variable_source *source, unsigned int argument,
			    char text[VARIABLE_TEXT_MAX], struct slice *value_r,
			    struct error *error_r)
{
	(void)argument;
	(void)error_r;
	return put_number((uint64_t)(source->login->time_ns / 1000 % 1000000), text, value_r);
}

static const struct variable_row {
	const char *name;
	get_fn *get;
	unsigned int argument;
} rows[VARIABLE_COUNT] = {
#define VARIABLE_X(id, name, get, argument) [VARIABLE_##id] = {name, get_##get, argument},
	VARIABLES(VARIABLE_X)
#undef VARIABLE_X
};

const char *variable_name(enum variable variable)
{
	return rows[variable].name;
}

int variable_get(const struct variable_source *source, enum variable variable,
		 char text[VARIABLE_TEXT_MAX], struct slice *value_r, struct error *error_r)
{
	const struct variable_row *row = &rows[variable];

	return row->get(source, row->argument, text, value_r, error_r);
}
