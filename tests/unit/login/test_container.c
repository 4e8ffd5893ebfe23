/* SPDX-License-Identifier: MIT */
#include "../cmocka_all.h"
#include "login/container.h"

#define ID    "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define OTHER "fedcba9876543210fedcba9876543210fedcba9876543210fedcba9876543210"
#define UID   "8d3ab8ae-1f0c-4c5e-9c2b-0f1e2d3c4b5a"
#define UID_  "8d3ab8ae_1f0c_4c5e_9c2b_0f1e2d3c4b5a"
#define HASH  "5b0a3e4ff0d14ac1a4cbd7c83d1f9a27" /* a static pod's */
#define BURSTABLE                                                                                  \
	"/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod" UID_                     \
	".slice/cri-containerd-" ID ".scope"
#define ROOTLESS "/user.slice/user-1000.slice/user@1000.service"

static const struct {
	const char *path, *id, *pod_uid;
} shapes[] = {
	/* Kubernetes, cgroupfs driver: the three classes, containerd and Docker */
	{"/kubepods/pod" UID "/" ID, ID, UID},
	{"/kubepods/burstable/pod" UID "/" ID, ID, UID},
	{"/kubepods/besteffort/pod" UID "/" ID, ID, UID},
	{"/kubepods/besteffort/pod" UID "/crio-" ID, ID, UID},
	{"/kubepods/pod" HASH "/" ID, ID, HASH},
	/* Kubernetes, systemd driver: each runtime */
	{"/kubepods.slice/kubepods-pod" UID_ ".slice/cri-containerd-" ID ".scope", ID, UID},
	{"/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod" UID_
	 ".slice/cri-containerd-" ID ".scope",
	 ID, UID},
	{"/kubepods.slice/kubepods-besteffort.slice/kubepods-besteffort-pod" UID_ ".slice/crio-" ID
	 ".scope",
	 ID, UID},
	{"/kubepods.slice/kubepods-besteffort.slice/kubepods-besteffort-pod" UID_
	 ".slice/docker-" ID ".scope",
	 ID, UID},
	{"/kubepods.slice/kubepods-pod" HASH ".slice/crio-" ID ".scope", ID, HASH},
	/* CRI-O's container that has systemd, or crun's sub-group, inside */
	{"/kubepods.slice/kubepods-pod" UID_ ".slice/crio-" ID ".scope/container", ID, UID},
	{"/kubepods.slice/kubepods-pod" UID_ ".slice/crio-" ID ".scope/system.slice/x.service", ID,
	 UID},
	/* containerd where the kubelet says systemd and the runtime was not told */
	{"/system.slice/containerd.service/kubepods-burstable-pod" UID_ ".slice:cri-containerd:" ID,
	 ID, UID},
	/* the same where a unit of systemd started containerd, and where k3s did */
	{"/system.slice/k3s.service/kubepods-besteffort-pod" UID_ ".slice:cri-containerd:" ID, ID,
	 UID},
	{"/k8s.slice/kubepods/guaranteed/pod" UID "/" ID, ID, UID},
	/* seen from a control group namespace of our own */
	{"/../../kubepods-besteffort-pod" UID_ ".slice/cri-containerd-" ID ".scope", ID, UID},
	/* kind and minikube: the node is a container itself */
	{"/docker/" OTHER "/kubelet/kubepods/besteffort/pod" UID "/" ID, ID, UID},
	{"/system.slice/docker-" OTHER ".scope/kubelet.slice/kubelet-kubepods.slice/"
	 "kubelet-kubepods-besteffort.slice/kubelet-kubepods-besteffort-pod" UID_
	 ".slice/cri-containerd-" ID ".scope",
	 ID, UID},
	{"/kubelet.slice/kubelet-kubepods.slice/kubelet-kubepods-burstable.slice/"
	 "kubelet-kubepods-burstable-pod" UID_ ".slice/cri-containerd-" ID ".scope",
	 ID, UID},
	/* a container that was started in a pod's (docker in docker, podman in a pod) */
	{"/kubepods/besteffort/pod" UID "/" OTHER "/docker/" ID, ID, UID},
	{"/kubepods.slice/kubepods-pod" UID_ ".slice/crio-" OTHER ".scope/libpod-" ID, ID, UID},
	/* the pod's own processes and the monitors beside a container are no container */
	{"/kubepods/burstable/pod" UID, "", UID},
	{"/docker/" OTHER "/kubepods/pod" UID, "", UID},
	{"/kubepods.slice/kubepods-pod" UID_ ".slice/crio-conmon-" ID ".scope", "", UID},
	/* Docker: both drivers, rootless, in Docker */
	{"/docker/" ID, ID, ""},
	{"/docker/" ID "/system.slice/dovecot.service", ID, ""},
	{"/system.slice/docker-" ID ".scope", ID, ""},
	{ROOTLESS "/user.slice/docker-" ID ".scope", ID, ""},
	{ROOTLESS "/app.slice/docker-" ID ".scope", ID, ""},
	{"/docker/" OTHER "/docker/" ID, ID, ""},
	{"/ecs/" HASH "/" ID, ID, ""},
	/* Podman: both drivers, rootless, in a pod, with split groups; its monitor is none */
	{"/machine.slice/libpod-" ID ".scope", ID, ""},
	{"/machine.slice/libpod-" ID ".scope/container", ID, ""},
	{"/libpod_parent/libpod-" ID, ID, ""},
	{ROOTLESS "/user.slice/libpod-" ID ".scope/container", ID, ""},
	{"/machine.slice/machine-libpod_pod_" OTHER ".slice/libpod-" ID ".scope", ID, ""},
	{"/system.slice/mail.service/libpod-payload-" ID, ID, ""},
	{"/machine.slice/libpod-" ID ".scope/libpod-payload-" ID, ID, ""},
	{"/libpod_parent/" OTHER "/libpod-" ID, ID, ""},
	{ROOTLESS "/user.slice/user-libpod_pod_" OTHER ".slice/libpod-" ID ".scope/container", ID,
	 ""},
	{"/machine.slice/machine-libpod_pod_" OTHER ".slice", "", ""},
	{ROOTLESS "/user.slice/libpod-conmon-" ID ".scope", "", ""},
	{"/libpod_parent/conmon", "", ""},
	{"/machine.slice/libpod-conmon-" ID ".scope", "", ""},
	/* containerd without Kubernetes */
	{"/default/" ID, ID, ""},
	{"/k8s.io/" ID, ID, ""},
	{"/system.slice/nerdctl-" ID ".scope", ID, ""},
	/* none, or none that we could be sure of */
	{"/", "", ""},
	{"", "", ""},
	{"/system.slice/dovecot.service", "", ""},
	{ROOTLESS "/app.slice/dovecot.service", "", ""},
	/* machines of LXC, LXD and systemd-nspawn, and what only looks like a container */
	{"/lxc.payload.mail/system.slice/dovecot.service", "", ""},
	{"/lxc/mail/ns/system.slice/dovecot.service", "", ""},
	{"/lxc.monitor.mail", "", ""},
	{"/machine.slice/machine-mail.scope/payload/system.slice/dovecot.service", "", ""},
	{"/machine.slice/systemd-nspawn@mail.service/payload", "", ""},
	{"/machine.slice/machine-qemu\\x2d1\\x2dmail.scope", "", ""},
	{"/ecs/" HASH "/" HASH "-1234567890", "", ""},
	{"/mesos/" UID, "", ""},
	{"/buildkit/9vmszt3rx5y4x8bm7b1cq2f6k", "", ""},
	{"/docker/0123456789ab", "", ""},
	{"/docker/" ID "0", "", ""},
	{"/docker/0123456789ABCDEF0123456789ABCDEF0123456789ABCDEF0123456789ABCDEF", "", ""},
	{"/kubepods/pod8d3ab8ae-1f0c-4c5e-9c2b-0f1e2d3c4b5/x", "", ""},
	{"/kubepods/pod8d3ab8ae_1f0c_4c5e_9c2b_0f1e2d3c4b5a/x", "", ""},
	{"/system.slice/tripods-pod" UID_ ".slice", "", ""},
};

