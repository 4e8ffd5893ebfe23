/* SPDX-License-Identifier: MIT */
#include "collector/confine.h"

#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "pipeline/targets.h"
#include "priv/landlock.h"

/* What libraries read: configuration, plug-ins, certificates, name service, time zones; and what
 * login/enrich.h reads. */
static const char *const system_places[] = {
	"/etc",
	"/usr",
	"/lib",
	"/lib64",
	"/var/lib/ca-certificates",
	"/opt/dovecot",
	"/dev",
	"/proc",
	"/sys",
	"/run",
	"/var/log/pods",
	"/var/log/containers",
};

struct confinement {
	struct landlock *landlock;
	struct error *error;
	int ret; /* of the first call that failed */
};

static void allow(struct confinement *c, const char *path, enum landlock_access access)
{
	if (c->ret == 0)
		c->ret = landlock_allow(c->landlock, path, access, c->error);
}

static void allow_parent(struct confinement *c, const char *file)
{
	if (c->ret == 0)
		c->ret = landlock_allow_parent(c->landlock, file, LANDLOCK_WRITE, c->error);
}

static void allow_place(void *context, const char *path, enum dict_place place)
{
	if (place == DICT_PLACE_FILE)
		allow_parent(context, path);
	else
		allow(context, path, place == DICT_PLACE_TREE ? LANDLOCK_WRITE : LANDLOCK_READ);
}

static void allow_dict(struct confinement *c, const struct plan *plan, size_t index)
{
	struct dict *dict;

	if (c->ret < 0)
		return;
	c->ret = plan_dict_open(plan, index, &dict, c->error);
	if (c->ret < 0)
		return;
	dict_places(dict, allow_place, c);
	dict_close(&dict);
}

/* Nothing but the file itself, so it has to be there already. */
static void allow_record(struct confinement *c, const char *record)
{
	int fd = open(record, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);

	if (fd < 0) /* reported by the code that opens it next */
		return;
	close(fd);
	allow(c, record, LANDLOCK_WRITE);
}

static void allow_own(struct confinement *c, const struct confine_options *options)
{
	const struct dovetap_settings *settings = plan_settings(options->plan);
	char spool[PATH_MAX];

	targets_spool_dir(options->plan, spool);
	allow(c, settings->state_dir, LANDLOCK_WRITE);
	allow(c, spool, LANDLOCK_WRITE);
	if (options->control[0] == '/')
		allow_parent(c, options->control);
	if (settings->metrics_listen[0] == '/')
		allow_parent(c, settings->metrics_listen);
	if (settings->geoip_country[0])
		allow(c, settings->geoip_country, LANDLOCK_READ);
	if (settings->geoip_asn[0])
		allow(c, settings->geoip_asn, LANDLOCK_READ);
	if (settings->audit_log[0] == '/')
		allow_parent(c, settings->audit_log);
	if (options->record)
		allow_record(c, options->record);
}

static void allow_all(struct confinement *c, const struct confine_options *options)
{
	for (size_t i = 0; i < sizeof(system_places) / sizeof(system_places[0]); i++)
		allow(c, system_places[i], LANDLOCK_READ);
	allow(c, "/dev/null", LANDLOCK_WRITE);
	allow_own(c, options);
	for (size_t i = 0; i < plan_dict_count(options->plan); i++)
		allow_dict(c, options->plan, i);
}

/* 0 for a socket's path and for none. */
static uint16_t port_of(const char *listen)
{
	const char *colon = listen[0] == '/' ? NULL : strrchr(listen, ':');

	return colon ? (uint16_t)strtoul(colon + 1, NULL, 10) : 0;
}

int confine(const struct confine_options *options, struct error *error_r)
{
	struct confinement c = {.error = error_r};

	c.ret = landlock_new(port_of(plan_settings(options->plan)->metrics_listen), &c.landlock,
			     error_r);
	if (c.landlock)
		allow_all(&c, options);
	if (c.ret == 0)
		c.ret = landlock_enter(c.landlock, error_r);
	landlock_free(&c.landlock);
	return c.ret;
}
