/* SPDX-License-Identifier: MIT */
#include "cli/attempts.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>

/* One row of the history. */
struct attempt {
	struct slice name, user, address; /* name: of the group */
	int64_t time_ns;
	bool failed;
};

static int compare_text(struct slice a, struct slice b)
{
	size_t len = a.len < b.len ? a.len : b.len;
	int order = len > 0 ? memcmp(a.ptr, b.ptr, len) : 0;

	return order ? order : (a.len > b.len) - (a.len < b.len);
}

/* --- from rows to attempts ------------------------------------------------------------------- */

static bool parse_ip(struct slice text, struct login_ip *ip_r)
{
	char copy[LOGIN_IP_TEXT_MAX];

	*ip_r = (struct login_ip){.family = AF_INET};
	if (text.len == 0 || text.len >= sizeof(copy))
		return false;
	memcpy(copy, text.ptr, text.len);
	copy[text.len] = '\0';
	if (inet_pton(AF_INET, copy, ip_r->bytes) == 1)
		return true;
	ip_r->family = AF_INET6;
	return inet_pton(AF_INET6, copy, ip_r->bytes) == 1;
}

static struct slice network_of(const struct attempt *attempt, char text[IP_NETWORK_TEXT_MAX])
{
	static const struct ip_mask mask = {24, 48};
	struct login_ip ip;

	if (!parse_ip(attempt->address, &ip))
		return attempt->address; /* mask_ip makes others of them */
	return (struct slice){text, ip_network_text(&mask, &ip, text)};
}

static void set_name(struct attempt *attempt, enum attempts_by by, char text[IP_NETWORK_TEXT_MAX])
{
	if (by == ATTEMPTS_BY_USER)
		attempt->name = attempt->user;
	else
		attempt->name =
			by == ATTEMPTS_BY_NETWORK ? network_of(attempt, text) : attempt->address;
}

static bool counts(const struct history_item *item, int64_t since_ns)
{
	return item->row.time_ns >= since_ns &&
	       !slice_is(item->row.field[HISTORY_OUTCOME], "internal_failure");
}

/* Returns how many there are. */
static size_t take_rows(const struct history_list *list, enum attempts_by by, int64_t since_ns,
			const struct attempts *attempts)
{
	size_t count = 0;

	for (size_t i = 0; i < list->count; i++) {
		const struct history_item *item = list->items[i];
		struct attempt *attempt = &attempts->all[count];

		if (!counts(item, since_ns))
			continue;
		*attempt = (struct attempt){
			.user = item->row.user,
			.address = item->row.field[HISTORY_REMOTE_IP],
			.time_ns = item->row.time_ns,
			.failed = item->purpose == DELIVER_FAILURE_HISTORY,
		};
		set_name(attempt, by, attempts->networks[count]);
		count++;
	}
	return count;
}

/* --- from attempts to groups ----------------------------------------------------------------- */

/* A failure stands before a login of the same time: which one came first is not known, and one too
 * many is looked at sooner than one that is missing. */
static int compare_attempts(const void *left, const void *right)
{
	const struct attempt *a = left, *b = right;
	int order = compare_text(a->name, b->name);

	if (order == 0)
		order = compare_text(a->user, b->user);
	if (order == 0)
		order = (a->time_ns > b->time_ns) - (a->time_ns < b->time_ns);
	return order ? order : b->failed - a->failed;
}

static int compare_addresses(const void *left, const void *right)
{
	return compare_text(*(const struct slice *)left, *(const struct slice *)right);
}

static uint64_t count_addresses(const struct attempt *group, size_t count, struct slice *room)
{
	size_t failed = 0;
	uint64_t different = 0;

	for (size_t i = 0; i < count; i++) {
		if (group[i].failed)
			room[failed++] = group[i].address;
	}
	if (failed > 0)
		qsort(room, failed, sizeof(*room), compare_addresses);
	for (size_t i = 0; i < failed; i++)
		different += room[i].len > 0 && (i == 0 || !slice_equal(room[i], room[i - 1]));
	return different;
}

static void count_failure(struct attempts_group *group, int64_t time_ns)
{
	if (group->failures == 0 || time_ns < group->first_ns)
		group->first_ns = time_ns;
	if (time_ns > group->last_ns)
		group->last_ns = time_ns;
	group->failures++;
}

/* The attempts of one user, in the order of time. Returns how many there are. */
static size_t add_user(struct attempts_group *group, const struct attempt *first, size_t max)
{
	bool failed = false, succeeded = false;
	size_t count = 0;

	for (; count < max && slice_equal(first[count].user, first->user); count++) {
		if (first[count].failed)
			count_failure(group, first[count].time_ns);
		succeeded |= failed && !first[count].failed;
		failed |= first[count].failed;
	}
	group->users += failed;
	group->successes += succeeded;
	return count;
}

static struct attempts_group make_group(const struct attempt *first, size_t count,
					struct slice *room)
{
	struct attempts_group group = {.name = first->name};

	for (size_t i = 0; i < count;)
		i += add_user(&group, first + i, count - i);
	group.addresses = count_addresses(first, count, room);
	return group;
}

static size_t group_length(const struct attempt *first, size_t max)
{
	size_t count = 1;

	while (count < max && slice_equal(first[count].name, first->name))
		count++;
	return count;
}

static int compare_groups(const void *left, const void *right)
{
	const struct attempts_group *a = left, *b = right;

	if (a->users != b->users)
		return a->users < b->users ? 1 : -1;
	if (a->failures != b->failures)
		return a->failures < b->failures ? 1 : -1;
	return compare_text(a->name, b->name);
}

static void group_all(struct attempts *attempts, size_t count, struct slice *room)
{
	for (size_t i = 0; i < count;) {
		size_t length = group_length(&attempts->all[i], count - i);
		struct attempts_group group = make_group(&attempts->all[i], length, room);

		if (group.failures > 0)
			attempts->groups[attempts->count++] = group;
		i += length;
	}
	if (attempts->count > 0)
		qsort(attempts->groups, attempts->count, sizeof(*attempts->groups), compare_groups);
}

int attempts_make(const struct history_list *list, enum attempts_by by, int64_t since_ns,
		  struct attempts *attempts_r, struct error *error_r)
{
	struct attempts attempts = {.all = calloc(list->count + 1, sizeof(*attempts.all))};
	struct slice *room = calloc(list->count + 1, sizeof(*room));
	size_t count;

	attempts.groups = calloc(list->count + 1, sizeof(*attempts.groups));
	attempts.networks = calloc(list->count + 1, sizeof(*attempts.networks));
	if (!attempts.all || !attempts.networks || !attempts.groups || !room) {
		attempts_release(&attempts);
		free(room);
		return error_set(error_r, ENOMEM, "out of memory for the failures");
	}
	count = take_rows(list, by, since_ns, &attempts);
	if (count > 0)
		qsort(attempts.all, count, sizeof(*attempts.all), compare_attempts);
	group_all(&attempts, count, room);
	free(room);
	*attempts_r = attempts;
	return 0;
}

void attempts_release(struct attempts *attempts)
{
	free(attempts->groups);
	free(attempts->all);
	free(attempts->networks);
	*attempts = (struct attempts){0};
}
