/* SPDX-License-Identifier: MIT */
#include "conf/dovetap.h"

#include <errno.h>
#include <string.h>

#include "conf/audit_words.h"
#include "conf/mask.h"
#include "conf/settings.h"

static const char *const compat_words[] = {"newest", "strict", NULL};
static const char *const dict_via_words[] = {"direct", "proxy", NULL};
static const char *const template_words[] = {"auto", "2.3", "2.4", NULL};
static const char *const log_words[] = {"stderr", "syslog", "journal", NULL};
static const char *const log_level_words[] = {"error", "warning", "info", "debug", NULL};

static int check_pin(const char *value, struct error *error_r)
{
	if (*value == '\0' || *value == '/')
		return 0;
	return error_set(error_r, EINVAL,
			 "\"%s\" is no absolute path; /sys/fs/bpf/dovetap would be right", value);
}

static int check_spool_sync(const char *value, struct error *error_r)
{
	if (strcmp(value, "full") == 0 || strcmp(value, "normal") == 0 || strcmp(value, "off") == 0)
		return 0;
	return error_set(error_r, EINVAL, "\"%s\" is unknown; full, normal or off would be right",
			 value);
}

/* libbpf wants a power of two and whole pages. */
static int check_ring_size(const char *value, struct error *error_r)
{
	static const struct conf_field size = {.type = CONF_SIZE};
	uint64_t bytes;

	if (conf_value_parse(&size, value, NULL, &bytes, NULL) < 0)
		return 0; /* the type says it better */
	if (bytes < 4096 || (bytes & (bytes - 1)) != 0)
		return error_set(error_r, EINVAL,
				 "\"%s\" is no power of two of at least 4k; 8M would be right",
				 value);
	return 0;
}

static int check_mask(const char *value, struct error *error_r)
{
	struct conf_mask mask;

	return conf_mask_parse(value, &mask, error_r);
}

#define EXPIRE_MIN_MSECS (UINT64_C(86400) * 1000)

/* Someone who forgets the unit shall not lose his records. */
static int check_expire_after(const char *value, struct error *error_r)
{
	static const struct conf_field time = {.type = CONF_TIME};
	uint64_t msecs;

	if (conf_value_parse(&time, value, NULL, &msecs, NULL) < 0)
		return 0; /* the type says it better */
	if (msecs > 0 && msecs < EXPIRE_MIN_MSECS)
		return error_set(error_r, EINVAL, "\"%s\" is less than a day; 365d would be right",
				 value);
	return 0;
}

static int check_audit_log(const char *value, struct error *error_r)
{
	static const char *const right[] = {"", "stdout", "syslog", "journal"};

	for (size_t i = 0; i < sizeof(right) / sizeof(right[0]); i++) {
		if (strcmp(value, right[i]) == 0)
			return 0;
	}
	if (value[0] == '/')
		return 0;
	return error_set(error_r, EINVAL,
			 "\"%s\" is unknown; stdout, syslog, journal or an absolute path would be "
			 "right",
			 value);
}

#define FIELD(member) .name = #member, .offset = offsetof(struct dovetap_settings, member)

static const struct conf_field fields[] = {
	{FIELD(user), .type = CONF_STRING},
	{FIELD(state_dir), .type = CONF_STRING, .otherwise = "/var/lib/dovetap"},
	{FIELD(spool_dir), .type = CONF_STRING, .otherwise = ""},
	{FIELD(spool_sync), .type = CONF_STRING, .otherwise = "full", .check = check_spool_sync},
	{FIELD(layout_dir), .type = CONF_STRING, .otherwise = "/etc/dovetap/layouts"},
	{FIELD(dovecot_config), .type = CONF_STRING, .otherwise = ""},
	{FIELD(control_socket), .type = CONF_STRING, .otherwise = "/run/dovetap/control.sock"},
	{FIELD(pin), .type = CONF_STRING, .otherwise = "", .check = check_pin},
	{FIELD(metrics_listen), .type = CONF_STRING, .otherwise = ""},
	{FIELD(dovecot_version), .type = CONF_STRING},
	{FIELD(mirror_dicts), .type = CONF_LIST},
	{FIELD(services), .type = CONF_LIST},
	{FIELD(ring_size), .type = CONF_SIZE, .otherwise = "8M", .max = 1U << 30,
	 .check = check_ring_size},
	{FIELD(min_interval), .type = CONF_TIME, .otherwise = "0"},
	{FIELD(expire_after), .type = CONF_TIME, .otherwise = "0", .check = check_expire_after},
	{FIELD(attach_fuse), .type = CONF_BOOL, .otherwise = "no"},
	{FIELD(capture_home), .type = CONF_BOOL, .otherwise = "no"},
	{FIELD(compat), .type = CONF_ENUM, .otherwise = "newest", .words = compat_words},
	{FIELD(dict_via), .type = CONF_ENUM, .otherwise = "direct", .words = dict_via_words},
	{FIELD(template_version), .type = CONF_ENUM, .otherwise = "auto", .words = template_words},
	{FIELD(log), .type = CONF_ENUM, .otherwise = "stderr", .words = log_words},
	{FIELD(log_level), .type = CONF_ENUM, .otherwise = "info", .words = log_level_words},
	{FIELD(mask_ip), .type = CONF_STRING, .otherwise = "no", .check = check_mask},
	{FIELD(geoip_country), .type = CONF_STRING, .otherwise = ""},
	{FIELD(geoip_asn), .type = CONF_STRING, .otherwise = ""},
	{FIELD(audit_log), .type = CONF_STRING, .otherwise = "", .check = check_audit_log},
	{FIELD(audit_events), .type = CONF_LIST, .words = audit_event_words},
	{FIELD(audit_fields), .type = CONF_LIST, .words = audit_field_words},
	{FIELD(audit_user_key), .type = CONF_STRING, .otherwise = ""},
	{FIELD(audit_mask_ip), .type = CONF_STRING, .otherwise = "no", .check = check_mask},
	{FIELD(audit_queue_size), .type = CONF_SIZE, .otherwise = "4M", .min = 64 << 10,
	 .max = 1U << 30},
	{.name = NULL},
};

