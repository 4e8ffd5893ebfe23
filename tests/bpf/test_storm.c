/* SPDX-License-Identifier: MIT */
/*
 * Many threads, and many processes, hit the probes of all roles at once on each CPU. Each notes
 * what it did, and every member of every record is compared with that: two hits that shared memory
 * would mix. And what the ring has no room for is counted, one by one.
 *
 * STORM_LOGINS=N: that many logins, half of them by threads, half by processes.
 */
#include <pthread.h>
#include <stdatomic.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "login_object.h"
#include "target/functions.h"
#include "target/login_image.h"
#include "unit/cmocka_all.h"

#define ABI		  "2.4.ABIv5"
#define HITTERS_PER_CPU	  8
#define LOGINS_PER_HITTER 1000
#define HITTERS_MAX	  1024
#define FIRST_UID	  20000

/* One call of a probed function, as its caller saw it. */
struct call {
	uint64_t object, before_ns, after_ns;
};

struct hitter {
	uint32_t pid, tid;
	struct call *calls; /* logins_per_hitter of them */
};

/* Shared with the processes. */
struct notes {
	atomic_uint running;
	struct hitter hitters[HITTERS_MAX];
};

static struct layout_table table;
static struct login_object object;
static struct notes *notes;
static unsigned int logins_per_hitter;

/* --- what is hit ------------------------------------------------------------------------------ */

/* All values of a login; every seventh name needs the long record. */
struct numbered_login {
	struct target_login login;
	struct target_field field;
	struct target_buffer buffer;
	struct target_fields fields;
	char username[512], auth_user[64], master_user[64], session_id[64], local_name[64];
	char client_id[64], backend[64];
};

static void make_texts(struct numbered_login *made, unsigned int hitter, unsigned int number)
{
	size_t len = number % 7 == 0 ? 64 + number % 400 : 30 + number % 33;
	int head = snprintf(made->username, sizeof(made->username), "%u-%u-", hitter, number);

	memset(made->username + head, 'a' + (int)(hitter + number) % 26, len - (size_t)head);
	made->username[len] = '\0';
	snprintf(made->auth_user, sizeof(made->auth_user), "auth-%u-%u", number, hitter);
	snprintf(made->master_user, sizeof(made->master_user), "master-%u-%u", hitter, number);
	snprintf(made->session_id, sizeof(made->session_id), "session/%08x/%08x", hitter, number);
	snprintf(made->local_name, sizeof(made->local_name), "%u.host%u.example", number, hitter);
	snprintf(made->client_id, sizeof(made->client_id), "client %u of %u", number, hitter);
	snprintf(made->backend, sizeof(made->backend), "backend%u.%u.example", hitter, number);
}

static void make_ip(uint8_t ip[16], uint8_t first, unsigned int hitter, unsigned int number)
{
	ip[0] = first;
	memcpy(ip + 4, &hitter, sizeof(hitter));
	memcpy(ip + 8, &number, sizeof(number));
}

static void make_numbers(struct target_login *login, unsigned int hitter, unsigned int number)
{
	login->remote_family = login->real_remote_family = AF_INET6;
	login->local_family = login->real_local_family = AF_INET6;
	make_ip(login->remote_ip, 1, hitter, number);
	make_ip(login->local_ip, 2, hitter, number);
	make_ip(login->real_remote_ip, 3, hitter, number);
	make_ip(login->real_local_ip, 4, hitter, number);
	login->remote_port = (uint16_t)(1 + number % 65535);
	login->local_port = (uint16_t)(1 + hitter);
	login->real_remote_port = (uint16_t)(1 + (number + hitter) % 65535);
	login->real_local_port = (uint16_t)(1025 + hitter);
	login->uid = hitter;
	login->gid = number;
	login->admin = number % 3 == 0;
	login->anonymous = hitter % 2;
	login->policy_refusal = number % 5 == 0;
	login->auth_only = hitter % 3 == 0;
	login->passdb_result = -(int32_t)(number % 7);
}

