/* SPDX-License-Identifier: MIT */
#include "cli/history_list.h"

#include <errno.h>
#include <stdlib.h>

#include "base/clock.h"
#include "pipeline/targets.h"
#include "store/spool/spool_parts.h"
#include "store/spool/spool_view.h"

#define TIMEOUT_NS (10 * NS_PER_SEC)
#define PARTS_MAX  (1U << 16)
#define KEY_MAX	   (1U << 16)

/* --- keeping -------------------------------------------------------------------------------- */

static size_t text_size(const struct history_row *row)
{
	size_t size = row->user.len;

	for (unsigned int i = 0; i < HISTORY_FIELDS; i++)
		size += row->field[i].len;
	return size;
}

static struct slice keep_text(char **at, struct slice text)
{
	struct slice kept = {*at, text.len};

	/* UNSAFE: text_size() counted it. */
	if (text.len > 0)
		memcpy(*at, text.ptr, text.len);
	*at += text.len;
	return kept;
}

static struct history_item *item_new(const struct history_row *row, enum deliver_purpose purpose)
{
	struct history_item *item = malloc(sizeof(*item) + text_size(row));
	char *at = item ? item->text : NULL;

	if (!item)
		return NULL;
	item->purpose = purpose;
	item->row.time_ns = row->time_ns;
	item->row.user = keep_text(&at, row->user);
	for (unsigned int i = 0; i < HISTORY_FIELDS; i++)
		item->row.field[i] = keep_text(&at, row->field[i]);
	return item;
}

static int make_room(struct history_list *list)
{
	size_t room = list->room ? list->room * 2 : 64;
	struct history_item **items;

	if (list->count < list->room)
		return 0;
	items = reallocarray(list->items, room, sizeof(struct history_item *));
	if (!items)
		return -ENOMEM;
	list->items = items;
	list->room = room;
	return 0;
}

/* What a store or spool is being asked for. */
struct asking {
	struct history_list *list;
	enum deliver_purpose purpose;
	struct slice user;
	struct buf text, parts;
};

static void keep(const struct history_row *row, void *context)
{
	struct asking *asking = context;
	struct history_list *list = asking->list;
	struct history_item *item;

	if (list->ret < 0)
		return;
	item = make_room(list) == 0 ? item_new(row, asking->purpose) : NULL;
	if (item)
		list->items[list->count++] = item;
	else
		list->ret = -ENOMEM;
}

void history_list_release(struct history_list *list)
{
	for (size_t i = 0; i < list->count; i++)
		free(list->items[i]);
	free(list->items);
	list->items = NULL;
	list->count = list->room = 0;
}

/* --- asking --------------------------------------------------------------------------------- */

static int ask_dict(struct asking *asking, size_t index, struct error *error_r)
{
	const struct history_list *list = asking->list;
	int64_t timeout = list->timeout_ns > 0 ? list->timeout_ns : TIMEOUT_NS;
	struct dict *dict;
	int ret = plan_dict_open(list->plan, index, &dict, error_r);

	if (ret < 0)
		return ret;
	ret = dict_history(dict, asking->user, list->limit, clock_monotonic_ns() + timeout, keep,
			   asking, error_r);
	dict_close(&dict);
	return ret < 0 ? error_prefix(error_r, "%s", plan_dict_name(list->plan, index)) : 0;
}

static void take_waiting(const struct spool_row *row, void *context)
{
	struct asking *asking = context;
	struct key_part parts[SPOOL_PARTS_MAX];
	struct dict_entry entry = {
		.key = row->key, .value = row->value, .time_ns = row->time_ns, .parts = parts};
	struct history_row past;
	int count;

	buf_reset(&asking->parts);
	if (buf_append_slice(&asking->parts, row->parts) < 0 || asking->parts.len == 0)
		return;
	count = spool_parts_parse(asking->parts.data, row->key.len, parts, SPOOL_PARTS_MAX);
	entry.part_count = count > 0 ? (size_t)count : 0;
	if (history_row_of(&entry, &asking->text, &past) &&
	    (asking->user.len == 0 || slice_equal(past.user, asking->user)))
		keep(&past, asking);
}

