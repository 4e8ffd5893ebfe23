/* SPDX-License-Identifier: MIT */
#include "cli/check_layouts.h"

#include <limits.h>
#include <string.h>

#include "attach/attach.h"
#include "dovecot/layout.h"
#include "dovecot/layout_own.h"
#include "proof/remembered.h"

static void add_refusal(const struct remembered *remembered, struct finding *finding)
{
	size_t len = strlen(finding->text);

	finding->state = FINDING_BAD;
	(void)snprintf(finding->text + len, sizeof(finding->text) - len,
		       "; its layout is REFUSED: %s is not where it should be", remembered->member);
	(void)snprintf(
		finding->advice, sizeof(finding->advice),
		"its logins are not recorded: make a layout from the dovecot-dev headers or "
		"debug symbols of this very build with \"dovetap layout make\", or remove the "
		"one in layout_dir that is wrong; then restart dovetap");
}

void check_proof(const char *state_dir, const struct binary *binary, struct finding *finding)
{
	static const char *const words[PROOF_STATES] = {
		[PROOF_OPEN] = "not proved by a login yet",
		[PROOF_BY_LOGIN] = "proved by a login",
		[PROOF_BY_FORM] = "proved by the form of its records",
	};
	struct remembered remembered = {.state = PROOF_OPEN};
	size_t len = strlen(finding->text);
	char path[PATH_MAX];

	(void)snprintf(path, sizeof(path), "%s/" REMEMBERED_NAME, state_dir);
	(void)remembered_find(path, loader_file_key(binary), &remembered);
	if (remembered.state == PROOF_REFUSED)
		add_refusal(&remembered, finding);
	else
		(void)snprintf(finding->text + len, sizeof(finding->text) - len, ", %s",
			       words[remembered.state]);
}

void check_own_layouts(struct findings *findings)
{
	const struct layout *own;

	for (size_t i = 0; (own = layouts_own_get(i)) != NULL; i++) {
		struct finding *finding;

		if (!layout_replaces_another(own))
			continue;
		finding = findings_add(findings, "dovecot", FINDING_WARNING);
		if (!finding)
			return;
		(void)snprintf(finding->subject, sizeof(finding->subject), "%.270s", own->name);
		(void)snprintf(finding->text, sizeof(finding->text),
			       "takes the place of the built-in layout of %.80s, and is another",
			       own->abi);
		(void)snprintf(
			finding->advice, sizeof(finding->advice),
			"remove the file unless it was made for the very build that runs here "
			"(\"dovetap layout show\" prints the one in use)");
	}
}