/* *made is where its texts are: it must stay where it is. */
static void login_make(struct numbered_login *made, unsigned int hitter, unsigned int number)
{
	struct target_login *login = &made->login;

	make_texts(made, hitter, number);
	*login = target_login_plain;
	make_numbers(login, hitter, number);
	login->username = made->username;
	login->auth_user = made->auth_user;
	login->master_user = made->master_user;
	login->session_id = made->session_id;
	login->local_name = made->local_name;
	login->client_id = made->client_id;
	login->service = number % 2 ? "imap" : "pop3";
	login->protocol = hitter % 2 ? "imap" : "pop3";
	login->mech = (hitter + number) % 2 ? "PLAIN" : "SCRAM-SHA-256";
	made->field = (struct target_field){.key = "host", .value = made->backend};
	made->buffer = (struct target_buffer){.data = &made->field, .used = sizeof(made->field)};
	made->fields = (struct target_fields){.buffer = &made->buffer,
					      .element_size = sizeof(made->field)};
	login->extra_fields = &made->fields;
}

static enum dovetap_event_type type_of(unsigned int number)
{
	static const enum dovetap_event_type types[] = {DOVETAP_EVENT_MAIL_USER, DOVETAP_EVENT_AUTH,
							DOVETAP_EVENT_MAIL_USER, DOVETAP_EVENT_AUTH,
							DOVETAP_EVENT_PROXY};

	return types[number % 5];
}

static void call(void (*function)(void *), void *argument, struct call *call_r)
{
	call_r->object = (uintptr_t)argument;
	call_r->before_ns = (uint64_t)clock_boot_ns();
	function(argument);
	call_r->after_ns = (uint64_t)clock_boot_ns();
}

static void hit(const struct target_login *login, unsigned int number, struct call *call_r)
{
	unsigned char pattern = (unsigned char)number;
	struct mail_user_image user;
	struct image image;

	switch (type_of(number)) {
	case DOVETAP_EVENT_MAIL_USER:
		mail_user_image_init(&user, &table, ABI, pattern, login);
		call(hook_mail_user_created, user.user.bytes, call_r);
		mail_user_image_release(&user);
		return;
	case DOVETAP_EVENT_AUTH:
		auth_request_image_init(&image, &table, ABI, pattern, login);
		call(auth_request_finished_event, image.bytes, call_r);
		break;
	case DOVETAP_EVENT_PROXY:
		client_image_init(&image, &table, ABI, pattern, login);
		call(client_proxy_finish_destroy_client, image.bytes, call_r);
		break;
	}
	image_release(&image);
}

/* The system call changes the real uid of this thread alone, where the C library takes all. */
static void hitter_run(unsigned int number)
{
	struct hitter *hitter = &notes->hitters[number];

	syscall(SYS_setresuid, FIRST_UID + number, -1, -1);
	hitter->pid = (uint32_t)getpid();
	hitter->tid = (uint32_t)gettid();
	for (unsigned int i = 0; i < logins_per_hitter; i++) {
		struct numbered_login made;

		login_make(&made, number, i);
		hit(&made.login, i, &hitter->calls[i]);
	}
	atomic_fetch_sub(&notes->running, 1);
}

/* --- what is expected --------------------------------------------------------------------------
 */

static void expect_text(unsigned int field, const char *expected)
{
	const char *text = login_object_text(&object, field);

	if (!expected)
		assert_null(text);
	else if (!text)
		fail_msg("no text %u, which is %s", field, expected);
	else
		assert_string_equal(text, expected);
}

static void expect_ip(unsigned int field, uint16_t family, const uint8_t *bytes,
		      const uint8_t *expected)
{
	assert_true(object.record.head.present & DOVETAP_BIT(field));
	assert_int_equal(family, AF_INET6);
	assert_memory_equal(bytes, expected, 16);
}

static void expect_addresses(const struct target_login *login)
{
	const struct dovetap_event_head *head = &object.record.head;

	expect_ip(DOVETAP_FIELD_REMOTE_IP, head->remote_family, head->remote_ip, login->remote_ip);
	expect_ip(DOVETAP_FIELD_LOCAL_IP, head->local_family, head->local_ip, login->local_ip);
	assert_int_equal(head->remote_port, login->remote_port);
	assert_int_equal(head->local_port, login->local_port);
	expect_text(DOVETAP_FIELD_USERNAME, login->username);
	expect_text(DOVETAP_FIELD_AUTH_USER, login->auth_user);
	expect_text(DOVETAP_FIELD_MASTER_USER, login->master_user);
	expect_text(DOVETAP_FIELD_SESSION_ID, login->session_id);
	expect_text(DOVETAP_FIELD_PROTOCOL, login->protocol);
	expect_text(DOVETAP_FIELD_MECH, login->mech);
	expect_text(DOVETAP_FIELD_LOCAL_NAME, login->local_name);
}

