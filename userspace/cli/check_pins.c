/* SPDX-License-Identifier: MIT */
#include "cli/check_pins.h"

#include <errno.h>

#include "attach/link_name.h"
#include "attach/pins.h"

struct pin_count {
	unsigned int probes, others;
};

static void count_pin(void *context, const char *name, int fd)
{
	struct pin_count *count = context;
	struct link_name parsed;

	(void)fd;
	if (link_name_parse(name, &parsed))
		count->probes++;
	else
		count->others++;
}

static void print_pins(const char *dir, const struct pin_count *count, const char *state,
		       struct finding *finding)
{
	(void)snprintf(finding->subject, sizeof(finding->subject), "pins in %.250s", dir);
	(void)snprintf(finding->text, sizeof(finding->text), "%u probe%s, %u map%s; %.300s",
		       count->probes, count->probes == 1 ? "" : "s", count->others,
		       count->others == 1 ? "" : "s", state);
}

/* The directory is not there yet, or is none for pins. */
static void check_place(const char *dir, struct findings *findings)
{
	struct finding *finding;
	struct error error = {0};

	if (pins_check_place(dir, &error) == 0)
		return;
	finding = findings_add(findings, "kernel", FINDING_BAD);
	if (!finding)
		return;
	(void)snprintf(finding->subject, sizeof(finding->subject), "pin %.250s", dir);
	(void)snprintf(finding->text, sizeof(finding->text), "%.500s", error.text);
	(void)snprintf(finding->advice, sizeof(finding->advice),
		       "\"dovetap run\" runs without pins there: a restart then has a gap");
}

void check_pins(const char *wanted, struct findings *findings)
{
	const char *dir = wanted[0] ? wanted : PINS_DIR_DEFAULT;
	struct pin_count count = {0};
	struct finding *finding;
	struct error error = {0};
	struct pins *pins;
	int ret;

	if (pins_list(dir, count_pin, &count, NULL) < 0) {
		if (wanted[0])
			check_place(wanted, findings);
		return;
	}
	ret = pins_open(dir, &pins, &error);
	if (ret == 0)
		pins_close(&pins);
	finding = findings_add(findings, "kernel", wanted[0] ? FINDING_OK : FINDING_WARNING);
	if (!finding)
		return;
	print_pins(dir, &count,
		   ret == 0	   ? "the next dovetap with this pin setting goes on there"
		   : ret == -EBUSY ? "a dovetap works with them"
				   : error.text,
		   finding);
	if (!wanted[0] && ret != -EBUSY)
		(void)snprintf(finding->advice, sizeof(finding->advice), "%s",
			       "set pin in dovetap { }, or remove them with \"dovetap detach\"");
}
