/* SPDX-License-Identifier: MIT */
/* The audit stream, and what of clients may be known, as the settings want it. */
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "conf/arena.h"
#include "conf/mask.h"
#include "plan/plan_private.h"

#define BIT(field) (UINT64_C(1) << AUDIT_FIELD_##field)
#define CONTAINER_FIELDS                                                                           \
	(BIT(POD) | BIT(CONTAINER) | BIT(POD_NAMESPACE) | BIT(POD_UID) | BIT(CONTAINER_ID))

/* Bits of the words that are listed. */
static uint64_t bits_of(const char *const *list, const char *const *words)
{
	uint64_t bits = 0;

	for (; *list; list++) {
		for (unsigned int i = 0; words[i]; i++) {
			if (strcmp(*list, words[i]) == 0)
				bits |= UINT64_C(1) << i;
		}
	}
	return bits;
}

static uint64_t fields_of(const struct dovetap_settings *settings)
{
	uint64_t fields = bits_of(settings->audit_fields, audit_field_words);

	/* Distinguishing containers requires looking them up. */
	return fields ? fields : ~CONTAINER_FIELDS;
}

struct ip_mask plan_mask(const char *setting)
{
	struct conf_mask mask = {32, 128};

	/* The setting was checked when it was read. */
	(void)conf_mask_parse(setting, &mask, NULL);
	return (struct ip_mask){mask.v4, mask.v6};
}

int plan_open_geo(const struct plan *plan, struct geo **geo_r, struct error *error_r)
{
	const struct dovetap_settings *settings = plan_settings(plan);

	return geo_new(settings->geoip_country, settings->geoip_asn, geo_r, error_r);
}

/* One newline at the end does not count, as in "<file" of a configuration. */
static int keep_key(struct plan *plan, int fd, struct error *error_r)
{
	char key[PSEUDONYM_KEY_MAX + 2], *kept;
	ssize_t len = read(fd, key, sizeof(key));

	if (len < 0)
		return error_set(error_r, errno, "%m");
	if (len > 0 && key[len - 1] == '\n')
		len--;
	kept = arena_strndup(plan_texts(plan), key, (size_t)len);
	explicit_bzero(key, sizeof(key));
	if (!kept)
		return plan_no_memory(error_r);
	plan->config.audit_key = (struct slice){kept, (size_t)len};
	return 0;
}

/* Whoever has the key can find out the users, by trying their names. */
static int check_key_file(int fd, struct error *error_r)
{
	struct stat file;

	if (fstat(fd, &file) < 0)
		return error_set(error_r, errno, "%m");
	if (file.st_mode & S_IROTH)
		return error_set(error_r, EINVAL,
				 "everybody may read this key; mode 0600 would be right");
	return 0;
}

static int read_key(struct plan *plan, const char *path, struct error *error_r)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC), ret;

	if (fd < 0)
		return error_set(error_r, errno, "audit_user_key: %s: %m", path);
	ret = check_key_file(fd, error_r);
	if (ret == 0)
		ret = keep_key(plan, fd, error_r);
	close(fd);
	return ret < 0 ? error_prefix(error_r, "audit_user_key: %s", path) : 0;
}

static int use_key(struct plan *plan, const char *path, struct error *error_r)
{
	int ret = pseudonym_new(plan->config.audit_key, &plan->audit.policy.pseudonym, error_r);

	return ret < 0 ? error_prefix(error_r, "audit_user_key: %s", path) : 0;
}

int plan_load_audit(struct plan *plan, struct error *error_r)
{
	const struct dovetap_settings *settings = plan_settings(plan);
	uint64_t events = bits_of(settings->audit_events, audit_event_words);
	int ret = 0;

	plan->audit = (struct audit_config){
		.target = settings->audit_log,
		.events = events ? (unsigned int)events : ~0U,
		.queue_size = settings->audit_queue_size,
		.policy = {.fields = fields_of(settings),
			   .mask = plan_mask(settings->audit_mask_ip),
			   .node = plan_host(plan).node},
	};
	if (settings->audit_user_key[0] && !plan->config.resolved)
		ret = read_key(plan, settings->audit_user_key, error_r);
	if (settings->audit_user_key[0] && ret == 0)
		ret = use_key(plan, settings->audit_user_key, error_r);
	return ret;
}

const struct audit_config *plan_audit(const struct plan *plan)
{
	return plan->audit.target && plan->audit.target[0] ? &plan->audit : NULL;
}

const struct audit_config *plan_audit_policy(const struct plan *plan)
{
	return &plan->audit;
}

bool plan_audit_wants_container(const struct plan *plan)
{
	return plan_audit(plan) && plan->audit.policy.fields & CONTAINER_FIELDS;
}

/* --- the client's own identification --------------------------------------------------------- */

bool plan_wants_client_id(const struct plan *plan)
{
	const char *const *field = plan_settings(plan)->audit_fields;
	bool wants = false;

	/* Without a list the stream has all fields that there are. */
	for (; *field && plan_settings(plan)->audit_log[0]; field++)
		wants |= strcmp(*field, "client_id") == 0;
	for (size_t i = 0; i < plan_route_count(plan); i++)
		wants |= plan_template_has(plan_route(plan, i)->key, "client_id");
	return wants;
}

static bool is_on(const struct conf_section *section)
{
	static const char *const yes[] = {"yes", "y", "1", "true"};
	const struct conf_setting *setting =
		section ? conf_setting_find(section, "imap_id_retain") : NULL;
	bool on = false;

	for (size_t i = 0; setting && i < sizeof(yes) / sizeof(yes[0]); i++)
		on |= strcasecmp(setting->value, yes[i]) == 0;
	return on;
}

bool plan_has_client_id(const struct plan *plan)
{
	const struct conf_section *root = plan_server_root(plan);

	return is_on(root) || is_on(conf_section_find(root, "protocol", "imap"));
}
