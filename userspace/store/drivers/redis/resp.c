/* SPDX-License-Identifier: MIT */
#include "store/drivers/redis/resp.h"

#include <stdlib.h>

#include "store/drivers/redis/slots.h"

#define CLUSTER_HINT " (this is a node of a Redis Cluster: add \"cluster\" to the settings)"

/* More words of a code come before fewer. */
static const struct resp_error errors[] = {
	{"ERR string exceeds", DICT_REFUSED, .hint = ""},
	{"ERR Protocol error: invalid bulk length", DICT_REFUSED, .hint = ""},
	{"ERR This instance has cluster support disabled", DICT_RETRY, .everything = true,
	 .hint = " (remove \"cluster\" from the settings)"},
	{"NOSCRIPT", DICT_PENDING, .hint = ""},
	{"OOM", DICT_RETRY, .everything = true, .hint = " (maxmemory is reached)"},
	{"LOADING", DICT_RETRY, .everything = true, .hint = ""},
	{"READONLY", DICT_RETRY, .everything = true, .reconnect = true,
	 .hint = " (connect to the master)"},
	{"MASTERDOWN", DICT_RETRY, .everything = true, .reconnect = true, .hint = ""},
	{"MOVED", DICT_RETRY, .everything = true, .moves = true, .hint = CLUSTER_HINT},
	{"ASK", DICT_RETRY, .everything = true, .moves = true, .hint = CLUSTER_HINT},
	{"TRYAGAIN", DICT_RETRY, .everything = true, .moves = true, .hint = CLUSTER_HINT},
	{"CLUSTERDOWN", DICT_RETRY, .everything = true, .moves = true, .hint = CLUSTER_HINT},
	{"CROSSSLOT", DICT_RETRY, .everything = true, .hint = CLUSTER_HINT},
	{"NOAUTH", DICT_RETRY, .everything = true, .reconnect = true, .hint = " (set password=)"},
	{"WRONGPASS", DICT_RETRY, .everything = true, .reconnect = true, .hint = ""},
	{"NOPERM", DICT_RETRY, .everything = true, .reconnect = true,
	 .hint = " (the user needs GET, SET, EVAL, EVALSHA and the keys; with a history what "
		 "docs/history.md has; ROLE, WAIT and CLUSTER SLOTS where there are several "
		 "servers)"},
	{"", DICT_RETRY, .everything = true, .hint = ""},
};

const struct resp_error *resp_error_find(const char *reply)
{
	size_t i = 0;

	while (strncmp(reply, errors[i].code, strlen(errors[i].code)) != 0)
		i++;
	return &errors[i];
}

int resp_append(struct buf *out, const struct slice *arguments, size_t count)
{
	buf_appendf(out, "*%zu\r\n", count);
	for (size_t i = 0; i < count; i++) {
		buf_appendf(out, "$%zu\r\n", arguments[i].len);
		buf_append_slice(out, arguments[i]);
		buf_append(out, "\r\n", 2);
	}
	return out->failed;
}

/* The digits up to end, which must follow them. */
static bool parse_number(const char **text, char end, int64_t max, int64_t *number_r)
{
	size_t digits = strspn(*text, "0123456789");

	if (digits == 0 || digits > 9 || (*text)[digits] != end)
		return false;
	*number_r = strtoll(*text, NULL, 10);
	*text += digits;
	return *number_r <= max;
}

/* The host may be an IPv6 address without brackets: the last colon counts. */
bool resp_redirect_parse(const char *reply, struct resp_redirect *redirect_r)
{
	bool ask = strncmp(reply, "ASK ", 4) == 0;
	const char *at = reply + (ask ? 4 : 6), *colon;
	int64_t slot, port;

	if (!ask && strncmp(reply, "MOVED ", 6) != 0)
		return false;
	if (!parse_number(&at, ' ', SLOT_COUNT - 1, &slot))
		return false;
	colon = strrchr(++at, ':');
	if (!colon || colon - at > SLOT_HOST_MAX)
		return false;
	redirect_r->ask = ask;
	redirect_r->host = (struct slice){at, (size_t)(colon - at)};
	colon++;
	if (!parse_number(&colon, '\0', UINT16_MAX, &port) || port == 0)
		return false;
	redirect_r->port = port;
	return true;
}
