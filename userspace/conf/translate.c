/* SPDX-License-Identifier: MIT */
#include "conf/translate.h"

#include "conf/translate_words.h"

#include <errno.h>
#include <stddef.h>

const struct translate_variable translate_variables[TRANSLATE_VARIABLES] = {
	{'u', "user", "user", NULL},
	{'n', "username", "user", "username"},
	{'d', "domain", "user", "domain"},
	{'s', "service", "service", NULL},
	{'h', "home", "home", NULL},
	{'l', "local_ip", "local_ip", NULL},
	{0, "lip", "local_ip", NULL},
	{'r', "remote_ip", "remote_ip", NULL},
	{0, "rip", "remote_ip", NULL},
	{'p', "pid", "process:pid", NULL},
	{0, "session", "session", NULL},
	{0, "auth_user", "auth_user", NULL},
	{0, "auth_username", "auth_user", "username"},
	{0, "auth_domain", "auth_user", "domain"},
	{0, "hostname", "hostname", NULL},
};

const struct translate_filter translate_filters[TRANSLATE_FILTERS] = {
	{'L', NULL, "lower"},	 {'U', NULL, "upper"},	  {'R', NULL, "reverse"},
	{'M', "md5", "md5"},	 {0, "sha1", "sha1"},	  {0, "sha256", "sha256"},
	{0, "sha384", "sha384"}, {0, "sha512", "sha512"},
};

int translate_no_form(struct error *error_r, const char *begin, size_t len, const char *version)
{
	return error_set(error_r, EINVAL, "\"%.*s\" has no form in the template language of %s",
			 (int)len, begin, version);
}

int translate_template(void *context, const char *text, bool to_v24, struct buf *out,
		       struct error *error_r)
{
	(void)context;
	return to_v24 ? translate_to_v24(text, out, error_r) : translate_to_v23(text, out, error_r);
}
