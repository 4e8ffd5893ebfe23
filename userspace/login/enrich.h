/* SPDX-License-Identifier: MIT */
/*
 * The container and the pod of a login, from this machine's own files:
 *
 *	control group	the login's number -> its path -> ids (login/container.h)
 *	/var/log/...	ids -> names that the kubelet gives its log files
 *
 * No API server is asked, no right is needed. The number of a control group of version 2 is the
 * inode of its directory and never used twice, so what was found once stays true: it is kept, for
 * ENRICH_KNOWN_MAX groups. Where version 1 is in use the numbers are not unique; then
 * /proc/PID/cgroup is read for each login, if the process is older than the login.
 *
 * What cannot be found out is "unknown". One thread.
 */
#ifndef DOVETAP_ENRICH_H
#define DOVETAP_ENRICH_H

#include "base/error.h"
#include "login/container.h"
#include "login/login.h"

#define ENRICH_UNKNOWN	 "unknown"
#define ENRICH_KNOWN_MAX 1024

/* Where to look; NULL for where the system has it. Not copied. */
struct enrich_places {
	const char *cgroup;	/* /sys/fs/cgroup */
	const char *proc;	/* /proc */
	const char *pods;	/* /var/log/pods */
	const char *containers; /* /var/log/containers */
};

struct enrichment {
	struct container container; /* "" what is unknown */
	struct container_names names;
};

struct enrich;

int enrich_new(const struct enrich_places *places, struct enrich **enrich_r, struct error *error_r);
void enrich_free(struct enrich **enrich); /* takes NULL, sets NULL */

/* Readable when there are new control groups, for enrich_refresh() to look at before they are gone
 * again; -1: there is no such descriptor. */
int enrich_fd(const struct enrich *enrich);
void enrich_refresh(struct enrich *enrich);

/* Never NULL; valid until the next call. */
const struct enrichment *enrich_login(struct enrich *enrich, const struct login *login);

/* What the variables and audit fields of these names stand for. */
enum enrich_fact {
	ENRICH_POD,	  /* its name, else its UID */
	ENRICH_CONTAINER, /* its name, else its id */
	ENRICH_POD_NAMESPACE,
	ENRICH_POD_UID,
	ENRICH_CONTAINER_ID, /* its id, else its name */
};

/* "unknown" when it is. Valid as long as the enrichment. */
struct slice enrich_get(const struct enrichment *enrichment, enum enrich_fact fact);

#endif
