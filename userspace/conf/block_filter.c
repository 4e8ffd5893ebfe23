/* SPDX-License-Identifier: MIT */
#include "conf/block_filter.h"

#include <errno.h>
#include <string.h>
#include <strings.h>

static int narrow_protocol(struct conf_filter *filter, const struct conf_section *section,
			   struct error *error_r)
{
	if (filter->protocol)
		return conf_error(&section->pos, error_r, EINVAL,
				  "protocol blocks cannot be nested; close the outer one first");
	filter->protocol = section->name;
	return 0;
}

static int narrow_name(struct conf_filter *filter, const struct conf_section *section,
		       struct error *error_r)
{
	(void)error_r;
	filter->local_name = section->name;
	return 0;
}

static int narrow_net(struct conf_net *net, const struct conf_section *section,
		      struct error *error_r)
{
	if (conf_net_parse(section->name, net))
		return 0;
	return conf_error(&section->pos, error_r, EINVAL,
			  "\"%s\" is no network; an address with or without /bits would be right, "
			  "host names are not looked up",
			  section->name);
}

static int narrow_remote(struct conf_filter *filter, const struct conf_section *section,
			 struct error *error_r)
{
	return narrow_net(&filter->remote, section, error_r);
}

static int narrow_local(struct conf_filter *filter, const struct conf_section *section,
			struct error *error_r)
{
	return narrow_net(&filter->local, section, error_r);
}

static const struct kind {
	const char *type;
	int (*narrow)(struct conf_filter *, const struct conf_section *, struct error *);
} kinds[] = {
	{"protocol", narrow_protocol},
	{"remote", narrow_remote},
	{"local", narrow_local},
	{"local_name", narrow_name},
};

static const struct kind *kind_of(const struct conf_section *section)
{
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		if (strcmp(kinds[i].type, section->type) == 0)
			return &kinds[i];
	}
	return NULL;
}

bool conf_is_filter(const struct conf_section *section)
{
	return kind_of(section) != NULL;
}

int conf_filter_narrow(const struct conf_filter *outer, const struct conf_section *section,
		       struct conf_filter *filter_r, struct error *error_r)
{
	struct conf_filter filter = *outer;
	int ret;

	if (*section->name == '\0')
		return conf_error(&section->pos, error_r, EINVAL,
				  "%s block without a name; \"%s NAME {\" would be right",
				  section->type, section->type);
	ret = kind_of(section)->narrow(&filter, section, error_r);
	if (ret == 0)
		*filter_r = filter;
	return ret;
}

static bool same_service(const char *protocol, struct slice service)
{
	return slice_is(service, protocol) ||
	       (strcmp(protocol, "sieve") == 0 && slice_is(service, "managesieve"));
}

bool conf_filter_has_service(const struct conf_filter *filter, struct slice service)
{
	if (!filter->protocol)
		return true;
	if (filter->protocol[0] == '!')
		return !same_service(filter->protocol + 1, service);
	return same_service(filter->protocol, service);
}

/* "*.example.com" covers exactly one label, as in a certificate. */
static bool name_matches(struct slice mask, struct slice name)
{
	const char *dot;

	if (mask.len > 2 && memcmp(mask.ptr, "*.", 2) == 0) {
		dot = memchr(name.ptr, '.', name.len);
		if (!dot)
			return false;
		name.len -= (size_t)(dot - name.ptr);
		name.ptr = dot;
		mask.ptr++;
		mask.len--;
	}
	return mask.len == name.len && strncasecmp(mask.ptr, name.ptr, mask.len) == 0;
}

static bool any_name_matches(const char *masks, struct slice name)
{
	if (name.len == 0)
		return false;
	for (masks += strspn(masks, " "); *masks != '\0'; masks += strspn(masks, " ")) {
		size_t len = strcspn(masks, " ");

		if (name_matches((struct slice){masks, len}, name))
			return true;
		masks += len;
	}
	return false;
}

bool conf_filter_matches(const struct conf_filter *filter, const struct conf_peer *peer)
{
	if (!conf_filter_has_service(filter, peer->service))
		return false;
	if (filter->local_name && !any_name_matches(filter->local_name, peer->local_name))
		return false;
	if (filter->remote.ip.family != 0 && !conf_net_has(&filter->remote, &peer->remote))
		return false;
	return filter->local.ip.family == 0 || conf_net_has(&filter->local, &peer->local);
}

static bool net_covers(const struct conf_net *net, const struct conf_net *region)
{
	return net->ip.family == 0 || (region->ip.family != 0 && net->bits <= region->bits &&
				       conf_net_has(net, &region->ip));
}

bool conf_filter_covers(const struct conf_filter *filter, const struct conf_filter *region)
{
	if (!conf_filter_has_service(filter, slice_str(region->protocol)))
		return false;
	if (filter->local_name &&
	    !(region->local_name &&
	      any_name_matches(filter->local_name, slice_str(region->local_name))))
		return false;
	return net_covers(&filter->remote, &region->remote) &&
	       net_covers(&filter->local, &region->local);
}

int conf_filter_compare(const struct conf_filter *a, const struct conf_filter *b)
{
	if (!a->local_name != !b->local_name)
		return a->local_name ? 1 : -1;
	if (a->local.bits != b->local.bits)
		return a->local.bits > b->local.bits ? 1 : -1;
	if (a->remote.bits != b->remote.bits)
		return a->remote.bits > b->remote.bits ? 1 : -1;
	return !a->protocol == !b->protocol ? 0 : a->protocol ? 1 : -1;
}
