/* SPDX-License-Identifier: MIT */
#include "attach/kernel.h"

#include <cap-ng.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "attach/multi.h"

#define KERNEL_MIN_MAJOR 5
#define KERNEL_MIN_MINOR 10

#define UPROBE_PMU "/sys/bus/event_source/devices/uprobe/type"
#define LOCKDOWN   "/sys/kernel/security/lockdown"
#define PARANOID   "/proc/sys/kernel/perf_event_paranoid"
#define KERNEL_BTF "/sys/kernel/btf/vmlinux"

/* What attaching needs; SYS_ADMIN includes BPF and PERFMON. */
static const struct {
	const char *name, *why;
	int capability;
	bool only_perf, in_sys_admin;
} needed[] = {
	{"CAP_BPF", "load BPF programs", CAP_BPF, false, true},
	{"CAP_PERFMON", "attach probes", CAP_PERFMON, false, true},
	{"CAP_SYS_ADMIN",
	 "attach probes as perf events (no uprobe_multi here, or seccomp forbids bpf() without it)",
	 CAP_SYS_ADMIN, true, false},
	{"CAP_SYS_PTRACE", "look into other users' processes", CAP_SYS_PTRACE, false, false},
	{"CAP_DAC_READ_SEARCH", "read any library directory", CAP_DAC_READ_SEARCH, false, false},
};

bool kernel_counts_memlock(void)
{
	unsigned int major, minor;
	struct utsname name;

	return uname(&name) == 0 && sscanf(name.release, "%u.%u", &major, &minor) == 2 &&
	       (major < 5 || (major == 5 && minor < 11));
}

static bool have(int capability)
{
	return capng_have_capability(CAPNG_EFFECTIVE, (unsigned int)capability) != 0;
}

static bool lacks(size_t i, bool multi)
{
	if (needed[i].only_perf && multi)
		return false;
	if (needed[i].in_sys_admin && have(CAP_SYS_ADMIN))
		return false;
	return !have(needed[i].capability);
}

int kernel_require_capabilities(bool multi, struct error *error_r)
{
	char text[256] = "";
	size_t len = 0;

	capng_get_caps_process();
	for (size_t i = 0; i < sizeof(needed) / sizeof(needed[0]); i++) {
		if (lacks(i, multi) && len < sizeof(text))
			len += (size_t)snprintf(text + len, sizeof(text) - len, "%s%s (to %s)",
						len ? ", " : "", needed[i].name, needed[i].why);
	}
	if (len == 0)
		return 0;
	return error_set(error_r, EPERM, "missing %s: run as root or grant it", text);
}

static bool release_at_least(unsigned int major, unsigned int minor)
{
	unsigned int their_major, their_minor;
	struct utsname name;

	if (uname(&name) < 0 || sscanf(name.release, "%u.%u", &their_major, &their_minor) != 2)
		return false;
	return their_major > major || (their_major == major && their_minor >= minor);
}

static bool may_load(void)
{
	capng_get_caps_process();
	return have(CAP_SYS_ADMIN) || (have(CAP_BPF) && have(CAP_PERFMON));
}

bool kernel_has_uprobe_multi(void)
{
	return may_load() ? multi_supported() : release_at_least(6, 6);
}

__attribute__((format(printf, 3, 4))) static void
found(struct kernel_check *check, enum kernel_state state, const char *fmt, ...)
{
	va_list args;

	check->state = state;
	va_start(args, fmt);
	vsnprintf(check->found, sizeof(check->found), fmt, args);
	va_end(args);
}

static void advise(struct kernel_check *check, const char *advice)
{
	snprintf(check->advice, sizeof(check->advice), "%s", advice);
}

/* First line of a small file in /proc or /sys; false if it cannot be read. */
static bool read_line(const char *path, char *line_r, size_t size)
{
	FILE *file = fopen(path, "re");
	bool ok;

	if (!file)
		return false;
	ok = fgets(line_r, (int)size, file) != NULL;
	(void)fclose(file);
	if (ok)
		line_r[strcspn(line_r, "\n")] = '\0';
	return ok;
}

static void check_release(struct kernel_check *check)
{
	struct utsname name;

	if (uname(&name) < 0) {
		found(check, KERNEL_WARNING, "release unknown");
		return;
	}
	found(check, KERNEL_OK, "Linux %s on %s", name.release, name.machine);
	if (!release_at_least(KERNEL_MIN_MAJOR, KERNEL_MIN_MINOR)) {
		check->state = KERNEL_BAD;
		advise(check, "Linux 5.10 is the oldest kernel that dovetap supports");
	}
}

static void check_uprobes(struct kernel_check *check)
{
	if (access(UPROBE_PMU, F_OK) == 0) {
		found(check, KERNEL_OK, "present");
		return;
	}
	found(check, KERNEL_BAD, "absent (no %s)", UPROBE_PMU);
	advise(check, "boot a kernel with CONFIG_UPROBE_EVENTS=y; in a container mount /sys");
}

static void check_multi(struct kernel_check *check)
{
	bool tried = may_load();

	if (kernel_has_uprobe_multi()) {
		found(check, KERNEL_OK, "present%s",
		      tried ? "" : ", by the kernel's release (to try it needs more rights)");
		return;
	}
	found(check, KERNEL_WARNING, "absent: probes will be perf events");
	advise(check, "Linux 6.6 has it; until then dovetap needs CAP_SYS_ADMIN");
}

static void check_btf(struct kernel_check *check)
{
	if (access(KERNEL_BTF, F_OK) == 0) {
		found(check, KERNEL_OK, "present");
		return;
	}
	found(check, KERNEL_WARNING, "absent: no record can be proved to come from Dovecot");
	advise(check, "boot a kernel with CONFIG_DEBUG_INFO_BTF=y (docs/threat-model.md)");
}

static void check_capabilities(struct kernel_check *check)
{
	struct error error;

	if (kernel_require_capabilities(kernel_has_uprobe_multi(), &error) == 0) {
		found(check, KERNEL_OK, "all that are needed");
		return;
	}
	found(check, KERNEL_BAD, "%.150s", error.text);
	advise(check, "run as root, or grant them (AmbientCapabilities= in the systemd unit)");
}

static void check_lockdown(struct kernel_check *check)
{
	char line[128];

	if (!read_line(LOCKDOWN, line, sizeof(line))) {
		found(check, KERNEL_OK, "off");
		return;
	}
	/* No level forbids what the programs read: user memory, and the kernel's by types. */
	found(check, KERNEL_OK, "%s", line);
}

static void check_paranoid(struct kernel_check *check)
{
	char line[32];

	if (!read_line(PARANOID, line, sizeof(line))) {
		found(check, KERNEL_WARNING, "%s cannot be read", PARANOID);
		return;
	}
	/* It binds only those without CAP_PERFMON, which check_capabilities() has asked for. */
	found(check, KERNEL_OK, "%s", line);
}

void kernel_check_all(struct kernel_check checks_r[KERNEL_CHECK_COUNT])
{
	static const struct {
		const char *name;
		void (*run)(struct kernel_check *check);
	} table[KERNEL_CHECK_COUNT] = {
		{"kernel", check_release},     {"uprobes", check_uprobes},
		{"uprobe_multi", check_multi}, {"capabilities", check_capabilities},
		{"lockdown", check_lockdown},  {"perf_event_paranoid", check_paranoid},
		{"kernel_btf", check_btf},
	};

	for (size_t i = 0; i < KERNEL_CHECK_COUNT; i++) {
		checks_r[i] = (struct kernel_check){.name = table[i].name};
		table[i].run(&checks_r[i]);
	}
}