static void expect_mail_user(const struct target_login *login)
{
	const struct dovetap_event_head *head = &object.record.head;

	expect_addresses(login);
	expect_text(DOVETAP_FIELD_SERVICE, login->service);
	expect_text(DOVETAP_FIELD_CLIENT_ID, NULL);
	expect_text(DOVETAP_FIELD_PROXY_HOST, NULL);
	assert_int_equal(head->mail_uid, login->uid);
	assert_int_equal(head->mail_gid, login->gid);
	assert_int_equal(head->flags, DOVETAP_FLAG_SECURED | DOVETAP_FLAG_TLS |
					      (login->admin ? DOVETAP_FLAG_ADMIN : 0) |
					      (login->anonymous ? DOVETAP_FLAG_ANONYMOUS : 0));
}

static void expect_real(const struct dovetap_event_tail *tail, const struct target_login *login)
{
	expect_ip(DOVETAP_FIELD_REAL_REMOTE_IP, tail->real_remote_family, tail->real_remote_ip,
		  login->real_remote_ip);
	expect_ip(DOVETAP_FIELD_REAL_LOCAL_IP, tail->real_local_family, tail->real_local_ip,
		  login->real_local_ip);
	assert_int_equal(tail->real_remote_port, login->real_remote_port);
	assert_int_equal(tail->real_local_port, login->real_local_port);
}

static void expect_auth(const struct target_login *login, const char *backend)
{
	const struct dovetap_event_head *head = &object.record.head;
	bool is_long = object.size == sizeof(struct dovetap_event_long);

	expect_addresses(login);
	expect_real(is_long ? &object.record.longer.tail : &object.record.ordinary.tail, login);
	expect_text(DOVETAP_FIELD_SERVICE, NULL);
	expect_text(DOVETAP_FIELD_CLIENT_ID, login->client_id);
	expect_text(DOVETAP_FIELD_PROXY_HOST, backend);
	assert_int_equal(head->passdb_result, login->passdb_result);
	assert_int_equal(head->flags,
			 DOVETAP_FLAG_SECURED | DOVETAP_FLAG_SUCCESSFUL |
				 (login->auth_only ? DOVETAP_FLAG_AUTH_ONLY : 0) |
				 (login->policy_refusal ? DOVETAP_FLAG_POLICY_REFUSAL : 0));
}

/* What the kernel says of the hit, at the beginning and at the end. */
static void expect_hitter(unsigned int number, unsigned int i)
{
	const struct dovetap_event_head *head = &object.record.head;
	bool is_long = object.size == sizeof(struct dovetap_event_long);
	const struct dovetap_event_seal *seal =
		is_long ? &object.record.longer.seal : &object.record.ordinary.seal;
	const struct hitter *hitter = &notes->hitters[number];
	const struct call *made = &hitter->calls[i];

	assert_int_equal(head->type, type_of(i));
	assert_int_equal(head->pid, hitter->pid);
	assert_int_equal(head->tid, hitter->tid);
	assert_int_equal(head->uid, FIRST_UID + number);
	assert_int_equal(head->object, made->object);
	assert_int_equal(seal->pid, hitter->pid);
	assert_int_equal(seal->tid, hitter->tid);
	assert_int_equal(seal->object, made->object);
	assert_true(head->boot_ns >= made->before_ns);
	assert_true(made->after_ns == 0 || head->boot_ns <= made->after_ns);
	assert_int_equal(head->truncated | head->failed, 0);
}

static void expect_process(const struct dovetap_event_process *process)
{
	static const char master[] = "dovecot-";

	assert_int_equal(process->origin, DOVETAP_ORIGIN_MASTER);
	assert_int_equal(process->parent_uid, 0);
	assert_memory_equal(process->exe, master, strlen(master));
	assert_memory_equal(process->parent_exe, master, strlen(master));
}

static void expect_login(unsigned int hitter, unsigned int number)
{
	enum dovetap_event_type type = type_of(number);
	struct numbered_login made;
	bool is_long;

	login_make(&made, hitter, number);
	is_long = type != DOVETAP_EVENT_PROXY && strlen(made.username) > 63;
	assert_int_equal(object.size, is_long ? sizeof(struct dovetap_event_long)
					      : sizeof(struct dovetap_event));
	expect_hitter(hitter, number);
	expect_process(is_long ? &object.record.longer.process : &object.record.ordinary.process);
	expect_text(DOVETAP_FIELD_HOME, NULL);
	expect_text(DOVETAP_FIELD_SESSION_ID, made.session_id);
	if (type == DOVETAP_EVENT_MAIL_USER)
		expect_mail_user(&made.login);
	else if (type == DOVETAP_EVENT_AUTH)
		expect_auth(&made.login, made.backend);
	else
		assert_int_equal(object.record.head.present, DOVETAP_BIT(DOVETAP_FIELD_SESSION_ID));
}

