/* SPDX-License-Identifier: MIT */
#include "store/drivers/resp.h"

#define CLUSTER_HINT " (this is a node of a Redis Cluster, which dict redis does not speak)"

/* More words of a code come before fewer. */
static const struct resp_error errors[] = {
	{"ERR string exceeds", DICT_REFUSED, .hint = ""},
	{"ERR Protocol error: invalid bulk length", DICT_REFUSED, .hint = ""},
	{"NOSCRIPT", DICT_PENDING, .hint = ""},
	{"OOM", DICT_RETRY, .everything = true, .hint = " (maxmemory is reached)"},
	{"LOADING", DICT_RETRY, .everything = true, .hint = ""},
	{"READONLY", DICT_RETRY, .everything = true, .reconnect = true,
	 .hint = " (connect to the master)"},
	{"MASTERDOWN", DICT_RETRY, .everything = true, .reconnect = true, .hint = ""},
	{"MOVED", DICT_RETRY, .everything = true, .hint = CLUSTER_HINT},
	{"ASK", DICT_RETRY, .everything = true, .hint = CLUSTER_HINT},
	{"CLUSTERDOWN", DICT_RETRY, .everything = true, .hint = CLUSTER_HINT},
	{"CROSSSLOT", DICT_RETRY, .everything = true, .hint = CLUSTER_HINT},
	{"NOAUTH", DICT_RETRY, .everything = true, .reconnect = true, .hint = " (set password=)"},
	{"WRONGPASS", DICT_RETRY, .everything = true, .reconnect = true, .hint = ""},
	{"NOPERM", DICT_RETRY, .everything = true, .reconnect = true,
	 .hint = " (the user needs GET, SET, EVAL, EVALSHA and the keys)"},
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