static void every_known_shape_gives_what_it_has(void **state)
{
	struct container container;

	(void)state;
	for (size_t i = 0; i < sizeof(shapes) / sizeof(shapes[0]); i++) {
		print_message("# %s\n", shapes[i].path);
		container_from_path(slice_str(shapes[i].path), &container);
		assert_string_equal(container.id, shapes[i].id);
		assert_string_equal(container.pod_uid, shapes[i].pod_uid);
	}
}

static void proc_has_it_in_either_version(void **state)
{
	static const char v2[] = "0::/system.slice/docker-" ID ".scope\n";
	static const char v1[] =
		"12:pids:/\n4:cpu,cpuacct:/docker/" ID "\n1:name=systemd:/init\n0::/\n";
	static const char both[] = "3:pids:/kubepods/pod" UID "\n0::/kubepods/pod" UID "/" ID "\n";
	struct container container;

	(void)state;
	container_from_proc(slice_str(v2), &container);
	assert_string_equal(container.id, ID);
	container_from_proc(slice_str(v1), &container);
	assert_string_equal(container.id, ID);
	container_from_proc(slice_str(both), &container);
	assert_string_equal(container.id, ID);
	assert_string_equal(container.pod_uid, UID);
	/* all controllers, the systemd driver, a node in version 1 */
	container_from_proc(slice_str("11:memory:" BURSTABLE "\n10:pids:" BURSTABLE
				      "\n2:cpu,cpuacct:" BURSTABLE "\n1:name=systemd:" BURSTABLE
				      "\n0::/system.slice/containerd.service\n"),
			    &container);
	assert_string_equal(container.id, ID);
	assert_string_equal(container.pod_uid, UID);
	container_from_proc(slice_str("0::/user.slice\n"), &container);
	assert_string_equal(container.id, "");
}

