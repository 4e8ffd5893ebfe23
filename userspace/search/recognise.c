/* SPDX-License-Identifier: MIT */
#include "search/recognise.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/hash.h"
#include "dovecot/probes.h"
#include "search/elf.h"
#include "search/file_id.h"

/* Others' programs outnumber Dovecot's, and take less room. */
#define UNRELATED_MAX 8192
#define DOVECOTS_MAX  512

struct key {
	uint64_t dev, ino, size;
	int64_t ctime_ns;
};

struct recognise_entry {
	struct key key;
	struct recognised is;
	UT_hash_handle hh;
};

static struct key key_of(const struct stat *st)
{
	struct file_id id;

	file_id_from_stat(&id, st);
	return (struct key){id.dev, id.ino, id.size, id.ctime_ns};
}

/* NOLINTBEGIN(clang-analyzer-unix.Malloc): it takes the table, which goes with its last member, for
 * gone when another one was freed to make room. */
static void entry_free(struct recogniser *recogniser, struct recognise_entry *entry)
{
	HASH_DEL(recogniser->entries, entry);
	recogniser->count--;
	recogniser->dovecots -= entry->is.dovecot;
	free(entry->is.dynamic);
	free(entry);
}

void recogniser_release(struct recogniser *recogniser)
{
	struct recognise_entry *entry, *next;

	HASH_ITER(hh, recogniser->entries, entry, next) {
		entry_free(recogniser, entry);
	}
}

const struct recognised *recognise_known(const struct recogniser *recogniser, const struct stat *st)
{
	struct key key = key_of(st);
	struct recognise_entry *entry;

	HASH_FIND(hh, recogniser->entries, &key, sizeof(key), entry);
	return entry ? &entry->is : NULL;
}

/* By symbols: the role of the first probed function that the file itself has. */
static void look_inside(int fd, struct recognised *is)
{
	struct elf_function function;
	struct elf_file *elf = NULL;

	if (elf_file_read(fd, &elf, NULL) < 0)
		return;
	for (size_t i = 0; i < probe_count; i++) {
		if (is->role == 0 &&
		    elf_file_function(elf, probe_table[i].symbol, &function, NULL) == 0)
			is->role = probe_table[i].role;
		if (probe_table[i].importers && elf_file_imports(elf, probe_table[i].symbol))
			is->importer = true;
	}
	is->master = elf_file_imports(elf, RECOGNISE_MASTER);
	elf_file_free(&elf);
}

/* Most of Dovecot's programs are small: they cost little, and there are many at once. */
static bool may_look_inside(const struct recogniser *recogniser, const struct stat *st)
{
	int64_t now = clock_monotonic_ns();

	if (!recogniser->budget || st->st_size <= READ_BUDGET_LOOK_MIN)
		return true;
	if (!read_budget_allows(recogniser->budget, st->st_dev, now))
		return false;
	read_budget_spend(recogniser->budget, st->st_dev, st->st_size, now);
	return true;
}

static void look(const struct recogniser *recogniser, int fd, const struct stat *st,
		 struct recognised *is)
{
	struct elf_dynamic dynamic;

	if (elf_dynamic_read(fd, RECOGNISE_LIBRARY, &dynamic) < 0)
		return;
	is->library = strncmp(dynamic.soname, RECOGNISE_LIBRARY, strlen(RECOGNISE_LIBRARY)) == 0;
	is->dovecot = is->library || dynamic.needed_count > 0;
	if (!is->dovecot)
		return;
	is->role = probe_role_of_name(dynamic.soname);
	if (is->role == 0 && !may_look_inside(recogniser, st)) {
		*is = (struct recognised){.waits = true};
		return;
	}
	if (is->role == 0)
		look_inside(fd, is);
	is->dynamic = malloc(sizeof(dynamic));
	if (is->dynamic)
		memcpy(is->dynamic, &dynamic, sizeof(dynamic));
	else /* the next attempt may succeed */
		*is = (struct recognised){0};
}

/* Forgets the oldest of a kind that has no room for one more. */
static void make_room(struct recogniser *recogniser, bool dovecot)
{
	size_t count = dovecot ? recogniser->dovecots : recogniser->count - recogniser->dovecots;
	struct recognise_entry *entry, *next;

	if (count < (dovecot ? DOVECOTS_MAX : UNRELATED_MAX))
		return;
	HASH_ITER(hh, recogniser->entries, entry, next) {
		if (entry->is.dovecot == dovecot) {
			entry_free(recogniser, entry);
			return;
		}
	}
}

const struct recognised *recognise(struct recogniser *recogniser, int fd)
{
	static const struct recognised nothing, later = {.waits = true};
	struct recognise_entry *entry;
	const struct recognised *known_file;
	struct stat st;

	if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode))
		return &nothing;
	known_file = recognise_known(recogniser, &st);
	if (known_file)
		return known_file;
	entry = calloc(1, sizeof(*entry));
	if (!entry)
		return &nothing;
	entry->key = key_of(&st);
	look(recogniser, fd, &st, &entry->is);
	if (entry->is.waits) {
		free(entry);
		return &later;
	}
	make_room(recogniser, entry->is.dovecot);
	HASH_ADD(hh, recogniser->entries, key, sizeof(entry->key), entry);
	if (!hash_added(entry)) {
		free(entry->is.dynamic);
		free(entry);
		return &nothing;
	}
	recogniser->count++;
	recogniser->dovecots += entry->is.dovecot;
	return &entry->is;
}
/* NOLINTEND(clang-analyzer-unix.Malloc) */