/* --- the storm ------------------------------------------------------------------------------- */

static unsigned int hitter_count(void)
{
	return (unsigned int)sysconf(_SC_NPROCESSORS_ONLN) * HITTERS_PER_CPU;
}

static void *share(size_t size)
{
	void *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	assert_ptr_not_equal(memory, MAP_FAILED);
	return memory;
}

static size_t calls_size(void)
{
	return hitter_count() * logins_per_hitter * sizeof(struct call);
}

static void notes_new(void)
{
	struct call *calls = share(calls_size());

	assert_in_range(hitter_count(), 1, HITTERS_MAX);
	notes = share(sizeof(*notes));
	atomic_store(&notes->running, hitter_count());
	for (unsigned int i = 0; i < hitter_count(); i++)
		notes->hitters[i].calls = calls + (size_t)i * logins_per_hitter;
}

static void notes_free(void)
{
	munmap(notes->hitters[0].calls, calls_size());
	munmap(notes, sizeof(*notes));
}

/* A hitter's logins come in order; what the ring had no room for is missing. Whose a record is says
 * its session id, which its thread has to confirm. */
static unsigned long drain(unsigned int next[HITTERS_MAX])
{
	unsigned long taken = 0;

	for (; login_object_try(&object); taken++) {
		const char *session = login_object_text(&object, DOVETAP_FIELD_SESSION_ID);
		unsigned int hitter, number;

		assert_non_null(session);
		assert_int_equal(sscanf(session, "session/%8x/%8x", &hitter, &number), 2);
		assert_in_range(hitter, 0, hitter_count() - 1);
		assert_in_range(number, next[hitter], logins_per_hitter - 1);
		next[hitter] = number + 1;
		expect_login(hitter, number);
	}
	return taken;
}

static unsigned long long counted(unsigned int counter)
{
	return login_object_count(&object, counter);
}

static unsigned long long records_on(unsigned int cpu)
{
	return login_object_count_on(&object, cpu, DOVETAP_COUNT_MAIL_USER_EMITTED) +
	       login_object_count_on(&object, cpu, DOVETAP_COUNT_AUTH_EMITTED) +
	       login_object_count_on(&object, cpu, DOVETAP_COUNT_PROXY_EMITTED);
}

/* On each CPU, and in all: every hit was seen, and is a record or lost for want of room. */
static void expect_balance(unsigned long fired, unsigned long taken)
{
	unsigned int cpus = (unsigned int)sysconf(_SC_NPROCESSORS_CONF);

	for (unsigned int cpu = 0; cpu < cpus; cpu++)
		assert_int_equal(login_object_count_on(&object, cpu, DOVETAP_COUNT_SEEN),
				 records_on(cpu) + login_object_count_on(&object, cpu,
									 DOVETAP_COUNT_RING_FULL));
	assert_int_equal(counted(DOVETAP_COUNT_SEEN), fired);
	assert_int_equal(counted(DOVETAP_COUNT_RING_FULL), fired - taken);
	assert_int_equal(counted(DOVETAP_COUNT_MIXED), 0);
}

static void *thread_run(void *context)
{
	hitter_run((unsigned int)(uintptr_t)context);
	return NULL;
}

static void start_threads(pthread_t threads[HITTERS_MAX])
{
	for (unsigned int i = 0; i < hitter_count(); i++)
		assert_int_equal(
			pthread_create(&threads[i], NULL, thread_run, (void *)(uintptr_t)i), 0);
}

static void start_processes(pid_t processes[HITTERS_MAX])
{
	for (unsigned int i = 0; i < hitter_count(); i++) {
		processes[i] = fork();
		assert_true(processes[i] >= 0);
		if (processes[i] == 0) {
			hitter_run(i);
			_exit(0);
		}
	}
}

static void join(const pthread_t threads[HITTERS_MAX], const pid_t processes[HITTERS_MAX])
{
	for (unsigned int i = 0; i < hitter_count(); i++) {
		int status = 0;

		if (threads)
			assert_int_equal(pthread_join(threads[i], NULL), 0);
		else
			assert_int_equal(waitpid(processes[i], &status, 0), processes[i]);
		assert_int_equal(status, 0);
	}
}

