/* SPDX-License-Identifier: MIT */
#include "cli/ask_serve.h"

#include <errno.h>
#include <string.h>

#include "cli/ask.h"
#include "cli/ask_wire.h"
#include "cli/since_when.h"

static int add_record(const struct roster_record *record, void *context)
{
	if (record->class != SERVICE_CLASSES)
		ask_wire_add_record(context, record);
	return 0;
}

/* What the stores cannot prove is not known, also where the state has since when. */
static void add_since(const struct plan *plan, const struct ask_proof *proof, struct buf *out)
{
	struct ask_since since = {.from_ns = 0};

	if (proof->unproved.code)
		since.error = proof->unproved;
	else if (since_when(plan, NULL, &since.from_ns, &since.error) < 0)
		since.from_ns = 0;
	else if (proof->from_ns > since.from_ns)
		since.from_ns = proof->from_ns;
	ask_wire_add_since(out, &since);
}

static int ask(const struct plan *plan, const char *user, int64_t timeout_ns,
	       struct ask_proof *proof, struct roster *roster, struct error *error_r)
{
	const struct ask_options options = {
		.plan = plan,
		.timeout_ns = timeout_ns,
		.older_than_ns = INT64_MAX,
		.proof = proof,
		.only = user,
		.quiet = true,
	};
	const struct names_options one = {.words = &user, .word_count = 1};
	struct names names;
	int ret;

	names_init(&names, &one);
	ret = ask_names(&options, &names, roster, error_r);
	names_release(&names);
	return ret;
}

/* What a command line would read as something else is nobody's name. */
static int copy_name(struct slice user, struct buf *name, struct error *error_r)
{
	if (user.len == 0 || memchr(user.ptr, '\0', user.len) || slice_is(user, "-"))
		return error_set(error_r, EINVAL, "this is no name of a user");
	return buf_append_slice(name, user);
}

int ask_serve(const void *context, struct slice user, int64_t timeout_ns, struct buf *out,
	      struct error *error_r)
{
	static const struct roster_query all = {.older_than_ns = INT64_MAX};
	const struct plan *plan = context;
	struct ask_proof proof = {0};
	struct roster *roster = NULL;
	struct buf name;
	int ret;

	buf_init(&name, user.len + 1);
	ret = copy_name(user, &name, error_r);
	if (ret == 0)
		ret = roster_new(&roster, error_r);
	if (ret == 0)
		ret = ask(plan, buf_str(&name), timeout_ns, &proof, roster, error_r);
	if (ret == 0) {
		add_since(plan, &proof, out);
		ret = roster_each_record(roster, &all, add_record, out, error_r);
	}
	if (ret == 0 && out->failed < 0)
		ret = error_set(error_r, -out->failed, "the answer is too long");
	roster_free(&roster);
	buf_release(&name);
	return ret;
}
