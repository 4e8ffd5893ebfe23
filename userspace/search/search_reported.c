/* SPDX-License-Identifier: MIT */
/* The files that a searcher has reported, until it reports them lost. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <utlist.h>

#include "dovecot/layout.h"
#include "search/search_private.h"

void search_reported_free(struct reported_file *reported_file)
{
	binary_release(&reported_file->binary);
	free(reported_file);
}

static void forget(struct search *search, struct reported_file *reported_file)
{
	struct reported_file **at = &search->reported_file;

	while (*at && *at != reported_file)
		at = &(*at)->next;
	if (*at)
		*at = reported_file->next;
	search_reported_free(reported_file);
}

static struct reported_file *find(const struct search *search, uint32_t role,
				  const struct file_id *id)
{
	struct reported_file *reported_file;

	LL_FOREACH(search->reported_file, reported_file) {
		if (reported_file->binary.role == role &&
		    file_id_equal(&reported_file->binary.id, id))
			return reported_file;
	}
	return NULL;
}

int search_restore(struct search *search, enum priv_role role, const struct file_id *id)
{
	struct reported_file *reported_file;

	if (find(search, role, id))
		return 0;
	reported_file = calloc(1, sizeof(*reported_file));
	if (!reported_file)
		return -ENOMEM;
	reported_file->binary = (struct binary){.role = role, .fd = -1, .id = *id};
	LL_APPEND(search->reported_file, reported_file);
	return 0;
}

struct search_restored *search_list_reported(const struct search *search)
{
	struct search_restored *list;
	const struct reported_file *reported_file;
	size_t count = 0;

	LL_COUNT(search->reported_file, reported_file, count);
	list = calloc(count + 1, sizeof(*list));
	count = 0;
	LL_FOREACH(search->reported_file, reported_file) {
		if (list)
			list[count++] = (struct search_restored){reported_file->binary.role,
								 reported_file->binary.id};
	}
	return list;
}

static const struct probe *probe_of(uint64_t number, uint32_t role)
{
	if (number >= probe_count || probe_table[number].role != (enum priv_role)role)
		return NULL;
	return &probe_table[number];
}

static struct reported_file *reported_new(const struct search_answer *answer, int fd)
{
	struct reported_file *reported_file = calloc(1, sizeof(*reported_file));

	if (!reported_file)
		return NULL;
	reported_file->binary = (struct binary){
		.role = answer->role,
		.fd = fd,
		.path = strdup(answer->path),
		.id = answer->id,
		.probe = probe_of(answer->probe, answer->role),
		.offset = answer->offset,
		.companion = probe_of(answer->companion, answer->role),
		.companion_offset = answer->companion_offset,
		.unused = answer->unused,
		.refusal = answer->error,
	};
	memcpy(reported_file->binary.abi, answer->abi, sizeof(answer->abi));
	memcpy(reported_file->binary.code, answer->code, sizeof(answer->code));
	memcpy(reported_file->binary.companion_code, answer->companion_code,
	       sizeof(answer->companion_code));
	if (reported_file->binary.probe &&
	    layout_require(reported_file->binary.abi, &reported_file->binary.layout,
			   &reported_file->binary.refusal) < 0)
		reported_file->binary.probe = NULL;
	if (!reported_file->binary.path) {
		reported_file->binary.fd = -1;
		search_reported_free(reported_file);
		return NULL;
	}
	return reported_file;
}

/* What this search has of a file that an earlier searcher or process had left. */
static bool is_known(const struct reported_file *known_file)
{
	return known_file && known_file->binary.path;
}

void search_take_found(struct search *search, const struct search_answer *answer, int fd)
{
	struct reported_file *known_file = find(search, answer->role, &answer->id);
	struct reported_file *replaced = NULL, *reported_file = NULL;

	if (answer->has_replaced)
		replaced = find(search, answer->role, &answer->replaced);
	if (!is_known(known_file))
		reported_file = reported_new(answer, fd);
	if (!reported_file) {
		if (fd >= 0)
			close(fd);
		return;
	}
	if (known_file)
		forget(search, known_file);
	LL_APPEND(search->reported_file, reported_file);
	search->owner->found(search->owner->ctx, &reported_file->binary,
			     replaced ? &replaced->binary : NULL);
	if (replaced)
		forget(search, replaced);
}

void search_take_lost(struct search *search, const struct search_answer *answer)
{
	struct reported_file *reported_file = find(search, answer->role, &answer->id);

	if (!reported_file)
		return;
	if (search->owner->lost)
		search->owner->lost(search->owner->ctx, &reported_file->binary);
	forget(search, reported_file);
}

void search_forget_unused(struct search *search)
{
	struct reported_file *reported_file, *next;

	LL_FOREACH_SAFE(search->reported_file, reported_file, next) {
		if (!reported_file->binary.unused)
			continue;
		if (search->owner->lost)
			search->owner->lost(search->owner->ctx, &reported_file->binary);
		forget(search, reported_file);
	}
}