/* Without a file nothing has ever waited. */
static int ask_spool(struct asking *asking, size_t index, struct error *error_r)
{
	const struct plan *plan = asking->list->plan;
	struct spool_view *view;
	struct error error;
	char dir[PATH_MAX];
	int64_t ret;

	targets_spool_dir(plan, dir);
	ret = spool_view_open(dir, plan_dict_id(plan, index), &view, &error);
	if (ret < 0 && ret != -ENOENT)
		*error_r = error;
	if (ret < 0)
		return ret == -ENOENT ? 0 : (int)ret;
	ret = spool_view_pending(view, take_waiting, asking, error_r);
	spool_view_close(&view);
	return ret < 0 ? (int)ret : 0;
}

static int ask_store(struct asking *asking, size_t index, struct error *error_r)
{
	int ret = ask_dict(asking, index, error_r);

	if (ret == 0)
		ret = ask_spool(asking, index, error_r);
	if (ret == 0 && asking->list->ret < 0)
		ret = error_set(error_r, ENOMEM, "out of memory for the history");
	return ret;
}

/* One dict has the rows of one purpose. Returns 1 when this is a history. */
static int purpose_of(const struct plan *plan, size_t dict, enum deliver_purpose *purpose_r)
{
	for (size_t i = 0; i < plan_route_count(plan); i++) {
		*purpose_r = plan_route(plan, i)->purpose;
		if (plan_route_uses(plan, i, dict) && deliver_is_history(*purpose_r))
			return 1;
	}
	return 0;
}

int history_ask(struct history_list *list, struct slice user, struct error *error_r)
{
	struct asking asking = {.list = list, .user = user};
	bool kept = false;
	int ret = 0;

	buf_init(&asking.text, HISTORY_VALUE_MAX);
	buf_init(&asking.parts, PARTS_MAX);
	for (size_t i = 0; i < plan_dict_count(list->plan) && ret == 0; i++) {
		if (!purpose_of(list->plan, i, &asking.purpose))
			continue;
		kept = true;
		ret = ask_store(&asking, i, error_r);
	}
	buf_release(&asking.text);
	buf_release(&asking.parts);
	if (ret == 0 && !kept)
		ret = error_set(error_r, EINVAL,
				"no history is kept: the setting history in dovetap { } is 0");
	return ret;
}

/* --- writing -------------------------------------------------------------------------------- */

static int write_item(struct dict *dict, const struct history_item *item, struct slice user,
		      struct error *error_r)
{
	bool failure = item->purpose == DELIVER_FAILURE_HISTORY;
	struct key_part part;
	struct dict_entry entry = {.time_ns = item->row.time_ns, .parts = &part, .part_count = 1};
	struct buf key, value;
	int ret;

	buf_init(&key, KEY_MAX);
	buf_init(&value, HISTORY_VALUE_MAX);
	ret = history_append_key(&key, failure ? HISTORY_FAILURES : HISTORY_LOGINS, user,
				 item->row.field[HISTORY_ID], &part);
	if (ret == 0)
		ret = history_format(&value, &item->row);
	entry.key = buf_slice(&key);
	entry.value = buf_slice(&value);
	ret = ret < 0 ? error_set(error_r, ENOMEM, "no room for a row")
		      : dict_write(dict, &entry, 1, clock_monotonic_ns() + TIMEOUT_NS, error_r);
	if (ret == 0 && entry.outcome != DICT_STORED && entry.outcome != DICT_UNCHANGED)
		ret = error_set(error_r, EIO, "%s", entry.reason);
	buf_release(&key);
	buf_release(&value);
	return ret;
}

static int write_dict(const struct history_list *list, size_t index, enum deliver_purpose purpose,
		      struct slice user, struct error *error_r)
{
	struct dict *dict;
	int ret = plan_dict_open(list->plan, index, &dict, error_r);

	if (ret < 0)
		return ret;
	for (size_t i = 0; i < list->count && ret == 0; i++) {
		if (list->items[i]->purpose == purpose)
			ret = write_item(dict, list->items[i], user, error_r);
	}
	dict_close(&dict);
	return ret < 0 ? error_prefix(error_r, "%s", plan_dict_name(list->plan, index)) : 0;
}