const struct conf_field *dovetap_fields(void)
{
	return fields;
}

int dovetap_settings_read(const struct conf_section *const *roots,
			  struct dovetap_settings *settings_r, struct error *error_r)
{
	const struct conf_section *owner = *roots;
	struct dovetap_settings settings = {0};
	int ret = conf_settings_default(fields, owner, &settings, error_r);

	for (; *roots && ret == 0; roots++)
		ret = conf_settings_read(conf_section_find(*roots, "dovetap", NULL), fields,
					 "dovetap { }", owner, &settings, error_r);
	if (ret == 0)
		*settings_r = settings;
	return ret;
}

/* What may stand where in our own file; NULL lists: anything. */
struct shape {
	const char *const *settings;
	const char *const *sections;
};

static const char *const filter_settings[] = {
	"mail_plugins",
	"last_login_key",
	"last_login_precision",
	"last_login_source",
	"last_auth_key",
	"last_failure_key",
	"plugin/last_login_dict",
	"plugin/last_login_key",
	"plugin/last_login_precision",
	"plugin/last_login_source",
	"plugin/last_auth_key",
	"plugin/last_failure_key",
	"dovecot_config_version",
	"dovecot_storage_version",
	"base_dir",
	NULL,
};
static const char *const filter_sections[] = {
	"dovetap",
	"plugin",
	"dict",
	"last_login",
	"dict_server",
	"mail_plugins",
	"protocol",
	"remote",
	"local",
	"local_name",
	"last_login_dict_fields",
	NULL,
};
static const char *const plugin_settings[] = {
	"last_login_dict",
	"last_login_key",
	"last_login_precision",
	"last_login_source",
	"last_auth_key",
	"last_failure_key",
	NULL,
};
static const char *const last_login_settings[] = {
	"last_login_key", "key",	   "last_login_precision", "precision", "last_login_source",
	"source",	  "last_auth_key", "last_failure_key",	   NULL,
};
static const char *const last_login_sections[] = {"dict", "last_login_dict_fields", "dict_fields",
						  NULL};
static const char *const none[] = {NULL};

static const struct {
	const char *type;
	struct shape shape;
} shapes[] = {
	{"", {filter_settings, filter_sections}},
	{"protocol", {filter_settings, filter_sections}},
	{"remote", {filter_settings, filter_sections}},
	{"local", {filter_settings, filter_sections}},
	{"local_name", {filter_settings, filter_sections}},
	{"plugin", {plugin_settings, none}},
	{"last_login", {last_login_settings, last_login_sections}},
};

static const struct shape *shape_of(const char *type)
{
	for (size_t i = 0; i < sizeof(shapes) / sizeof(shapes[0]); i++) {
		if (strcmp(shapes[i].type, type) == 0)
			return &shapes[i].shape;
	}
	return NULL; /* dovetap { } and dicts are checked by those who read them */
}

static bool is_known(const char *word, const char *const *known)
{
	for (; *known; known++) {
		if (strcmp(*known, word) == 0)
			return true;
	}
	return false;
}

static int check_word(const struct conf_pos *pos, const struct conf_section *in, const char *what,
		      const char *word, const char *const *known, struct error *error_r)
{
	const char *nearest, *place = *in->type == '\0' ? "the file" : in->type;

	if (is_known(word, known))
		return 0;
	nearest = conf_nearest(word, known);
	if (nearest)
		return conf_error(pos, error_r, EINVAL,
				  "unknown %s \"%s\" in %s; did you mean \"%s\"?", what, word,
				  place, nearest);
	return conf_error(pos, error_r, EINVAL,
			  "unknown %s \"%s\" in %s; dovetap's own settings stand in dovetap { }",
			  what, word, place);
}

static int check_section(const struct conf_section *section, struct error *error_r)
{
	const struct shape *shape = shape_of(section->type);
	const struct conf_setting *setting;
	const struct conf_section *child;
	int ret = 0;

	if (!shape)
		return 0;
	for (setting = section->settings; setting && ret == 0; setting = setting->next)
		ret = check_word(&setting->pos, section, "setting", setting->key, shape->settings,
				 error_r);
	for (child = section->sections; child && ret == 0; child = child->next) {
		ret = check_word(&child->pos, section, "section", child->type, shape->sections,
				 error_r);
		if (ret == 0)
			ret = check_section(child, error_r);
	}
	return ret;
}

int dovetap_conf_check(const struct conf_section *root, struct error *error_r)
{
	return check_section(root, error_r);
}
