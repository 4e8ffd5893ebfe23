/* SPDX-License-Identifier: MIT */
/*
 * The settings of dovetap { }: what is read, and what docs/dovetap.conf.5, docs/configuration.md
 * and deploy/dovetap.conf have of them ("make docs").
 *
 * Texts are sentences. What is typed stands in `backticks`, of which each form of the document
 * makes its own.
 */
#include <errno.h>
#include <string.h>

#include "conf/audit_words.h"
#include "conf/dovetap.h"
#include "conf/mask.h"
#include "conf/settings.h"

static const char *const compat_words[] = {"newest", "strict", NULL};
static const char *const masters_words[] = {"root", "rootless", "any", NULL};
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

/* What %{service} can be; a SASL client may call itself something else. */
static const char *const services[] = {
	"imap", "pop3",	   "submission", "managesieve",	   "sieve",	   "lmtp",
	"lda",	"doveadm", "smtp",	 "indexer-worker", "quota-status", "imap-urlauth-worker",
	NULL};

/* Another service than those may be right, one that nearly is one of them is misspelt. */
static int check_service(const char *word, struct error *error_r)
{
	const char *nearest = conf_nearest(word, services);
	size_t len = strlen(word);

	if (!nearest || strcmp(nearest, word) == 0 || len < 3 || strncmp(nearest, word, 3) != 0)
		return 0;
	return error_set(error_r, EINVAL, "\"%s\" is no service of Dovecot's; %s would be right",
			 word, nearest);
}

