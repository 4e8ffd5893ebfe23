/* SPDX-License-Identifier: MIT */
/* dovetap check: what prevents dovetap from working here, as findings. It attaches nothing and
 * writes to no dict. */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "attach/kernel.h"
#include "audit/sink.h"
#include "base/clock.h"
#include "base/log.h"
#include "cli/as_collector.h"
#include "cli/check_layouts.h"
#include "cli/check_pins.h"
#include "cli/check_secrets.h"
#include "cli/check_stores.h"
#include "cli/cmds.h"
#include "cli/control.h"
#include "cli/findings.h"
#include "cli/options.h"
#include "cli/processes.h"
#include "cli/roots.h"
#include "cli/try_settings.h"
#include "dovecot/layout.h"
#include "dovecot/layout_files.h"
#include "search/search.h"

#define PING_NS (5 * NS_PER_SEC)

/* Where the searches' findings go. */
struct looking {
	struct findings *findings;
	char state_dir[PATH_MAX]; /* "": not known */
	bool fuse;		  /* attach_fuse */
};

struct check_options {
	struct config_options plan;
	struct roots roots;
	const char *control; /* NULL: the setting */
	bool json;
};

static const struct argp_option options[] = {
	{"control", OPTION_WORD(struct check_options, control), "SOCKET", 0,
	 "Where the collector answers (control_socket)", 1},
	{"json", 'j', NULL, 0, "Print JSON", 1},
	{0},
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct check_options *check = state->input;

	switch (key) {
	case ARGP_KEY_INIT:
		state->child_inputs[0] = &check->plan;
		state->child_inputs[1] = &check->roots;
		check->plan.roots = check->roots.dirs;
		return 0;
	case 'j':
		check->json = true;
		return 0;
	default:
		return option_take(key, arg, state);
	}
}

static const struct argp argp = {
	.options = options,
	.parser = parse,
	.children = plan_roots_children,
	.doc = "Checks whether the kernel, this process's rights, each Dovecot found, the "
	       "configuration and the dicts are fit, which rights a running dovetap has, and what "
	       "to do if not. Attaches nothing. \"--config\" without a file prints the "
	       "effective settings and where each comes from instead.\v"
	       "Exits with 0 when dovetap would work, with warnings or without; 69 when not; 78 "
	       "when the configuration is wrong.",
};

static void set(char *to, size_t size, const char *text)
{
	(void)snprintf(to, size, "%s", text);
}

static void check_kernel(struct findings *findings)
{
	static const enum finding_state states[] = {
		[KERNEL_OK] = FINDING_OK,
		[KERNEL_WARNING] = FINDING_WARNING,
		[KERNEL_BAD] = FINDING_BAD,
	};
	struct kernel_check checks[KERNEL_CHECK_COUNT];

	kernel_check_all(checks);
	for (size_t i = 0; i < KERNEL_CHECK_COUNT; i++) {
		struct finding *finding = findings_add(findings, "kernel", states[checks[i].state]);

		if (!finding)
			return;
		set(finding->subject, sizeof(finding->subject), checks[i].name);
		set(finding->text, sizeof(finding->text), checks[i].found);
		set(finding->advice, sizeof(finding->advice), checks[i].advice);
	}
}

static void on_build(void *context, const struct binary *binary, const struct binary *replaced)
{
	const struct looking *looking = context;
	const char *blind;
	struct finding *finding = findings_add(looking->findings, "dovecot",
					       binary->probe ? FINDING_OK : FINDING_BAD);

	(void)replaced;
	if (!finding)
		return;
	set(finding->subject, sizeof(finding->subject), binary->path);
	if (!binary->probe) {
		set(finding->text, sizeof(finding->text), "cannot be watched");
		set(finding->advice, sizeof(finding->advice), binary->refusal.text);
		return;
	}
	(void)snprintf(finding->text, sizeof(finding->text), "%s, layout %s, %s at %s", binary->abi,
		       binary->layout->name, priv_role_name(binary->role), binary->probe->symbol);
	check_proof(looking->state_dir, binary, finding);
	blind = binary_blind_spot(binary);
	if (!blind || finding->state == FINDING_BAD)
		return;
	finding->state = FINDING_WARNING;
	(void)snprintf(finding->advice, sizeof(finding->advice),
		       "%s cannot be seen in this build: their functions were optimised out",
		       blind);
}

static void on_stalled(void *context, const char *place, bool end, unsigned int count)
{
	const struct looking *looking = context;
	struct finding *finding = findings_add(looking->findings, "dovecot", FINDING_WARNING);

	(void)end;
	(void)count;
	if (!finding)
		return;
	set(finding->subject, sizeof(finding->subject), place);
	set(finding->text, sizeof(finding->text), "a file system does not answer");
	set(finding->advice, sizeof(finding->advice),
	    "a Dovecot there is not seen until the server of the mount (FUSE, NFS) answers; "
	    "\"dovetap run\" tries again");
}

