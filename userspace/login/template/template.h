/* SPDX-License-Identifier: MIT */
/*
 * Key templates in Dovecot's two expansion languages, compiled once and expanded for every login.
 *
 *	TEMPLATE_V23	%u %{user} %5.3Lu %{sha1;salt=x:user} %{if;%s;eq;imap;a;b}
 *	TEMPLATE_V24	%{user | lower} %{process:pid | hex(8)}
 *			%{if(service, "eq", "imap", "a", "b")}
 *
 * The result is what Dovecot's own mail process would produce, byte for byte, for everything that
 * a captured login provides. The rest is refused by template_compile() with the place, the name
 * and what would be right; no value is ever guessed. Values from a login are text and never
 * expanded again.
 *
 * Threads: a template has its scratch memory inside, so one thread at a time may expand it.
 * Memory: expanding allocates nothing, provided that the buffer is large enough; only OpenSSL, for
 * a hash function, and regexec(3) do so for themselves.
 */
#ifndef DOVETAP_TEMPLATE_H
#define DOVETAP_TEMPLATE_H

#include "base/buf.h"
#include "base/error.h"
#include "base/key_part.h"
#include "login/login.h"

struct template;

enum template_language { TEMPLATE_V23, TEMPLATE_V24 };

/* What the compiler knows about the surroundings. All members may be NULL or 0. */
struct template_env {
	const char *setting;	     /* for error texts; NULL = "last_login_key" */
	const char *dovecot_version; /* of the Dovecot observed, "2.3.13" */
	bool strict;		     /* refuse what that version refuses, and our own variables */

	/* Another template in front of the text; NULL: none. */
	const char *prefix;
	enum template_language prefix_language;
	const char *prefix_where, *prefix_setting;
};

/* What later stages know of a login. Slices of length 0 expand to nothing. */
struct template_host {
	struct slice hostname; /* Dovecot's "hostname" setting when known, else the node's name */
	struct slice node;     /* the kernel's node name */
	struct slice pod;
	struct slice container;
	struct slice country, asn; /* of the client's address */
	struct slice pod_namespace, pod_uid, container_id;
};

/*
 * Compiles text. where ("file:line" or "--key") begins every error text; env may be NULL. Nothing
 * passed in needs to outlive the call. Returns 0, -EINVAL for a template that is wrong or cannot
 * be answered, -ENOMEM.
 */
int template_compile(const char *text, enum template_language language, const char *where,
		     const struct template_env *env, struct template **template_r,
		     struct error *error_r);

/*
 * Appends the expansion to out and describes each piece that came from a variable in parts
 * (offsets count from the start of out; template_part_count() entries at most). extra may be NULL;
 * so may parts, when part_max is 0.
 *
 * A negative errno concerns this login alone, and leaves out as it was: -ENODATA when a field that
 * the template needs was not captured or was cut, -EINVAL when the language itself has no value
 * (Dovecot 2.4 skips its write then), -E2BIG when the result is too long.
 */
int template_expand(const struct template *template, const struct login *login,
		    const struct template_host *extra, struct buf *out, struct key_part *parts,
		    size_t part_max, size_t *part_count_r, struct error *error_r);

/* How many parts template_expand() describes. */
size_t template_part_count(const struct template *template);

/* Canonical names of all variables in use, those inside functions too; each once, NULL at the
 * end. With "home" among them the capture of home directories must be switched on. */
const char *const *template_variables(const struct template *template);

void template_free(struct template **template); /* takes NULL, sets NULL */

#endif
