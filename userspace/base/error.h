/* SPDX-License-Identifier: MIT */
/*
 * Why something failed, in words for the operator.
 *
 * A function that can fail returns 0 or more, or a negative errno, and takes a struct error last
 * where a person will need the reason. The text is filled where the facts are, prefixed on the
 * way up, and logged once, where the error is handled. Passwords never enter a text.
 */
#ifndef DOVETAP_ERROR_H
#define DOVETAP_ERROR_H

struct error {
	int code;	/* positive errno of the last error_set() */
	char text[512]; /* one line without a newline; cut with "..." when longer */
};

/* Fills error_r (may be NULL) and returns -code, so that "return error_set(...)" reads well. */
int error_set(struct error *error_r, int code, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/* Puts "prefix: " before the text that is there. Returns -code of the error. */
int error_prefix(struct error *error_r, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/*
 * Where the kernel denies a permission (EACCES in the words of strerror(3); servers have others):
 * puts the number of the user to whom, this process's, behind it.
 */
void error_name_user(struct error *error);

#endif