/* Errors of the configuration itself are reported by check_plan(). */
static void load_layouts(const struct check_options *check, struct looking *looking)
{
	struct finding *finding;
	struct error error = {0};
	struct plan *plan = NULL;

	if (plan_new(&check->plan, &plan, NULL) < 0)
		return;
	looking->fuse = plan_settings(plan)->attach_fuse;
	set(looking->state_dir, sizeof(looking->state_dir), plan_settings(plan)->state_dir);
	if (layout_files_load(plan_settings(plan)->layout_dir, &error) < 0) {
		finding = findings_add(looking->findings, "dovecot", FINDING_BAD);
		if (finding)
			set(finding->text, sizeof(finding->text), error.text);
	}
	plan_free(&plan);
	check_own_layouts(looking->findings);
}

static void check_builds(const struct check_options *check, struct findings *findings)
{
	struct looking looking = {.findings = findings};
	struct discover_options discover_options = roots_discover(&check->roots);
	size_t before = findings->count;
	const struct search_owner owner = {
		.ctx = &looking, .found = on_build, .stalled = on_stalled};
	struct finding *finding;
	struct error error = {0};
	int ret;

	load_layouts(check, &looking);
	discover_options.fuse = looking.fuse;
	ret = search_once(&discover_options, &owner, &error);
	if (ret == 0 && findings->count > before)
		return;
	finding = findings_add(findings, "dovecot", FINDING_WARNING);
	if (!finding)
		return;
	set(finding->subject, sizeof(finding->subject), "search");
	set(finding->text, sizeof(finding->text), ret < 0 ? error.text : "no Dovecot was found");
	set(finding->advice, sizeof(finding->advice),
	    ret < 0 ? ""
		    : "install Dovecot, or name its root folder with --root; \"dovetap run\" "
		      "attaches as soon as one appears");
}

struct noting {
	struct findings *findings;
	const char *dict;
};

static void add_note(void *context, const char *text)
{
	const struct noting *noting = context;
	struct finding *finding = findings_add(noting->findings, "dict", FINDING_WARNING);

	if (!finding)
		return;
	set(finding->subject, sizeof(finding->subject), noting->dict);
	set(finding->text, sizeof(finding->text), text);
}

/* Returns -EINVAL when the configuration is at fault, and not the store. */
static int check_dict(const struct plan *plan, size_t index, struct findings *findings)
{
	struct noting noting = {findings, plan_dict_name(plan, index)};
	struct finding *finding;
	struct dict *dict = NULL;
	struct error error = {0};
	int ret = plan_dict_open(plan, index, &dict, &error);

	if (ret == 0)
		ret = dict_ping(dict, clock_monotonic_ns() + PING_NS, &error);
	error_name_user(&error);
	finding = findings_add(findings, "dict", ret < 0 ? FINDING_BAD : FINDING_OK);
	if (finding) {
		set(finding->subject, sizeof(finding->subject), plan_dict_name(plan, index));
		set(finding->text, sizeof(finding->text), ret < 0 ? error.text : "answers");
	}
	if (finding && ret == 0)
		(void)check_store(plan, index, dict, finding);
	if (ret == 0)
		plan_dict_notes(plan, index, dict, add_note, &noting);
	dict_close(&dict);
	return ret == -EINVAL ? ret : 0;
}

static int check_geo(const struct plan *plan, struct findings *findings)
{
	struct finding *finding;
	struct error error = {0};
	struct geo *geo = NULL;
	int ret = plan_open_geo(plan, &geo, &error);

	if (ret == 0 && !geo)
		return 0;
	geo_free(&geo);
	error_name_user(&error);
	finding = findings_add(findings, "geoip", ret < 0 ? FINDING_BAD : FINDING_OK);
	if (finding)
		set(finding->text, sizeof(finding->text),
		    ret < 0 ? error.text : "the databases can be read");
	return ret < 0 ? -EINVAL : 0;
}

static void check_audit(const struct plan *plan, struct findings *findings)
{
	const struct audit_config *audit = plan_audit(plan);
	struct finding *finding;
	struct error error = {0};
	int ret;

	if (!audit)
		return;
	ret = audit_sink_try(audit->target, &error);
	error_name_user(&error);
	finding = findings_add(findings, "audit", ret < 0 ? FINDING_BAD : FINDING_OK);
	if (!finding)
		return;
	set(finding->subject, sizeof(finding->subject), audit->target);
	set(finding->text, sizeof(finding->text), ret < 0 ? error.text : "can be written");
}

/* The dicts are tried with the collector's rights, not with those of whoever asks. */
static int check_dicts(const struct plan *plan, struct findings *findings)
{
	struct finding *finding;
	struct error error = {0};
	int ret = 0;

	if (as_collector_looking(plan, &error) < 0) {
		finding = findings_add(findings, "dict", FINDING_BAD);
		if (finding)
			set(finding->text, sizeof(finding->text), error.text);
		return 0;
	}
	for (size_t i = 0; i < plan_dict_count(plan); i++)
		ret = check_dict(plan, i, findings) < 0 ? -EINVAL : ret;
	ret = check_geo(plan, findings) < 0 ? -EINVAL : ret;
	check_audit(plan, findings);
	return ret;
}

