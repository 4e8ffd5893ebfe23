/* SPDX-License-Identifier: MIT */
/* What drivers need of dict.h. The modules have it, too: nothing here may know the drivers. */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "store/dict.h"
#include "store/stamp.h"

#define KEY_PREFIX "shared/"

static const char *const outcome_names[DICT_OUTCOMES] = {
	[DICT_PENDING] = "pending", [DICT_STORED] = "stored",	[DICT_UNCHANGED] = "unchanged",
	[DICT_RETRY] = "retry",	    [DICT_REFUSED] = "refused", [DICT_UNCERTAIN] = "uncertain",
	[DICT_DONE] = "done",
};

const char *dict_outcome_name(enum dict_outcome outcome)
{
	return outcome_names[outcome];
}

void dict_entry_set(struct dict_entry *entry, enum dict_outcome outcome, const char *fmt, ...)
{
	va_list args;

	entry->outcome = outcome;
	va_start(args, fmt);
	vsnprintf(entry->reason, sizeof(entry->reason), fmt, args);
	va_end(args);
}

int dict_presence_set(struct dict_presence *presence, enum dict_presence_state state,
		      const char *fmt, ...)
{
	va_list args;

	presence->state = state;
	va_start(args, fmt);
	vsnprintf(presence->found, sizeof(presence->found), fmt, args);
	va_end(args);
	return 0;
}

void dict_entries_set(struct dict_entry *entries, size_t count, enum dict_outcome outcome,
		      const char *reason)
{
	for (size_t i = 0; i < count; i++) {
		if (entries[i].outcome == DICT_PENDING)
			dict_entry_set(&entries[i], outcome, "%s", reason);
	}
}

struct slice dict_key_name(struct slice key)
{
	size_t len = strlen(KEY_PREFIX);

	if (key.len < len || memcmp(key.ptr, KEY_PREFIX, len) != 0)
		return key;
	return (struct slice){key.ptr + len, key.len - len};
}

/* Digits can be anything, a port for instance; a time was cut to a second at most. */
bool dict_entry_is_time(const struct dict_entry *entry)
{
	int64_t stored = stamp_to_ns(entry->value);

	return stored >= 0 && stored <= entry->time_ns && entry->time_ns - stored < 1000000000;
}

bool dict_takes_fields(const struct dict *dict)
{
	return !(dict->driver->caps & DICT_CAP_TIMES_ONLY);
}

bool dict_entry_newer(const struct dict_entry *entry, struct slice stored)
{
	/* Both were cut to the same precision. */
	return !dict_entry_is_time(entry) || stamp_to_ns(entry->value) > stamp_to_ns(stored);
}

bool dict_entry_part(const struct dict_entry *entry, const char *variable, struct slice *text_r)
{
	for (size_t i = 0; i < entry->part_count; i++) {
		const struct key_part *part = &entry->parts[i];

		if (strcmp(part->variable, variable) != 0)
			continue;
		*text_r = (struct slice){entry->key.ptr + part->offset, part->len};
		return true;
	}
	return false;
}
