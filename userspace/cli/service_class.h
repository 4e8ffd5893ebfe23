/* SPDX-License-Identifier: MIT */
/*
 * Which records show that a person was there. Mail that arrives leaves records, too, where the
 * plugin is loaded for LMTP or dovecot-lda, and so does an administrator with doveadm.
 */
#ifndef DOVETAP_CLI_SERVICE_CLASS_H
#define DOVETAP_CLI_SERVICE_CLASS_H

#include <stdbool.h>

#include "base/slice.h"

enum service_class {
	SERVICE_LOGIN,
	SERVICE_DELIVERY, /* lmtp, lda, and what follows on mail */
	SERVICE_OTHER,	  /* doveadm */
	SERVICE_CLASSES
};

/* Every service that is not known to be something else is a login: who decides by it errs on the
 * safe side. judged: services that count as logins all the same, ends with NULL; may be NULL. */
enum service_class service_class_of(struct slice service, const char *const *judged);

/* That of a record without a service in it, which is of one of "imap, lmtp"; with mixed_r
 * true when it may be a login or not. "*" is any service that is not named: a login. */
enum service_class service_class_of_list(const char *services, const char *const *judged,
					 bool *mixed_r);

/* "last login", "last delivery", "other". */
const char *service_class_name(enum service_class class);

/* The names that are no logins, less those of judged; at most SERVICE_OTHERS_MAX and NULL. */
#define SERVICE_OTHERS_MAX 16
void service_class_others(const char *const *judged, const char *others_r[SERVICE_OTHERS_MAX + 1]);

/* Splits "a, b c" in place into words, with NULL at the end; the caller frees the list. NULL: out
 * of memory. */
const char **service_words(char *text);

#endif
