/* SPDX-License-Identifier: MIT */
/* The files that a searcher has reported, until it reports them lost. */
#include "search/search_private.h"

#include "dovecot/layout.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <utlist.h>

void search_told_free(struct told *told)
{
	build_release(&told->build);
	free(told);
}

static void forget(struct search *search, struct told *told)
{
	struct told **at = &search->told;

	while (*at && *at != told)
		at = &(*at)->next;
	if (*at)
		*at = told->next;
	search_told_free(told);
}

static struct told *find(const struct search *search, uint32_t role, const struct file_id *id)
{
	struct told *told;

	LL_FOREACH(search->told, told) {
		if (told->build.role == role && file_id_equal(&told->build.id, id))
			return told;
	}
	return NULL;
}

int search_restore(struct search *search, enum priv_role role, const struct file_id *id)
{
	struct told *told;

	if (find(search, role, id))
		return 0;
	told = calloc(1, sizeof(*told));
	if (!told)
		return -ENOMEM;
	told->build = (struct build){.role = role, .fd = -1, .id = *id};
	LL_APPEND(search->told, told);
	return 0;
}

struct search_restored *search_list_told(const struct search *search)
{
	struct search_restored *list;
	const struct told *told;
	size_t count = 0;

	LL_COUNT(search->told, told, count);
	list = calloc(count + 1, sizeof(*list));
	count = 0;
	LL_FOREACH(search->told, told) {
		if (list)
			list[count++] = (struct search_restored){told->build.role, told->build.id};
	}
	return list;
}

static const struct probe *probe_of(uint64_t number, uint32_t role)
{
	if (number >= probe_count || probe_table[number].role != (enum priv_role)role)
		return NULL;
	return &probe_table[number];
}

static struct told *told_new(const struct search_answer *answer, int fd)
{
	struct told *told = calloc(1, sizeof(*told));

	if (!told)
		return NULL;
	told->build = (struct build){
		.role = answer->role,
		.fd = fd,
		.path = strdup(answer->path),
		.id = answer->id,
		.probe = probe_of(answer->probe, answer->role),
		.offset = answer->offset,
		.beside = probe_of(answer->beside, answer->role),
		.beside_offset = answer->beside_offset,
		.unused = answer->unused,
		.refusal = answer->error,
	};
	memcpy(told->build.abi, answer->abi, sizeof(answer->abi));
	memcpy(told->build.code, answer->code, sizeof(answer->code));
	memcpy(told->build.beside_code, answer->beside_code, sizeof(answer->beside_code));
	if (told->build.probe &&
	    layout_require(told->build.abi, &told->build.layout, &told->build.refusal) < 0)
		told->build.probe = NULL;
	if (!told->build.path) {
		told->build.fd = -1;
		search_told_free(told);
		return NULL;
	}
	return told;
}

/* What this search was told of a file that an earlier searcher or process had left. */
static bool is_known(const struct told *known)
{
	return known && known->build.path;
}

void search_take_found(struct search *search, const struct search_answer *answer, int fd)
{
	struct told *known = find(search, answer->role, &answer->id);
	struct told *replaced = NULL, *told = NULL;

	if (answer->has_replaced)
		replaced = find(search, answer->role, &answer->replaced);
	if (!is_known(known))
		told = told_new(answer, fd);
	if (!told) {
		if (fd >= 0)
			close(fd);
		return;
	}
	if (known)
		forget(search, known);
	LL_APPEND(search->told, told);
	search->owner->found(search->owner->ctx, &told->build, replaced ? &replaced->build : NULL);
	if (replaced)
		forget(search, replaced);
}

void search_take_lost(struct search *search, const struct search_answer *answer)
{
	struct told *told = find(search, answer->role, &answer->id);

	if (!told)
		return;
	if (search->owner->lost)
		search->owner->lost(search->owner->ctx, &told->build);
	forget(search, told);
}

void search_forget_unused(struct search *search)
{
	struct told *told, *next;

	LL_FOREACH_SAFE(search->told, told, next) {
		if (!told->build.unused)
			continue;
		if (search->owner->lost)
			search->owner->lost(search->owner->ctx, &told->build);
		forget(search, told);
	}
}
