/* SPDX-License-Identifier: MIT */
/* Any text as the path of a control group, as /proc/PID/cgroup, and as the name of a log file. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "login/container.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must_be_whole(const struct container *container)
{
	size_t id = strlen(container->id), uid = strlen(container->pod_uid);

	if ((id != 0 && id != CONTAINER_ID_LEN) || (uid != 0 && uid != 32 && uid != 36))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct slice text = {(const char *)data, size};
	char *name = strndup((const char *)data, size);
	struct container container;
	struct container_names names;

	container_from_path(text, &container);
	must_be_whole(&container);
	container_from_proc(text, &container);
	must_be_whole(&container);
	if (name && container_names_from_log(name, container.id, &names) && !names.container[0])
		abort();
	if (name && container_names_from_pod(name, container.pod_uid, &names) && !names.pod[0])
		abort();
	free(name);
	return 0;
}