int history_write(const struct history_list *list, struct slice user, struct error *error_r)
{
	enum deliver_purpose purpose;
	int ret = 0;

	for (size_t i = 0; i < plan_dict_count(list->plan) && ret == 0; i++) {
		if (purpose_of(list->plan, i, &purpose))
			ret = write_dict(list, i, purpose, user, error_r);
	}
	return ret;
}

/* --- order ---------------------------------------------------------------------------------- */

static int compare_text(struct slice a, struct slice b)
{
	size_t len = a.len < b.len ? a.len : b.len;
	int order = len > 0 ? memcmp(a.ptr, b.ptr, len) : 0;

	return order ? order : (a.len > b.len) - (a.len < b.len);
}

/* Copies of one row stand side by side. */
static int compare_id(const void *left, const void *right)
{
	const struct history_item *a = *(struct history_item *const *)left;
	const struct history_item *b = *(struct history_item *const *)right;
	int order = compare_text(a->row.field[HISTORY_ID], b->row.field[HISTORY_ID]);

	if (order == 0)
		order = compare_text(a->row.user, b->row.user);
	return order ? order : (int)a->purpose - (int)b->purpose;
}

static int compare_time(const void *left, const void *right)
{
	const struct history_item *a = *(struct history_item *const *)left;
	const struct history_item *b = *(struct history_item *const *)right;

	if (a->row.time_ns != b->row.time_ns)
		return a->row.time_ns < b->row.time_ns ? 1 : -1;
	return compare_id(left, right);
}

void history_sort(struct history_list *list)
{
	size_t kept = 0;

	if (list->count == 0)
		return;
	qsort(list->items, list->count, sizeof(struct history_item *), compare_id);
	for (size_t i = 0; i < list->count; i++) {
		if (kept > 0 && compare_id(&list->items[kept - 1], &list->items[i]) == 0)
			free(list->items[i]);
		else
			list->items[kept++] = list->items[i];
	}
	list->count = kept;
	qsort(list->items, list->count, sizeof(struct history_item *), compare_time);
}

/* --- printing ------------------------------------------------------------------------------- */

/* Behind user, event and time: the fields, in their own order but for the id. */
static const struct report_column columns[] = {
	{"USER", "user", NULL},
	{"EVENT", "event", NULL},
	{"TIME", "time", NULL},
	{"SERVICE", "service", "-"},
	{"REMOTE IP", "remote_ip", "-"},
	{"COUNTRY", "country", "-"},
	{"ASN", "asn", "-"},
	{"CLIENT", "client_id", "-"},
	{"MECH", "mech", "-"},
	{"TLS", "tls", "-"},
	{NULL, "node", NULL},
	{NULL, "session", NULL},
	{"OUTCOME", "outcome", "-"},
	{NULL, NULL, NULL},
};

static struct report_cell text_cell(struct slice text)
{
	return (struct report_cell){.kind = text.len > 0 ? REPORT_TEXT : REPORT_NONE, .text = text};
}

static void fill(const struct history_item *item, struct report_cell cells[])
{
	bool failure = item->purpose == DELIVER_FAILURE_HISTORY;

	memset(cells, 0, REPORT_COLUMNS_MAX * sizeof(*cells));
	cells[0] = (struct report_cell){.kind = REPORT_TEXT, .text = item->row.user};
	cells[1] = text_cell(slice_str(failure ? "failure" : "login"));
	cells[2] =
		(struct report_cell){.kind = REPORT_TIME, .ns = item->row.time_ns, .decimals = 6};
	for (unsigned int i = HISTORY_SERVICE; i < HISTORY_FIELDS; i++)
		cells[2 + i] = text_cell(item->row.field[i]);
}

int history_print(const struct history_list *list, size_t max, enum report_form form,
		  struct error *error_r)
{
	size_t count = list->count < max ? list->count : max;
	struct report_cell cells[REPORT_COLUMNS_MAX];
	struct report report;
	int ret;

	report_init(&report, form, columns, stdout);
	for (size_t i = 0; i < count; i++) {
		fill(list->items[i], cells);
		report_measure(&report, cells);
	}
	report_begin(&report);
	for (size_t i = 0; i < count; i++) {
		fill(list->items[i], cells);
		report_row(&report, cells);
	}
	ret = report_end(&report, error_r);
	report_release(&report);
	return ret;
}