static void check_client_id(const struct plan *plan, struct findings *findings)
{
	struct finding *finding;

	if (!plan_wants_client_id(plan) || plan_has_client_id(plan))
		return;
	finding = findings_add(findings, "configuration", FINDING_WARNING);
	if (!finding)
		return;
	set(finding->subject, sizeof(finding->subject), "client_id");
	set(finding->text, sizeof(finding->text),
	    "Dovecot passes a client's identification (IMAP ID) on with imap_id_retain = yes alone, "
	    "which its configuration does not have: it will be empty");
	set(finding->advice, sizeof(finding->advice),
	    "set imap_id_retain = yes in Dovecot's configuration");
}

static const char *purpose_of(const struct plan_route *route)
{
	static const char *const purposes[DELIVER_PURPOSES] = {
		[DELIVER_AUTH] = "authentications",
		[DELIVER_FAILURE] = "failures",
		[DELIVER_HISTORY] = "history of logins",
		[DELIVER_FAILURE_HISTORY] = "history of failures",
	};
	static const char *const logins[] = {
		[LAST_LOGIN_MAIL_USER] = "logins (mail_user)",
		[LAST_LOGIN_AUTH] = "logins (auth)",
		[LAST_LOGIN_PROXY] = "logins (proxy)",
		[LAST_LOGIN_ANY] = "logins (any)",
	};

	if (route->purpose == DELIVER_LOGIN)
		return logins[route->source];
	return purposes[route->purpose];
}

static void check_keys(const struct plan *plan, struct findings *findings)
{
	for (size_t i = 0; i < plan_route_count(plan); i++) {
		const struct plan_route *route = plan_route(plan, i);
		struct finding *finding = findings_add(findings, "configuration", FINDING_OK);

		if (!finding)
			return;
		set(finding->subject, sizeof(finding->subject), route->key_text);
		(void)snprintf(finding->text, sizeof(finding->text), "%s, precision %s, dict %s",
			       purpose_of(route), precision_name(route->precision),
			       plan_dict_name(plan, route->dict));
	}
}

static int check_settings(const struct plan *plan, struct findings *findings)
{
	struct finding *finding;
	struct error error = {0};

	if (try_settings(plan, &error) == 0)
		return 0;
	finding = findings_add(findings, "configuration", FINDING_BAD);
	if (finding)
		set(finding->text, sizeof(finding->text), error.text);
	return -EINVAL;
}

/* Of our own files: Dovecot's are not ours to judge. */
static void check_files(const struct check_options *check, struct findings *findings)
{
	struct config config = {0};

	if (config_load(&check->plan, &config, NULL) == 0)
		check_secrets(config.own, findings);
	config_release(&config);
}

/* Returns 0 or -EINVAL: a wrong configuration has an exit status of its own. */
static int check_plan(const struct check_options *check, struct findings *findings)
{
	struct finding *finding;
	struct error error = {0};
	struct plan *plan;
	int ret = plan_new(&check->plan, &plan, &error);

	if (ret == 0 &&
	    (plan_load_audit(plan, &error) < 0 || plan_load_metrics(plan, &error) < 0)) {
		plan_free(&plan);
		ret = -EINVAL;
	}
	if (ret < 0) {
		finding = findings_add(findings, "configuration", FINDING_BAD);
		if (finding)
			set(finding->text, sizeof(finding->text), error.text);
		processes_check(findings, check->control ? check->control : CONTROL_DEFAULT);
		return -EINVAL;
	}
	processes_check(findings,
			check->control ? check->control : plan_settings(plan)->control_socket);
	check_pins(plan_settings(plan)->pin, findings);
	check_files(check, findings);
	check_keys(plan, findings);
	check_client_id(plan, findings);
	ret = check_settings(plan, findings);
	if (check_dicts(plan, findings) < 0)
		ret = -EINVAL;
	plan_free(&plan);
	return ret;
}

/* "--config" without a file asks for the effective settings. */
static bool wants_settings(int *argc, char **argv)
{
	for (int i = 1; i < *argc; i++) {
		if (strcmp(argv[i], "--config") != 0 || (i + 1 < *argc && argv[i + 1][0] != '-'))
			continue;
		for (; i < *argc; i++)
			argv[i] = argv[i + 1];
		--*argc;
		return true;
	}
	return false;
}

int cmd_check(int argc, char **argv)
{
	struct check_options check = {0};
	struct findings findings = {0};
	bool settings = wants_settings(&argc, argv);
	int ret, status;

	argp_parse(&argp, argc, argv, 0, NULL, &check);
	if (settings)
		return config_show(&check.plan);
	check_kernel(&findings);
	check_builds(&check, &findings);
	ret = check_plan(&check, &findings);
	if (check.json)
		findings_print_json(&findings, stdout);
	else
		findings_print(&findings, stdout);
	status = findings_worst(&findings) == FINDING_BAD ? EX_UNAVAILABLE : EX_OK;
	findings_release(&findings);
	return ret < 0 ? EX_CONFIG : status;
}
