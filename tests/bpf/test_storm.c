/* SPDX-License-Identifier: MIT */
/*
 * Many threads on each CPU hit the probes at once. Every record is compared byte by byte with what
 * its thread put in: two hits that shared memory would mix. And what the ring has no room for is
 * counted, one by one.
 */
#include <pthread.h>
#include <stdatomic.h>
#include <sys/socket.h>
#include <unistd.h>

#include "login_object.h"
#include "target/functions.h"
#include "target/login_image.h"
#include "unit/cmocka_all.h"

#define ABI		  "2.4.ABIv5"
#define THREADS_PER_CPU	  8
#define LOGINS_PER_THREAD 1000
#define THREADS_MAX	  1024

static struct layout_table table;
static struct login_object object;
static atomic_uint running;

/* All values of login number "number" of thread "thread"; every seventh name needs the long record.
 */
struct numbered_login {
	struct target_login login;
	char username[512], auth_user[64], session_id[64];
};

static void login_make(struct numbered_login *made, unsigned int thread, unsigned int number)
{
	size_t len = number % 7 == 0 ? 64 + number % 400 : 30 + number % 33;
	int head = snprintf(made->username, sizeof(made->username), "%u-%u-", thread, number);

	memset(made->username + head, 'a' + (int)(thread + number) % 26, len - (size_t)head);
	made->username[len] = '\0';
	snprintf(made->auth_user, sizeof(made->auth_user), "auth-%u-%u", number, thread);
	snprintf(made->session_id, sizeof(made->session_id), "session/%08x/%08x", thread, number);
	made->login = target_login_plain;
	made->login.username = made->username;
	made->login.auth_user = made->auth_user;
	made->login.session_id = made->session_id;
	made->login.service = number % 2 ? "imap" : "pop3";
	made->login.remote_family = AF_INET6;
	memcpy(made->login.remote_ip, &thread, sizeof(thread));
	memcpy(made->login.remote_ip + 8, &number, sizeof(number));
	made->login.remote_port = (uint16_t)(number + 1);
	made->login.uid = thread;
	made->login.gid = number;
	made->login.admin = number % 3 == 0;
}

static void *thread_run(void *context)
{
	unsigned int thread = (unsigned int)(uintptr_t)context;

	for (unsigned int number = 0; number < LOGINS_PER_THREAD; number++) {
		struct numbered_login made;
		struct mail_user_image image;

		login_make(&made, thread, number);
		mail_user_image_init(&image, &table, ABI, (unsigned char)number, &made.login);
		hook_mail_user_created(image.user.bytes);
		mail_user_image_release(&image);
	}
	atomic_fetch_sub(&running, 1);
	return NULL;
}

static void expect_login(unsigned int thread, unsigned int number)
{
	const struct dovetap_event_head *head = &object.record.head;
	struct numbered_login made;
	bool is_long;

	login_make(&made, thread, number);
	is_long = strlen(made.username) > 63;
	assert_int_equal(object.size, is_long ? sizeof(struct dovetap_event_long)
					      : sizeof(struct dovetap_event));
	assert_string_equal(login_object_text(&object, DOVETAP_FIELD_USERNAME), made.username);
	assert_string_equal(login_object_text(&object, DOVETAP_FIELD_AUTH_USER), made.auth_user);
	assert_string_equal(login_object_text(&object, DOVETAP_FIELD_SESSION_ID), made.session_id);
	assert_string_equal(login_object_text(&object, DOVETAP_FIELD_SERVICE), made.login.service);
	assert_string_equal(login_object_text(&object, DOVETAP_FIELD_PROTOCOL), "imap");
	assert_string_equal(login_object_text(&object, DOVETAP_FIELD_MECH), "PLAIN");
	assert_null(login_object_text(&object, DOVETAP_FIELD_MASTER_USER));
	assert_null(login_object_text(&object, DOVETAP_FIELD_HOME));
	assert_null(login_object_text(&object, DOVETAP_FIELD_LOCAL_NAME));
	assert_memory_equal(head->remote_ip, made.login.remote_ip, 16);
	assert_memory_equal(head->local_ip, made.login.local_ip, 16);
	assert_int_equal(head->remote_port, made.login.remote_port);
	assert_int_equal(head->mail_uid, thread);
	assert_int_equal(head->mail_gid, number);
	assert_int_equal(head->flags, DOVETAP_FLAG_SECURED | DOVETAP_FLAG_TLS |
					      (made.login.admin ? DOVETAP_FLAG_ADMIN : 0));
	assert_int_equal(head->pid, getpid());
	assert_int_equal(head->truncated | head->failed, 0);
}

