/* SPDX-License-Identifier: MIT */
/* Input of the template fuzzers: a template, a NUL, and the name of the user who logs in. */
#ifndef DOVETAP_FUZZ_TEMPLATE_INPUT_H
#define DOVETAP_FUZZ_TEMPLATE_INPUT_H

#include <stdint.h>
#include <stdlib.h>

#include "login/template/template.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define PART_MAX 64

static void check_parts(const struct buf *out, const struct key_part *parts, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (!parts[i].variable || parts[i].offset > out->len ||
		    parts[i].len > out->len - parts[i].offset)
			abort();
}

static void expand(const struct template *template, struct slice user)
{
	struct login login = {.time_ns = 1795338170123456789, .pid = 20076, .remote_port = 993};
	struct key_part parts[PART_MAX];
	struct error error;
	struct buf out;
	size_t count = 0;

	login.text[DOVETAP_FIELD_USERNAME] = login.text[DOVETAP_FIELD_HOME] = user;
	login.present = DOVETAP_BIT(DOVETAP_FIELD_USERNAME) | DOVETAP_BIT(DOVETAP_FIELD_HOME);
	login.text[DOVETAP_FIELD_SERVICE] = slice_str("imap");
	buf_init(&out, 1 << 20);
	if (template_expand(template, &login, NULL, &out, parts, PART_MAX, &count, &error) == 0)
		check_parts(&out, parts, count);
	else if (out.len > 0)
		abort();
	buf_release(&out);
}

static void fuzz_template(enum template_language language, const uint8_t *data, size_t size)
{
	char *text = malloc(size + 1);
	struct template *template = NULL;
	struct slice user = {"", 0};
	struct error error;
	size_t len;

	if (!text)
		return;
	if (size > 0)
		memcpy(text, data, size);
	text[size] = '\0';
	len = strlen(text);
	if (len < size)
		user = (struct slice){text + len + 1, size - len - 1};
	if (template_compile(text, language, "fuzz", NULL, &template, &error) == 0)
		expand(template, user);
	template_free(&template);
	free(text);
}

#endif
