/* SPDX-License-Identifier: MIT */
#include "login_object.h"

#include <linux/types.h>
#include <unistd.h>

#include "dovetap/counters.h"
#include "unit/cmocka_all.h"

struct login_bpf *login_object_load(const struct layout *layout, login_object_setup_t *setup)
{
	LIBBPF_OPTS(bpf_object_open_opts, opts);
	char path[LAYOUT_PATH_MAX];
	struct error error = {0};
	struct login_bpf *object;
	int fd = layout_open(layout, path, &error);

	if (fd < 0)
		fail_msg("%s", error.text);
	opts.btf_custom_path = path;
	object = login_bpf__open_opts(&opts);
	assert_non_null(object);
	if (setup)
		setup(object);
	if (login_bpf__load(object) < 0)
		fail_msg("%s does not load", layout->abi);
	close(fd);
	return object;
}

unsigned long long login_object_count(const struct login_bpf *object, unsigned int counter)
{
	int cpus = libbpf_num_possible_cpus();
	__u64 values[256] = {0};
	unsigned long long sum = 0;

	assert_in_range(cpus, 1, 256);
	assert_int_equal(bpf_map__lookup_elem(object->maps.counters, &counter, sizeof(counter),
					      values, sizeof(values[0]) * (size_t)cpus, 0),
			 0);
	for (int i = 0; i < cpus; i++)
		sum += values[i];
	return sum;
}
