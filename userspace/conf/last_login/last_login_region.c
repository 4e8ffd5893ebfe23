/* SPDX-License-Identifier: MIT */
#include "conf/last_login/last_login_region.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "conf/arena.h"

/* What logins differ in, "none" first. */
struct axes {
	struct conf_net *remote, *local;
	char **names;
	size_t remotes, locals, name_count;
	size_t name_room;
};

static void add_net(struct conf_net *nets, size_t *count, const struct conf_net *net)
{
	for (size_t i = 0; i < *count; i++) {
		if (conf_net_equal(&nets[i], net))
			return;
	}
	nets[(*count)++] = *net;
}

static int add_name(struct axes *axes, const char *word, size_t len)
{
	for (size_t i = 1; i < axes->name_count; i++) {
		if (strlen(axes->names[i]) == len && strncmp(axes->names[i], word, len) == 0)
			return 0;
	}
	if (axes->name_count == axes->name_room) {
		size_t room = 2 * axes->name_room;
		char **names = realloc(axes->names, room * sizeof(*names));

		if (!names)
			return -ENOMEM;
		axes->names = names;
		axes->name_room = room;
	}
	axes->names[axes->name_count] = strndup(word, len);
	if (!axes->names[axes->name_count])
		return -ENOMEM;
	axes->name_count++;
	return 0;
}

static int add_names(struct axes *axes, const char *masks)
{
	int ret = 0;

	for (masks += strspn(masks, " "); *masks != '\0' && ret == 0; masks += strspn(masks, " ")) {
		size_t len = strcspn(masks, " ");

		ret = add_name(axes, masks, len);
		masks += len;
	}
	return ret;
}

static void axes_release(struct axes *axes)
{
	for (size_t i = 0; i < axes->name_count; i++)
		free(axes->names[i]);
	free(axes->names);
	free(axes->remote);
	free(axes->local);
}

static int axes_init(struct axes *axes, const struct last_login_rules *rules)
{
	int ret = 0;

	*axes = (struct axes){
		.remote = calloc(rules->filter_count + 1, sizeof(*axes->remote)),
		.local = calloc(rules->filter_count + 1, sizeof(*axes->local)),
		.names = calloc(rules->filter_count + 1, sizeof(*axes->names)),
		.name_room = rules->filter_count + 1,
	};
	if (!axes->remote || !axes->local || !axes->names)
		return -ENOMEM;
	axes->remotes = axes->locals = axes->name_count = 1;
	for (size_t i = 0; i < rules->filter_count && ret == 0; i++) {
		const struct conf_filter *filter = &rules->filters[i];

		add_net(axes->remote, &axes->remotes, &filter->remote);
		add_net(axes->local, &axes->locals, &filter->local);
		ret = filter->local_name ? add_names(axes, filter->local_name) : 0;
	}
	return ret;
}

static void set_filter(uint64_t *filters, size_t filter)
{
	filters[filter / 64] |= 1ULL << filter % 64;
}

static void filters_of_region(const struct last_login_rules *rules,
			      const struct conf_filter *region, uint64_t *filters)
{
	memset(filters, 0, LAST_LOGIN_WORDS(rules) * sizeof(*filters));
	for (size_t i = 0; i < rules->filter_count; i++) {
		if (conf_filter_covers(&rules->filters[i], region))
			set_filter(filters, i);
	}
}

void last_login_filters_of(const struct last_login_rules *rules, const struct conf_peer *peer,
			   uint64_t *filters)
{
	memset(filters, 0, LAST_LOGIN_WORDS(rules) * sizeof(*filters));
	for (size_t i = 0; i < rules->filter_count; i++) {
		if (conf_filter_matches(&rules->filters[i], peer))
			set_filter(filters, i);
	}
}

int last_login_each_region(const struct last_login_rules *rules, const char *service,
			   last_login_region_fn *fn, void *context)
{
	uint64_t *filters = calloc(LAST_LOGIN_WORDS(rules), sizeof(*filters));
	struct axes axes;
	int ret = filters ? axes_init(&axes, rules) : -ENOMEM;
	size_t count;

	if (!filters)
		return ret;
	count = axes.remotes * axes.locals * axes.name_count;
	if (ret == 0 && count > LAST_LOGIN_REGIONS_MAX)
		ret = -E2BIG;
	for (size_t i = 0; i < count && ret == 0; i++) {
		struct conf_filter region = {
			.protocol = service,
			.local_name = axes.names[i % axes.name_count],
			.local = axes.local[i / axes.name_count % axes.locals],
			.remote = axes.remote[i / axes.name_count / axes.locals],
		};

		filters_of_region(rules, &region, filters);
		ret = fn(filters, context);
	}
	axes_release(&axes);
	free(filters);
	return ret;
}