static void attach(void)
{
	login_object_attach_everywhere(&object, mail_user_created, "hook_mail_user_created");
	login_object_attach_everywhere(&object, auth_finished, "auth_request_finished_event");
	login_object_attach_everywhere(&object, proxy_established,
				       "client_proxy_finish_destroy_client");
}

static void try_storm(bool in_threads)
{
	static union {
		pthread_t threads[HITTERS_MAX];
		pid_t processes[HITTERS_MAX];
	} started;
	unsigned int next[HITTERS_MAX] = {0};
	unsigned long fired = (unsigned long)hitter_count() * logins_per_hitter;
	unsigned long taken = 0;

	notes_new();
	attach();
	if (in_threads)
		start_threads(started.threads);
	else
		start_processes(started.processes);
	while (atomic_load(&notes->running) > 0) {
		taken += drain(next);
		usleep(1000);
	}
	join(in_threads ? started.threads : NULL, started.processes);
	taken += drain(next);
	expect_balance(fired, taken);
	login_object_release(&object);
	notes_free();
}

static void large_ring(struct login_bpf *skel)
{
	bpf_map__set_max_entries(skel->maps.events, 64U << 20);
}

/* Half of STORM_LOGINS, for two tests. */
static unsigned int wanted_logins(void)
{
	const char *wanted = getenv("STORM_LOGINS");

	if (!wanted || !wanted[0])
		return LOGINS_PER_HITTER;
	return (unsigned int)strtoul(wanted, NULL, 10) / 2 / hitter_count() + 1;
}

static void test_no_record_mixes_logins_of_threads(void **state)
{
	(void)state;
	logins_per_hitter = wanted_logins();
	login_object_load(&object, layout_find(ABI), large_ring);
	try_storm(true);
}

static void test_no_record_mixes_logins_of_processes(void **state)
{
	(void)state;
	logins_per_hitter = wanted_logins();
	login_object_load(&object, layout_find(ABI), large_ring);
	try_storm(false);
}

static void tiny_ring(struct login_bpf *skel)
{
	bpf_map__set_max_entries(skel->maps.events, 4096U * 2);
}

static void test_full_ring_loses_nothing_uncounted(void **state)
{
	(void)state;
	logins_per_hitter = LOGINS_PER_HITTER;
	login_object_load(&object, layout_find(ABI), tiny_ring);
	try_storm(true);
}

/* Nobody reads: the counters alone tell how many records fit and how many did not. */
static void test_ring_that_nobody_reads_counts_the_rest(void **state)
{
	unsigned int next[HITTERS_MAX] = {0};
	unsigned long long full;
	pthread_t thread;

	(void)state;
	logins_per_hitter = LOGINS_PER_HITTER;
	login_object_load(&object, layout_find(ABI), tiny_ring);
	notes_new();
	attach();
	assert_int_equal(pthread_create(&thread, NULL, thread_run, NULL), 0);
	assert_int_equal(pthread_join(thread, NULL), 0);
	full = counted(DOVETAP_COUNT_RING_FULL);
	assert_true(full > 0);
	assert_int_equal(drain(next), logins_per_hitter - full);
	login_object_release(&object);
	notes_free();
}

/* As each of Dovecot's processes has a master: one of another program would get few records. */
static void start_master(void)
{
	char exe[2048] = "", path[4096];
	ssize_t len = readlink("/proc/self/exe", exe, sizeof(exe) - 1);
	const char *name = strrchr(exe, '/');
	int status = -1;
	pid_t pid;

	if (len < 0 || !name)
		exit(EXIT_FAILURE);
	if (strncmp(name, "/dovecot", strlen("/dovecot")) != 0) {
		snprintf(path, sizeof(path), "%.*s/dovecot-%d", (int)(name - exe), exe,
			 (int)getpid());
		if (link(exe, path) == 0)
			execl(path, path, NULL);
		exit(EXIT_FAILURE);
	}
	unlink(exe);
	pid = fork();
	if (pid == 0)
		return;
	waitpid(pid, &status, 0);
	exit(WIFEXITED(status) ? WEXITSTATUS(status) : EXIT_FAILURE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_no_record_mixes_logins_of_threads),
		cmocka_unit_test(test_no_record_mixes_logins_of_processes),
		cmocka_unit_test(test_full_ring_loses_nothing_uncounted),
		cmocka_unit_test(test_ring_that_nobody_reads_counts_the_rest),
	};
	int failed;

	start_master();
	login_table_read(&table);
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	layout_table_release(&table);
	return failed;
}