static void log_files_name_the_container(void **state)
{
	struct container_names names;

	(void)state;
	assert_true(container_names_from_log("mail-0_prod_dovecot-" ID ".log", ID, &names));
	assert_string_equal(names.pod, "mail-0");
	assert_string_equal(names.namespace, "prod");
	assert_string_equal(names.container, "dovecot");
	assert_true(container_names_from_log("a.b_c_d-e-" ID ".log", ID, &names));
	assert_string_equal(names.container, "d-e");
}

static void other_files_name_nothing(void **state)
{
	static const char *const files[] = {
		"mail-0_prod_dovecot-" OTHER ".log",
		"mail-0_prod_dovecot-" ID,
		"_prod_d-" ID ".log",
		"mail-0__d-" ID ".log",
		"mail-0_prod_-" ID ".log",
		"-" ID ".log",
		ID ".log",
		"",
	};
	struct container_names names;

	(void)state;
	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++)
		assert_false(container_names_from_log(files[i], ID, &names));
	assert_false(container_names_from_log("a_b_c-.log", "", &names));
}

static void directories_name_the_pod(void **state)
{
	struct container_names names;

	(void)state;
	assert_true(container_names_from_pod("prod_mail-0_" UID, UID, &names));
	assert_string_equal(names.namespace, "prod");
	assert_string_equal(names.pod, "mail-0");
	assert_string_equal(names.container, "");
	assert_false(container_names_from_pod("prod_mail-0_" HASH, UID, &names));
	assert_false(container_names_from_pod("prod_" UID, UID, &names));
	assert_false(container_names_from_pod(UID, UID, &names));
	assert_false(container_names_from_pod("a_b_", "", &names));
}

/* Paths as LXC 4 to 6, LXD and Incus, systemd-nspawn and machined, and Nomad 1.7 make them. */
static const struct {
	const char *path, *name, *id;
} named[] = {
	{"/lxc/mail-1", "mail-1", ""},
	{"/lxc.payload/mail-1/system.slice/dovecot.service", "mail-1", ""},
	{"/lxc.payload.mail-1/system.slice/dovecot.service", "mail-1", ""},
	{"/lxc.payload.a.b_c-9", "a.b_c-9", ""},
	{"/machine.slice/systemd-nspawn@mail.service/payload/system.slice", "mail", ""},
	{"/machine.slice/systemd-nspawn@mail\\x2d1.service/payload", "mail-1", ""},
	{"/machine.slice/machine-lxc\\x2d77\\x2dmail.scope", "lxc-77-mail", ""},
	{"/machine.slice/machine-mail.scope/init.scope", "mail", ""},
	{"/nomad.slice/share.slice/" UID ".dovecot.scope", UID ".dovecot", ""},
	/* the innermost counts */
	{"/lxc.payload.node/docker/" ID, "", ID},
	{"/docker/" ID "/lxc/mail-1", "mail-1", ""},
	/* what is none */
	{"/lxc.monitor.mail-1", "", ""},
	{"/lxc", "", ""},
	{"/lxc/.lxc", "", ""},
	{"/lxc.payload.", "", ""},
	{"/lxc.payload.a b", "", ""},
	{"/machine.slice/machine-a\\x2fb.scope", "", ""},
	{"/machine.slice/machine-.scope", "", ""},
	{"/machine.slice/systemd-nspawn@mail.scope", "", ""},
	{"/nomad.slice/share.slice/" UID ".scope", "", ""},
	{"/nomad.slice/share.slice/" UID "..scope", "", ""},
	{"/nomad.slice/share.slice/" UID_ ".dovecot.scope", "", ""},
	{"/lxc/" ID ID "x", "", ""}, /* 129 letters */
	{"/lxc/" ID ID, ID ID, ""},
};

static void some_have_names(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(named) / sizeof(named[0]); i++) {
		struct container container;

		container_from_path(slice_str(named[i].path), &container);
		if (strcmp(container.name, named[i].name) != 0 ||
		    strcmp(container.id, named[i].id) != 0)
			fail_msg("%s: name \"%s\", id \"%s\"", named[i].path, container.name,
				 container.id);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_known_shape_gives_what_it_has),
		cmocka_unit_test(proc_has_it_in_either_version),
		cmocka_unit_test(log_files_name_the_container),
		cmocka_unit_test(other_files_name_nothing),
		cmocka_unit_test(directories_name_the_pod),
		cmocka_unit_test(some_have_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
