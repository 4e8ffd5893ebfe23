/* SPDX-License-Identifier: MIT */
/*
 * The container of a process, from the names of its control group and of the log files that the
 * kubelet makes. Pure: text in, struct out, nothing is opened.
 *
 *	/kubepods/burstable/podUID/ID					cgroupfs driver
 *	/kubepods.slice/kubepods-burstable-podU_I_D.slice/RUNTIME-ID.scope	systemd driver
 *	/docker/ID  /system.slice/docker-ID.scope  /machine.slice/libpod-ID.scope/container
 *	/lxc/NAME  /lxc.payload.NAME  /lxc.payload/NAME			LXC, LXD, Incus
 *	/machine.slice/systemd-nspawn@NAME.service/payload  /machine.slice/machine-NAME.scope
 *	/nomad.slice/share.slice/ALLOCATION.TASK.scope			NAME is ALLOCATION.TASK
 *
 * An ID is 64 hexadecimal digits; RUNTIME is one of Docker's, containerd's, CRI-O's, Podman's and
 * nerdctl's prefixes. A UID is that of the API (8-4-4-4-12) or the hash of a static pod (32).
 * Where groups nest, the innermost counts. What does not look so is no container: "".
 */
#ifndef DOVETAP_CONTAINER_H
#define DOVETAP_CONTAINER_H

#include <stdbool.h>

#include "base/slice.h"

#define CONTAINER_ID_LEN    64
#define CONTAINER_NAME_MAX  253 /* of names in Kubernetes */
#define CONTAINER_LABEL_MAX 128 /* of other names: letters, digits, ".", "_" and "-" */

struct container {
	char id[CONTAINER_ID_LEN + 1]; /* "": none that we know */
	char pod_uid[36 + 1];
	char name[CONTAINER_LABEL_MAX + 1]; /* of containers that have a name in place of an id */
};

struct container_names {
	char namespace[CONTAINER_NAME_MAX + 1];
	char pod[CONTAINER_NAME_MAX + 1];
	char container[CONTAINER_NAME_MAX + 1];
};

/* The path of a control group; colons separate like slashes (SLICE:cri-containerd:ID). */
void container_from_path(struct slice path, struct container *container_r);

/* The text of /proc/PID/cgroup, either version: the first of its lines with an id, else the first
 * with a pod. */
void container_from_proc(struct slice text, struct container *container_r);

/* A name in /var/log/containers, POD_NAMESPACE_CONTAINER-ID.log. False, and nothing set, when it is
 * that of another container or no such name. */
bool container_names_from_log(const char *file, const char *id, struct container_names *names_r);

/* A name in /var/log/pods, NAMESPACE_POD_UID; sets namespace and pod. */
bool container_names_from_pod(const char *file, const char *uid, struct container_names *names_r);

#endif
