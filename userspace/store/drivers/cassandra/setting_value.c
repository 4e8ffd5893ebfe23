/* SPDX-License-Identifier: MIT */
#include "store/drivers/cassandra/setting_value.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "conf/dovecot_value.h"

/* @UNSAFE: the table below pairs each function with an offset of its type. */
#define FIELD(settings, offset, type) ((type *)((char *)(settings) + (offset)))

int cql_set_text(struct cql_settings *settings, size_t offset, const char *value,
		 struct error *error_r)
{
	char **text = FIELD(settings, offset, char *), *copy = strdup(value);

	if (!copy)
		return error_set(error_r, ENOMEM, "out of memory");
	free(*text);
	*text = copy;
	return 0;
}

int cql_set_host(struct cql_settings *settings, size_t offset, const char *value,
		 struct error *error_r)
{
	char *copy;

	(void)offset;
	if (settings->host_count == CQL_CONTACTS_MAX)
		return error_set(error_r, EINVAL, "more than %d hosts", CQL_CONTACTS_MAX);
	copy = strdup(value);
	if (!copy)
		return error_set(error_r, ENOMEM, "out of memory");
	settings->hosts[settings->host_count++] = copy;
	return 0;
}

/* 2.4: several in one setting. */
int cql_set_hosts(struct cql_settings *settings, size_t offset, const char *value,
		  struct error *error_r)
{
	char *words = strdup(value), *save = NULL, *word;
	int ret = words ? 0 : error_set(error_r, ENOMEM, "out of memory");

	for (word = words ? strtok_r(words, " \t,", &save) : NULL; word && ret == 0;
	     word = strtok_r(NULL, " \t,", &save))
		ret = cql_set_host(settings, offset, word, error_r);
	free(words);
	return ret;
}

static int parse_uint(const char *value, unsigned long most, unsigned long *number_r)
{
	char *end;

	if (!isdigit((unsigned char)value[0]))
		return -EINVAL;
	errno = 0;
	*number_r = strtoul(value, &end, 10);
	return errno == 0 && *end == '\0' && *number_r <= most ? 0 : -EINVAL;
}

int cql_set_number(struct cql_settings *settings, size_t offset, const char *value,
		   struct error *error_r)
{
	unsigned long number;

	if (parse_uint(value, 1000, &number) < 0)
		return error_set(error_r, EINVAL, "a number from 0 to 1000 is needed");
	*FIELD(settings, offset, unsigned int) = (unsigned int)number;
	return 0;
}

int cql_set_port(struct cql_settings *settings, size_t offset, const char *value,
		 struct error *error_r)
{
	unsigned long number;

	if (parse_uint(value, 65535, &number) < 0 || number == 0)
		return error_set(error_r, EINVAL, "a port from 1 to 65535 is needed");
	*FIELD(settings, offset, unsigned int) = (unsigned int)number;
	return 0;
}

int cql_set_version(struct cql_settings *settings, size_t offset, const char *value,
		    struct error *error_r)
{
	unsigned long number;

	if (parse_uint(value, 6, &number) < 0 || (number != 0 && number < CQL_VERSION_MIN))
		return error_set(error_r, EINVAL, "protocol versions %d and %d are spoken",
				 CQL_VERSION_MIN, CQL_VERSION_MAX);
	if (number == 0 || number > CQL_VERSION_MAX) /* every server that speaks 5 speaks 4 */
		number = CQL_VERSION_MAX;
	*FIELD(settings, offset, unsigned int) = (unsigned int)number;
	return 0;
}

int cql_set_consistency(struct cql_settings *settings, size_t offset, const char *value,
			struct error *error_r)
{
	enum cql_consistency consistency;

	if (cql_consistency_parse(value, &consistency) < 0)
		return error_set(error_r, EINVAL,
				 "any, one, two, three, quorum, all, local-quorum, each-quorum, "
				 "serial, local-serial or local-one is needed");
	*FIELD(settings, offset, unsigned int) = consistency;
	return 0;
}

/* "5" alone is seconds, as in a connect line. */
int cql_set_time(struct cql_settings *settings, size_t offset, const char *value,
		 struct error *error_r)
{
	size_t digits = strspn(value, "0123456789");
	char secs[32];
	int64_t msecs;

	if (digits > 0 && value[digits] == '\0') {
		snprintf(secs, sizeof(secs), "%.16ss", value);
		value = secs;
	}
	/* A year is too many milliseconds for Dovecot, but not too many seconds. */
	if (dovecot_interval_parse(value, true, &msecs, NULL) < 0 &&
	    dovecot_interval_parse(value, false, &msecs, NULL) < 0)
		return error_set(error_r, EINVAL, "a time such as 500ms, 5s or 90d is needed");
	if (__builtin_mul_overflow(msecs, NS_PER_MSEC, FIELD(settings, offset, int64_t)))
		*FIELD(settings, offset, int64_t) = INT64_MAX;
	return 0;
}

int cql_set_verify(struct cql_settings *settings, size_t offset, const char *value,
		   struct error *error_r)
{
	static const struct {
		const char *name;
		enum cql_verify verify;
	} names[] = {
		{"none", CQL_VERIFY_NONE},	{"cert", CQL_VERIFY_CERT},
		{"cert-only", CQL_VERIFY_CERT}, {"cert-ip", CQL_VERIFY_IP},
		{"cert-dns", CQL_VERIFY_DNS},
	};
	size_t i;

	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (strcmp(names[i].name, value) == 0) {
			*FIELD(settings, offset, unsigned int) = names[i].verify;
			settings->tls = true;
			return 0;
		}
	}
	return error_set(error_r, EINVAL, "none, cert, cert-ip or cert-dns is needed");
}

/* 2.4: "no" switches TLS off. */
int cql_set_ssl(struct cql_settings *settings, size_t offset, const char *value,
		struct error *error_r)
{
	if (strcmp(value, "no") == 0) {
		settings->tls = false;
		return 0;
	}
	return cql_set_verify(settings, offset, value, error_r);
}

int cql_set_ca(struct cql_settings *settings, size_t offset, const char *value,
	       struct error *error_r)
{
	settings->tls = true;
	return cql_set_text(settings, offset, value, error_r);
}

/* Tunes what we do not have (threads, the driver's own log and metrics, deletes). */
int cql_set_nothing(struct cql_settings *settings, size_t offset, const char *value,
		    struct error *error_r)
{
	(void)settings, (void)offset, (void)value, (void)error_r;
	return 0;
}
