/* SPDX-License-Identifier: MIT */
#include "cli/findings.h"

#include <stdlib.h>

#include "base/escape.h"

static const char *const state_names[] = {
	[FINDING_OK] = "ok",
	[FINDING_WARNING] = "warning",
	[FINDING_BAD] = "bad",
};

struct finding *findings_add(struct findings *findings, const char *area, enum finding_state state)
{
	if (findings->count == findings->size) {
		size_t size = findings->size ? 2 * findings->size : 16;
		struct finding *items = reallocarray(findings->items, size, sizeof(*items));

		if (!items)
			return NULL;
		findings->items = items;
		findings->size = size;
	}
	findings->items[findings->count] = (struct finding){.area = area, .state = state};
	return &findings->items[findings->count++];
}

void findings_release(struct findings *findings)
{
	free(findings->items);
	*findings = (struct findings){0};
}

enum finding_state findings_worst(const struct findings *findings)
{
	enum finding_state worst = FINDING_OK;

	for (size_t i = 0; i < findings->count; i++) {
		if (findings->items[i].state > worst)
			worst = findings->items[i].state;
	}
	return worst;
}

static void append_line(struct buf *out, const struct finding *finding)
{
	buf_appendf(out, "%-8s %-13s ", state_names[finding->state], finding->area);
	escape_terminal(out, slice_str(finding->subject));
	buf_append_str(out, ": ");
	escape_terminal(out, slice_str(finding->text));
	if (finding->advice[0]) {
		buf_append_str(out, "\n         to do: ");
		escape_terminal(out, slice_str(finding->advice));
	}
}

void findings_print(const struct findings *findings, FILE *to)
{
	struct buf out;

	buf_init(&out, 4 * sizeof(struct finding));
	for (size_t i = 0; i < findings->count; i++) {
		buf_reset(&out);
		append_line(&out, &findings->items[i]);
		(void)fprintf(to, "%s\n", buf_str(&out));
	}
	buf_release(&out);
}

static void append_member(struct buf *out, const char *name, const char *text)
{
	buf_appendf(out, ",\"%s\":\"", name);
	escape_json(out, slice_str(text));
	buf_append_char(out, '"');
}

static void append_object(struct buf *out, const struct finding *finding)
{
	buf_appendf(out, "{\"state\":\"%s\"", state_names[finding->state]);
	append_member(out, "area", finding->area);
	append_member(out, "subject", finding->subject);
	append_member(out, "text", finding->text);
	if (finding->advice[0])
		append_member(out, "advice", finding->advice);
	buf_append_char(out, '}');
}

void findings_print_json(const struct findings *findings, FILE *to)
{
	struct buf out;

	buf_init(&out, 8 * sizeof(struct finding));
	(void)fprintf(to, "{\"state\":\"%s\",\"findings\":[",
		      state_names[findings_worst(findings)]);
	for (size_t i = 0; i < findings->count; i++) {
		buf_reset(&out);
		append_object(&out, &findings->items[i]);
		(void)fprintf(to, "%s\n%s", i > 0 ? "," : "", buf_str(&out));
	}
	(void)fputs("\n]}\n", to);
	buf_release(&out);
}