static unsigned int thread_count(void)
{
	return (unsigned int)sysconf(_SC_NPROCESSORS_ONLN) * THREADS_PER_CPU;
}

/* Starts the threads. "running" counts those that may still hit. */
static void storm_start(pthread_t threads[THREADS_MAX])
{
	assert_in_range(thread_count(), 1, THREADS_MAX);
	atomic_store(&running, thread_count());
	for (unsigned int i = 0; i < thread_count(); i++)
		assert_int_equal(
			pthread_create(&threads[i], NULL, thread_run, (void *)(uintptr_t)i), 0);
}

static void storm_join(pthread_t threads[THREADS_MAX])
{
	for (unsigned int i = 0; i < thread_count(); i++)
		pthread_join(threads[i], NULL);
}

/* Numbers of one thread come in order; what the ring had no room for is missing. */
static unsigned long drain(unsigned int next[THREADS_MAX])
{
	unsigned long taken = 0;

	for (; login_object_try(&object); taken++) {
		unsigned int thread = object.record.head.mail_uid;
		unsigned int number = object.record.head.mail_gid;

		assert_in_range(thread, 0, thread_count() - 1);
		assert_in_range(number, next[thread], LOGINS_PER_THREAD - 1);
		next[thread] = number + 1;
		expect_login(thread, number);
	}
	return taken;
}

static unsigned long long counted(unsigned int counter)
{
	return login_object_count(&object, counter);
}

/* On each CPU, and in all: every hit was seen, and is a record or lost. */
static void expect_balance(unsigned long fired)
{
	unsigned int cpus = (unsigned int)sysconf(_SC_NPROCESSORS_CONF);

	for (unsigned int cpu = 0; cpu < cpus; cpu++)
		assert_int_equal(
			login_object_count_on(&object, cpu, DOVETAP_COUNT_SEEN),
			login_object_count_on(&object, cpu, DOVETAP_COUNT_MAIL_USER_EMITTED) +
				login_object_count_on(&object, cpu, DOVETAP_COUNT_RING_FULL));
	assert_int_equal(counted(DOVETAP_COUNT_SEEN), fired);
}

static void try_storm(void)
{
	unsigned int next[THREADS_MAX] = {0};
	unsigned long fired = (unsigned long)thread_count() * LOGINS_PER_THREAD;
	pthread_t threads[THREADS_MAX];
	unsigned long taken = 0;

	login_object_attach(&object, mail_user_created, "hook_mail_user_created");
	storm_start(threads);
	while (atomic_load(&running) > 0) {
		taken += drain(next);
		usleep(1000);
	}
	storm_join(threads);
	taken += drain(next);
	assert_int_equal(counted(DOVETAP_COUNT_MAIL_USER_EMITTED), taken);
	assert_int_equal(counted(DOVETAP_COUNT_RING_FULL), fired - taken);
	expect_balance(fired);
	login_object_release(&object);
}

static void large_ring(struct login_bpf *skel)
{
	bpf_map__set_max_entries(skel->maps.events, 64U << 20);
}

static void test_no_record_mixes_two_logins(void **state)
{
	(void)state;
	login_object_load(&object, layout_find(ABI), large_ring);
	try_storm();
}

static void tiny_ring(struct login_bpf *skel)
{
	bpf_map__set_max_entries(skel->maps.events, 4096U * 2);
}

static void test_full_ring_loses_nothing_uncounted(void **state)
{
	(void)state;
	login_object_load(&object, layout_find(ABI), tiny_ring);
	try_storm();
}

/* Nobody reads: the counters alone tell how many records fit and how many did not. */
static void test_ring_that_nobody_reads_counts_the_rest(void **state)
{
	unsigned int next[THREADS_MAX] = {0};
	unsigned long long full;

	(void)state;
	login_object_load(&object, layout_find(ABI), tiny_ring);
	login_object_attach(&object, mail_user_created, "hook_mail_user_created");
	atomic_store(&running, 1);
	thread_run((void *)(uintptr_t)0);
	full = counted(DOVETAP_COUNT_RING_FULL);
	assert_true(full > 0);
	assert_int_equal(drain(next), LOGINS_PER_THREAD - full);
	login_object_release(&object);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_no_record_mixes_two_logins),
		cmocka_unit_test(test_full_ring_loses_nothing_uncounted),
		cmocka_unit_test(test_ring_that_nobody_reads_counts_the_rest),
	};
	int failed;

	login_table_read(&table);
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	layout_table_release(&table);
	return failed;
}
