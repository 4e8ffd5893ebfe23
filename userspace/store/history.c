/* SPDX-License-Identifier: MIT */
#include "store/history.h"

#include "store/dict.h"
#include "store/drivers/tabescape.h"

const char *const history_names[HISTORY_FIELDS] = {
	[HISTORY_ID] = "id",
	[HISTORY_SERVICE] = "service",
	[HISTORY_REMOTE_IP] = "remote_ip",
	[HISTORY_COUNTRY] = "country",
	[HISTORY_ASN] = "asn",
	[HISTORY_CLIENT_ID] = "client_id",
	[HISTORY_MECH] = "mech",
	[HISTORY_TLS] = "tls",
	[HISTORY_NODE] = "node",
	[HISTORY_SESSION] = "session",
	[HISTORY_OUTCOME] = "outcome",
};

/* Not in the middle of a character of UTF-8; other bytes are cut as they come. */
static struct slice cut(struct slice text)
{
	size_t len = text.len < HISTORY_TEXT_MAX ? text.len : HISTORY_TEXT_MAX;
	size_t end = len;

	while (len < text.len && end > len - 3 && ((unsigned char)text.ptr[end] & 0xc0) == 0x80)
		end--;
	return (struct slice){text.ptr, end};
}

int history_format(struct buf *out, const struct history_row *row)
{
	const char *tab = "";

	for (unsigned int i = 0; i < HISTORY_FIELDS; i++) {
		if (row->field[i].len == 0)
			continue;
		buf_append_str(out, tab);
		buf_append_str(out, history_names[i]);
		buf_append_char(out, '=');
		tabescape(out, cut(row->field[i]));
		tab = "\t";
	}
	return out->failed;
}

/* One "name=text" of the scratch buffer. False: it is none. */
static bool parse_field(char *text, size_t len, struct history_row *row)
{
	char *equals = memchr(text, '=', len);
	struct slice name;
	unsigned int i = 0;

	if (!equals)
		return false;
	name = (struct slice){text, (size_t)(equals - text)};
	while (i < HISTORY_FIELDS && !slice_is(name, history_names[i]))
		i++;
	if (i == HISTORY_FIELDS)
		return true;
	row->field[i].ptr = equals + 1;
	row->field[i].len = tabunescape(equals + 1, len - name.len - 1);
	return true;
}

bool history_parse(struct slice value, struct buf *scratch, struct history_row *row_r)
{
	char *text, *end;

	memset(row_r->field, 0, sizeof(row_r->field));
	buf_reset(scratch);
	if (value.len == 0 || buf_append_slice(scratch, value) < 0)
		return false;
	end = scratch->data + scratch->len;
	for (text = scratch->data; text < end;) {
		char *tab = memchr(text, '\t', (size_t)(end - text));
		size_t len = (size_t)((tab ? tab : end) - text);

		if (!parse_field(text, len, row_r))
			return false;
		text += len + 1;
	}
	return row_r->field[HISTORY_ID].len > 0;
}

static bool begins(struct slice text, const char *word)
{
	size_t len = strlen(word);

	return text.len >= len && memcmp(text.ptr, word, len) == 0;
}

bool history_is_key(struct slice key)
{
	struct slice name = dict_key_name(key);

	return begins(name, HISTORY_LOGINS_PREFIX) || begins(name, HISTORY_FAILURES_PREFIX);
}

int history_append_key(struct buf *out, const char *table, struct slice user, struct slice id,
		       struct key_part *part_r)
{
	bool failures = strcmp(table, HISTORY_FAILURES) == 0;

	buf_append_str(out, "shared/");
	buf_append_str(out, failures ? HISTORY_FAILURES_PREFIX : HISTORY_LOGINS_PREFIX);
	*part_r = (struct key_part){"user", (uint32_t)out->len, (uint32_t)user.len};
	buf_append_slice(out, user);
	buf_append_char(out, '/');
	buf_append_slice(out, id);
	return out->failed;
}

struct slice history_set_of(const struct dict_entry *entry)
{
	struct slice name = dict_key_name(entry->key), user = {0};

	if (dict_entry_part(entry, "user", &user))
		name.len = (size_t)(user.ptr + user.len - name.ptr);
	return name;
}

bool history_row_of(struct dict_entry *entry, struct buf *scratch, struct history_row *row_r)
{
	row_r->time_ns = entry->time_ns;
	if (dict_entry_part(entry, "user", &row_r->user) &&
	    history_parse(entry->value, scratch, row_r))
		return true;
	dict_entry_set(entry, DICT_REFUSED, "this is no row of a history");
	return false;
}
