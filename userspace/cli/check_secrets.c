/* SPDX-License-Identifier: MIT */
#include "cli/check_secrets.h"

#include <string.h>
#include <sys/stat.h>

#include "conf/print.h"

#define VALUE_MAX 65536

static bool is_secret(const struct conf_setting *setting)
{
	struct buf masked;
	bool differs;

	/* What stands in a file of its own is that file's affair. */
	if (setting->from_file)
		return false;
	buf_init(&masked, VALUE_MAX);
	conf_mask(&masked, setting->key, setting->value);
	differs = strcmp(buf_str(&masked), setting->value) != 0;
	buf_release(&masked);
	return differs;
}

static bool is_reported(const struct findings *findings, const char *file)
{
	for (size_t i = 0; i < findings->count; i++) {
		if (strcmp(findings->items[i].area, "secret") == 0 &&
		    strcmp(findings->items[i].subject, file) == 0)
			return true;
	}
	return false;
}

static void report(const struct conf_setting *setting, unsigned int mode, struct findings *findings)
{
	struct finding *finding = findings_add(findings, "secret", FINDING_WARNING);

	if (!finding)
		return;
	(void)snprintf(finding->subject, sizeof(finding->subject), "%s", setting->pos.file);
	(void)snprintf(
		finding->text, sizeof(finding->text),
		"line %u has a password (%.100s), and everybody may read the file (mode %04o)",
		setting->pos.line, setting->key, mode);
	(void)snprintf(finding->advice, sizeof(finding->advice),
		       "chmod 0640, or put the password into a file of its own: docs/service.md, "
		       "secrets");
}

static void check_setting(const struct conf_setting *setting, struct findings *findings)
{
	struct stat st;

	if (!is_secret(setting) || stat(setting->pos.file, &st) < 0 || !(st.st_mode & S_IROTH) ||
	    is_reported(findings, setting->pos.file))
		return;
	report(setting, st.st_mode & 07777, findings);
}

void check_secrets(const struct conf_section *root, struct findings *findings)
{
	if (!root)
		return;
	for (const struct conf_setting *s = root->settings; s; s = s->next)
		check_setting(s, findings);
	for (const struct conf_section *s = root->sections; s; s = s->next)
		check_secrets(s, findings);
}