static int check_services(const char *value, struct error *error_r)
{
	static const char separators[] = " \t,";
	char word[64];
	int ret = 0;

	for (value += strspn(value, separators); *value && ret == 0;
	     value += strspn(value, separators)) {
		size_t len = strcspn(value, separators);

		(void)snprintf(word, sizeof(word), "%.*s", (int)len, value);
		ret = check_service(word, error_r);
		value += len;
	}
	return ret;
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
		return 0; /* reported by the type */
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
		return 0; /* reported by the type */
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
	{FIELD(dovecot_config), .type = CONF_STRING, .otherwise = "", .group = "The mail server",
	 .example = "/etc/dovecot/dovecot.conf",
	 .meaning = "The mail server's own file, from which the plugin's settings are taken.",
	 .more = "Nothing in `dovetap.conf` has to repeat them; what it has wins."},
	{FIELD(dovecot_root), .type = CONF_STRING, .otherwise = "",
	 .default_text = "the `--root` that `dovecot_config` lies below",
	 .example = "/var/lib/machines/mail",
	 .meaning =
		 "The root folder of the container that `dovecot_config`, a path on the host, is of.",
	 .more = "Absolute paths of files that it includes or reads, and of SQL maps, count from there."},
	{FIELD(services), .type = CONF_LIST, .check = check_services,
	 .default_text = "those whose blocks have the plugin in `mail_plugins`, else imap and pop3",
	 .example = "imap pop3 submission managesieve",
	 .meaning = "The services to record, regardless of `mail_plugins`."},
	{FIELD(layout_dir), .type = CONF_STRING, .otherwise = "/etc/dovetap/layouts",
	 .meaning = "Layouts of Dovecot builds that dovetap does not know.",
	 .more = "Files `*.layouts` as `dovetap layout make` prints them; read at the start. One for "
		 "an ABI string that is built in takes the place of that."},
	{FIELD(attach_fuse), .type = CONF_BOOL, .otherwise = "no", .see = "service.md",
	 .meaning = "Whether Dovecots whose files are on FUSE (fuse-overlayfs) get probes, too.",
	 .more = "Until the server of such a mount answers, no process of this machine may start "
		 "another: only if every server is trusted."},
	{FIELD(masters), .type = CONF_ENUM, .otherwise = "rootless", .words = masters_words,
	 .see = "threat-model.md",
	 .meaning =
		 "Whose Dovecots are believed: with `root` those whose master root or a container of "
		 "root's runs, with `rootless` also those of containers that users make, with `any` "
		 "those of everybody.",
	 .more = "A user of this machine who may make containers can have his own Dovecot record any "
		 "name, unless it is `root`."},
	{FIELD(require_proof), .type = CONF_BOOL, .otherwise = "no", .see = "threat-model.md",
	 .meaning = "Whether a record is refused that cannot be shown to come from Dovecot.",
	 .more = "Otherwise such a record is kept, counted and marked `unverified` in the audit stream."},
	{FIELD(mirror_dicts), .type = CONF_LIST, .group = "What is written",
	 .example = "sqlite:path=/var/lib/dovetap/all.db",
	 .meaning = "More stores, as URIs, to which every login is written as well.",
	 .more = "Not the records of `last_auth_key` and `last_failure_key`. Each store has a writer "
		 "of its own; one that is down delays no other. It gets the key of the login's own store, "
		 "a prefix that depends on the login included; in its own URI only what is the same for "
		 "all logins is expanded, as in `last_login_dict` (`%%` is a percent sign)."},
	{FIELD(min_interval), .type = CONF_TIME, .otherwise = "0",
	 .default_text = "0, every login is written",
	 .meaning = "A record of the same key is not written again sooner than this.",
	 .more = "The newest login of the interval is written at its end."},
	{FIELD(expire_after), .type = CONF_TIME, .otherwise = "0", .default_text = "0, never",
	 .range = "a day or more", .check = check_expire_after, .see = "backends.md",
	 .meaning = "Records of logins that are older than this, such as 730d, are removed."},
	{FIELD(history), .type = CONF_UINT, .otherwise = "0", .default_text = "0, none",
	 .max = 1000, .range = "0 to 1000", .see = "history.md",
	 .meaning = "So many logins of each user are kept, besides the newest of each service.",
	 .more = "In the same store, in a table or set of their own: `dovetap lookup --history` and "
		 "`dovetap recent` print them."},
	{FIELD(history_failures), .type = CONF_UINT, .otherwise = "0", .default_text = "0, none",
	 .max = 1000, .range = "0 to 1000", .see = "history.md",
	 .meaning = "The same of failures, which take no place from the logins."},
	{FIELD(compat), .type = CONF_ENUM, .otherwise = "newest", .words = compat_words,
	 .meaning = "With `newest` the time and the address of a login move forward together, with "
		    "`strict` each byte is what the plugin of `dovecot_version` writes."},
	{FIELD(dovecot_version), .type = CONF_STRING,
	 .default_text = "that of the `doveconf` that reads `dovecot_config`, else the newest",
	 .example = "2.3.19",
	 .meaning = "The release that `compat = strict` and the templates follow."},
	{FIELD(dict_via), .type = CONF_ENUM, .otherwise = "direct", .words = dict_via_words,
	 .meaning =
		 "Whether a `proxy:` URI means the store behind Dovecot's dict server, `direct`, or "
		 "that server itself, `proxy`."},
	{FIELD(template_version), .type = CONF_ENUM, .otherwise = "auto", .words = template_words,
	 .see = "templates.md",
	 .meaning = "The language of all keys; `auto` is that of the block in which each stands."},
	{FIELD(capture_home), .type = CONF_BOOL, .otherwise = "no",
	 .meaning = "Capture home directories even though no key or URI has `%h`.",
	 .more = "Where one has it, they are captured anyway."},
	{FIELD(state_dir), .type = CONF_STRING, .otherwise = "/var/lib/dovetap",
	 .group = "Where records are kept",
	 .meaning = "The directory of the embedded store and of the spool."},
	{FIELD(spool_dir), .type = CONF_STRING, .otherwise = "",
	 .default_text = "`spool` in `state_dir`", .example = "/var/lib/dovetap/spool",
	 .meaning =
		 "The directory of the spool, where records wait that a store does not take now."},
	{FIELD(spool_sync), .type = CONF_STRING, .otherwise = "full",
	 .range = "`full`, `normal` or `off`", .check = check_spool_sync,
	 .meaning =
		 "What of the spool survives a power cut: with `full` all, with `normal` all but "
		 "the last moments.",
	 .more = "With `off` the file itself may be damaged by one, and is then begun anew."},
	{FIELD(ring_size), .type = CONF_SIZE, .otherwise = "8M", .max = 1U << 30,
	 .range = "a power of two, 4k to 1G", .check = check_ring_size,
	 .meaning = "The size of the buffer for events on their way from the kernel."},
	{FIELD(pin), .type = CONF_STRING, .otherwise = "", .default_text = "none",
	 .range = "an absolute path", .example = "/sys/fs/bpf/dovetap", .check = check_pin,
	 .see = "service.md",
	 .meaning = "A directory in bpffs where ring and probes outlive dovetap.",
	 .more = "The next dovetap takes them over, `dovetap detach` removes them. Under systemd they "
		 "are kept without it."},
	{FIELD(control_socket), .type = CONF_STRING, .otherwise = "/run/dovetap/control.sock",
	 .group = "Observing it",
	 .meaning = "The socket of `dovetap status` and `dovetap top`; empty: none."},
	{FIELD(support_group), .type = CONF_STRING, .otherwise = "dovetap", .range = "a group",
	 .see = "security.md",
	 .meaning =
		 "Whose members may use `dovetap lookup`, `status` and `top` without being root; "
		 "empty: nobody."},
	{FIELD(metrics_listen), .type = CONF_STRING, .otherwise = "", .default_text = "none",
	 .range = "a path, or an address:port", .example = "127.0.0.1:9190", .see = "metrics.md",
	 .meaning = "Where `/metrics`, `/status`, `/livez` and `/readyz` are served by HTTP.",
	 .more = "On an address that is not loopback only with `metrics_tls_cert` and "
		 "`metrics_tls_key`, and with `metrics_token_file`, `metrics_tls_client_ca` or both."},
	{FIELD(metrics_tls_cert), .type = CONF_STRING, .otherwise = "",
	 .default_text = "none, no TLS", .example = "/etc/dovetap/metrics.crt", .see = "metrics.md",
	 .meaning = "The certificate of `metrics_listen` and those that lead to its CA, in PEM.",
	 .more = "It is read at the start and with each reload, as is all that follows here."},
	{FIELD(metrics_tls_key), .type = CONF_STRING, .otherwise = "", .default_text = "none",
	 .example = "/etc/dovetap/metrics.key",
	 .meaning = "Its key, in PEM, without a password; not for everybody to read."},
	{FIELD(metrics_tls_client_ca), .type = CONF_STRING, .otherwise = "", .default_text = "none",
	 .example = "/etc/dovetap/metrics-client-ca.crt",
	 .meaning = "With it only a client with a certificate of this CA gets an answer."},
	{FIELD(metrics_token_file), .type = CONF_STRING, .otherwise = "", .default_text = "none",
	 .example = "/etc/dovetap/metrics.token",
	 .meaning =
		 "With it only a client that sends one of the bearer tokens in this file gets an "
		 "answer: one a line, as it is or as `sha256:` and its hash.",
	 .more = "With a client's CA as well both are wanted."},
	{FIELD(log), .type = CONF_ENUM, .otherwise = "stderr", .words = log_words,
	 .meaning = "Where the log goes."},
	{FIELD(log_level), .type = CONF_ENUM, .otherwise = "info", .words = log_level_words,
	 .meaning = "What is logged: this level and those before it."},
	{FIELD(audit_log), .type = CONF_STRING, .otherwise = "", .group = "Audit stream",
	 .default_text = "none", .range = "an absolute path, `stdout`, `syslog` or `journal`",
	 .example = "/var/log/dovetap/audit.log", .check = check_audit_log, .see = "audit.md",
	 .meaning = "The audit stream, a JSON object for every login and failure."},
	{FIELD(audit_events), .type = CONF_LIST, .words = audit_event_words, .default_text = "all",
	 .example = "login auth failure proxy", .meaning = "The events of the audit stream."},
	{FIELD(audit_fields), .type = CONF_LIST, .words = audit_field_words,
	 .default_text =
		 "all but `pod`, `container`, `pod_namespace`, `pod_uid` and `container_id`",
	 .range = "names of fields", .example = "user service remote_ip outcome", .see = "audit.md",
	 .meaning = "The fields of its records."},
	{FIELD(audit_queue_size), .type = CONF_SIZE, .otherwise = "4M", .min = 64 << 10,
	 .max = 1U << 30, .range = "64k to 1G",
	 .meaning = "Memory for records of the audit stream that wait for its sink."},
	{FIELD(geoip_country), .type = CONF_STRING, .otherwise = "",
	 .group = "Addresses and privacy", .default_text = "none",
	 .example = "/var/lib/GeoIP/GeoLite2-Country.mmdb",
	 .meaning =
		 "A database in MaxMind's format with the country of an address, for `%{country}` "
		 "in keys and for the audit stream."},
	{FIELD(geoip_asn), .type = CONF_STRING, .otherwise = "", .default_text = "none",
	 .example = "/var/lib/GeoIP/GeoLite2-ASN.mmdb",
	 .meaning = "The same with the autonomous system, `%{asn}`."},
	{FIELD(mask_ip), .type = CONF_STRING, .otherwise = "no",
	 .range = "`yes`, `no` or the bits of IPv4 and IPv6, such as `/16 /32`",
	 .check = check_mask, .see = "audit.md",
	 .meaning = "How much of a client's address keys have: with `no` all of it, with `yes` the "
		    "first 24 bits of IPv4 and 48 of IPv6 addresses."},
	{FIELD(audit_mask_ip), .type = CONF_STRING, .otherwise = "no", .range = "as `mask_ip`",
	 .check = check_mask, .meaning = "How much of it the audit stream has."},
	{FIELD(audit_user_key), .type = CONF_STRING, .otherwise = "",
	 .default_text = "none, names are written as they are", .example = "/etc/dovetap/audit.key",
	 .see = "audit.md",
	 .meaning =
		 "A file with a key of 16 bytes or more, by which user names in the audit stream "
		 "are hashed (HMAC-SHA256)."},
	{FIELD(user), .type = CONF_STRING, .group = "Rights",
	 .default_text = "dovetap, or nobody where there is no such user", .example = "dovetap",
	 .meaning = "The unprivileged user that the collector becomes."},
	{.name = NULL},
};

const struct conf_field *dovetap_fields(void)
{
	return fields;
}
