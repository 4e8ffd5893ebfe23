/* SPDX-License-Identifier: MIT */
/*
 * Each call of the spool's path to the disk fails once: reading, writing, a short write, a full
 * disk, syncing, truncating, opening, removing. What the spool has acknowledged must be there
 * afterwards, and no such failure may be taken for a damaged file.
 *
 * That is done twice: to what SQLite asks of its VFS, syncing included; and below, to the system
 * calls that this makes, with EIO, ENOSPC, EINTR and short writes. Locks are left out: another
 * process that holds one is a case of its own (test_spool.c), and no disk makes them fail.
 */
#include <errno.h>
#include <fcntl.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../cmocka_all.h"
#include "store/spool/spool.h"

#define KEYS  4
#define TRIES 4

enum fault {
	FAULT_IO,
	FAULT_FULL,
	FAULT_SHORT_WRITE,
	FAULT_CALL_IO, /* of a system call, from here on */
	FAULT_CALL_FULL,
	FAULT_CALL_INTERRUPTED,
	FAULT_CALL_SHORT_WRITE,
};

/* The call with this number fails, as told; the others go through. */
static struct {
	long countdown;
	enum fault fault;
} plan = {.countdown = -1};

/* A full disk and half a write are failures of calls that write. */
static bool fails(bool writes)
{
	return plan.fault < FAULT_CALL_IO && (writes || plan.fault == FAULT_IO) &&
	       plan.countdown >= 0 && plan.countdown-- == 0;
}

/* --- below SQLite's own VFS --------------------------------------------------------------------
 */

/* What a call may need of a disk: room for bytes, for a name, none. */
enum need { NEED_BYTES, NEED_NAME, NEED_NONE };

/* Sets errno. */
static bool call_fails(enum need need)
{
	static const int numbers[] = {
		[FAULT_CALL_IO] = EIO,
		[FAULT_CALL_FULL] = ENOSPC,
		[FAULT_CALL_INTERRUPTED] = EINTR,
		[FAULT_CALL_SHORT_WRITE] = 0,
	};

	if ((plan.fault == FAULT_CALL_SHORT_WRITE && need != NEED_BYTES) ||
	    (plan.fault == FAULT_CALL_FULL && need == NEED_NONE))
		return false;
	if (plan.fault < FAULT_CALL_IO || plan.countdown < 0 || plan.countdown-- != 0)
		return false;
	errno = numbers[plan.fault];
	return true;
}

static int call_open(const char *path, int flags, int mode)
{
	return call_fails(NEED_NAME) ? -1 : open(path, flags, mode);
}

static ssize_t call_pread(int fd, void *data, size_t size, off_t offset)
{
	return call_fails(NEED_NONE) ? -1 : pread(fd, data, size, offset);
}

static ssize_t call_pwrite(int fd, const void *data, size_t size, off_t offset)
{
	if (!call_fails(NEED_BYTES))
		return pwrite(fd, data, size, offset);
	return plan.fault == FAULT_CALL_SHORT_WRITE ? pwrite(fd, data, size / 2, offset) : -1;
}

static ssize_t call_read(int fd, void *data, size_t size)
{
	return call_fails(NEED_NONE) ? -1 : read(fd, data, size);
}

static ssize_t call_write(int fd, const void *data, size_t size)
{
	if (!call_fails(NEED_BYTES))
		return write(fd, data, size);
	return plan.fault == FAULT_CALL_SHORT_WRITE ? write(fd, data, size / 2) : -1;
}

static int call_ftruncate(int fd, off_t size)
{
	return call_fails(NEED_NAME) ? -1 : ftruncate(fd, size);
}

static int call_fstat(int fd, struct stat *st)
{
	return call_fails(NEED_NONE) ? -1 : fstat(fd, st);
}

static int call_unlink(const char *path)
{
	return call_fails(NEED_NONE) ? -1 : unlink(path);
}

static void *call_mmap(void *at, size_t size, int prot, int flags, int fd, off_t offset)
{
	return call_fails(NEED_NONE) ? MAP_FAILED : mmap(at, size, prot, flags, fd, offset);
}

static int call_access(const char *path, int mode)
{
	return call_fails(NEED_NONE) ? -1 : access(path, mode);
}

static int call_stat(const char *path, struct stat *st)
{
	return call_fails(NEED_NONE) ? -1 : stat(path, st);
}

static int call_fchmod(int fd, mode_t mode)
{
	return call_fails(NEED_NONE) ? -1 : fchmod(fd, mode);
}

/* A name that this build of SQLite does not call is no error. */
static void replace_system_calls(sqlite3_vfs *vfs)
{
	static const struct {
		const char *name;
		sqlite3_syscall_ptr function;
	} calls[] = {
		{"open", (sqlite3_syscall_ptr)call_open},
		{"read", (sqlite3_syscall_ptr)call_read},
		{"pread", (sqlite3_syscall_ptr)call_pread},
		{"pread64", (sqlite3_syscall_ptr)call_pread},
		{"write", (sqlite3_syscall_ptr)call_write},
		{"pwrite", (sqlite3_syscall_ptr)call_pwrite},
		{"pwrite64", (sqlite3_syscall_ptr)call_pwrite},
		{"ftruncate", (sqlite3_syscall_ptr)call_ftruncate},
		{"fstat", (sqlite3_syscall_ptr)call_fstat},
		{"unlink", (sqlite3_syscall_ptr)call_unlink},
		{"mmap", (sqlite3_syscall_ptr)call_mmap},
		{"access", (sqlite3_syscall_ptr)call_access},
		{"stat", (sqlite3_syscall_ptr)call_stat},
		{"fchmod", (sqlite3_syscall_ptr)call_fchmod},
	};

	for (size_t i = 0; i < sizeof(calls) / sizeof(calls[0]); i++)
		(void)vfs->xSetSystemCall(vfs, calls[i].name, calls[i].function);
}

/* --- a VFS in front of SQLite's own ---------------------------------------------------------- */

struct flaky_file {
	sqlite3_file base;
	sqlite3_file *real; /* behind this struct */
};

static sqlite3_vfs *real_vfs;
static sqlite3_vfs flaky_vfs;
static sqlite3_io_methods methods;

static sqlite3_file *real_of(sqlite3_file *file)
{
	return ((struct flaky_file *)file)->real;
}

static int flaky_read(sqlite3_file *file, void *data, int size, sqlite3_int64 offset)
{
	if (fails(false))
		return SQLITE_IOERR_READ;
	return real_of(file)->pMethods->xRead(real_of(file), data, size, offset);
}

static int flaky_write(sqlite3_file *file, const void *data, int size, sqlite3_int64 offset)
{
	const sqlite3_io_methods *real = real_of(file)->pMethods;

	if (!fails(true))
		return real->xWrite(real_of(file), data, size, offset);
	if (plan.fault == FAULT_SHORT_WRITE)
		(void)real->xWrite(real_of(file), data, size / 2, offset);
	return plan.fault == FAULT_IO ? SQLITE_IOERR_WRITE : SQLITE_FULL;
}

static int flaky_sync(sqlite3_file *file, int flags)
{
	return fails(false) ? SQLITE_IOERR_FSYNC
			    : real_of(file)->pMethods->xSync(real_of(file), flags);
}

static int flaky_truncate(sqlite3_file *file, sqlite3_int64 size)
{
	return fails(false) ? SQLITE_IOERR_TRUNCATE
			    : real_of(file)->pMethods->xTruncate(real_of(file), size);
}

static int flaky_size(sqlite3_file *file, sqlite3_int64 *size)
{
	return fails(false) ? SQLITE_IOERR_FSTAT
			    : real_of(file)->pMethods->xFileSize(real_of(file), size);
}

static int flaky_close(sqlite3_file *file)
{
	return real_of(file)->pMethods->xClose(real_of(file));
}

static int flaky_lock(sqlite3_file *file, int level)
{
	return real_of(file)->pMethods->xLock(real_of(file), level);
}

static int flaky_unlock(sqlite3_file *file, int level)
{
	return real_of(file)->pMethods->xUnlock(real_of(file), level);
}

static int flaky_reserved(sqlite3_file *file, int *result)
{
	return real_of(file)->pMethods->xCheckReservedLock(real_of(file), result);
}

static int flaky_control(sqlite3_file *file, int operation, void *argument)
{
	return real_of(file)->pMethods->xFileControl(real_of(file), operation, argument);
}

static int flaky_sector(sqlite3_file *file)
{
	return real_of(file)->pMethods->xSectorSize(real_of(file));
}

static int flaky_traits(sqlite3_file *file)
{
	return real_of(file)->pMethods->xDeviceCharacteristics(real_of(file));
}

static int flaky_shm_map(sqlite3_file *file, int page, int size, int extend, void volatile **map)
{
	if (fails(false))
		return SQLITE_IOERR_SHMMAP;
	return real_of(file)->pMethods->xShmMap(real_of(file), page, size, extend, map);
}

static int flaky_shm_lock(sqlite3_file *file, int offset, int n, int flags)
{
	return real_of(file)->pMethods->xShmLock(real_of(file), offset, n, flags);
}

static void flaky_shm_barrier(sqlite3_file *file)
{
	real_of(file)->pMethods->xShmBarrier(real_of(file));
}

static int flaky_shm_unmap(sqlite3_file *file, int remove)
{
	return real_of(file)->pMethods->xShmUnmap(real_of(file), remove);
}

static sqlite3_io_methods methods = {
	.iVersion = 2,
	.xClose = flaky_close,
	.xRead = flaky_read,
	.xWrite = flaky_write,
	.xTruncate = flaky_truncate,
	.xSync = flaky_sync,
	.xFileSize = flaky_size,
	.xLock = flaky_lock,
	.xUnlock = flaky_unlock,
	.xCheckReservedLock = flaky_reserved,
	.xFileControl = flaky_control,
	.xSectorSize = flaky_sector,
	.xDeviceCharacteristics = flaky_traits,
	.xShmMap = flaky_shm_map,
	.xShmLock = flaky_shm_lock,
	.xShmBarrier = flaky_shm_barrier,
	.xShmUnmap = flaky_shm_unmap,
};

static int flaky_open(sqlite3_vfs *vfs, const char *name, sqlite3_file *file, int flags,
		      int *flags_r)
{
	struct flaky_file *flaky = (struct flaky_file *)file;
	int code;

	(void)vfs;
	flaky->base.pMethods = NULL;
	flaky->real = (sqlite3_file *)(flaky + 1);
	if (fails(false))
		return SQLITE_CANTOPEN;
	code = real_vfs->xOpen(real_vfs, name, flaky->real, flags, flags_r);
	if (code == SQLITE_OK)
		flaky->base.pMethods = &methods;
	return code;
}

static int flaky_delete(sqlite3_vfs *vfs, const char *name, int sync_directory)
{
	(void)vfs;
	return fails(false) ? SQLITE_IOERR_DELETE
			    : real_vfs->xDelete(real_vfs, name, sync_directory);
}

static int install_vfs(void **state)
{
	(void)state;
	real_vfs = sqlite3_vfs_find(NULL);
	replace_system_calls(real_vfs);
	flaky_vfs = *real_vfs;
	flaky_vfs.zName = "flaky";
	flaky_vfs.szOsFile = (int)sizeof(struct flaky_file) + real_vfs->szOsFile;
	flaky_vfs.xOpen = flaky_open;
	flaky_vfs.xDelete = flaky_delete;
	return sqlite3_vfs_register(&flaky_vfs, 1);
}

/* --- a life of a spool ----------------------------------------------------------------------- */

struct life {
	char dir[64];
	struct spool *spool;
};

static void open_spool(struct life *life)
{
	const struct spool_options options = {.dir = life->dir, .name = "s"};
	struct error error;

	assert_true(spool_open(&options, &life->spool, &error) >= 0);
}

/* As a writer does: again until the spool says yes. */
static void settle(struct life *life, struct dict_entry *entries, size_t count)
{
	struct error error;
	int ret = -1;

	for (int i = 0; i < TRIES && ret < 0; i++)
		ret = spool_apply_outcomes(life->spool, entries, count, &error);
	if (ret < 0)
		fail_msg("one failure, and still: %s", error.text);
}

/* Key i with that outcome; the value shows the round. */
static void settle_key(struct life *life, int i, int64_t time_ns, enum dict_outcome outcome)
{
	char key[32], value[2000];
	struct dict_entry entry = {.time_ns = time_ns, .outcome = outcome};

	snprintf(key, sizeof(key), "shared/u%d", i);
	memset(value, '0' + (int)time_ns, sizeof(value));
	entry.key = slice_str(key);
	entry.value = (struct slice){value, sizeof(value)};
	settle(life, &entry, 1);
}

static void read_some(struct life *life)
{
	struct spool_batch batch = {0};
	struct error error;

	if (spool_read(life->spool, KEYS, &batch, &error) == 0)
		spool_batch_release(&batch);
}

/* Odd keys remain, with time 2. */
static void expect_the_rest(struct life *life)
{
	struct spool_batch batch;
	struct error error;

	if (spool_read(life->spool, 2 * KEYS, &batch, &error) < 0)
		fail_msg("%s", error.text);
	assert_int_equal(batch.count, KEYS / 2);
	for (size_t i = 0; i < batch.count; i++) {
		assert_int_equal(batch.entries[i].time_ns, 2);
		assert_int_equal(batch.entries[i].value.ptr[0], '2');
		assert_int_equal(batch.entries[i].key.ptr[batch.entries[i].key.len - 1] % 2, 1);
	}
	spool_batch_release(&batch);
}

/* Put all, put them newer, close, open, take the even ones out. Returns true when the call that was
 * to fail came. */
static bool live(long call, enum fault fault)
{
	/* In memory: thousands of fsyncs of a disk would take minutes. */
	struct life life = {.dir = "/dev/shm/test_spool_io.XXXXXX"};
	char command[96];
	bool came;

	assert_non_null(mkdtemp(life.dir));
	plan.fault = fault;
	plan.countdown = call;
	open_spool(&life);
	for (int64_t time_ns = 1; time_ns <= 2; time_ns++) {
		for (int i = 0; i < KEYS; i++)
			settle_key(&life, i, time_ns, DICT_PENDING);
	}
	read_some(&life);
	spool_close(&life.spool);
	open_spool(&life);
	for (int i = 0; i < KEYS; i += 2)
		settle_key(&life, i, 2, DICT_STORED);
	assert_int_equal(spool_stats(life.spool)->damaged, 0);
	spool_close(&life.spool);
	came = plan.countdown < 0;
	plan.countdown = -1;
	open_spool(&life);
	expect_the_rest(&life);
	spool_close(&life.spool);
	snprintf(command, sizeof(command), "rm -rf %s", life.dir);
	assert_int_equal(system(command), 0);
	return came;
}

static long live_with_each(enum fault fault)
{
	long call = 0;

	while (live(call, fault))
		call++;
	return call;
}

static void an_error_of_any_call_loses_nothing(void **state)
{
	(void)state;
	assert_true(live_with_each(FAULT_IO) > 100);
}

static void a_disk_that_is_full_for_a_moment_loses_nothing(void **state)
{
	(void)state;
	assert_true(live_with_each(FAULT_FULL) > 50);
}

static void a_short_write_loses_nothing(void **state)
{
	(void)state;
	assert_true(live_with_each(FAULT_SHORT_WRITE) > 50);
}

static void a_system_call_that_fails_loses_nothing(void **state)
{
	(void)state;
	assert_true(live_with_each(FAULT_CALL_IO) > 100);
}

static void one_that_finds_the_disk_full_loses_nothing(void **state)
{
	(void)state;
	assert_true(live_with_each(FAULT_CALL_FULL) > 100);
}

static void one_that_is_interrupted_loses_nothing(void **state)
{
	(void)state;
	assert_true(live_with_each(FAULT_CALL_INTERRUPTED) > 100);
}

static void one_that_writes_half_loses_nothing(void **state)
{
	(void)state;
	assert_true(live_with_each(FAULT_CALL_SHORT_WRITE) > 100);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_error_of_any_call_loses_nothing),
		cmocka_unit_test(a_disk_that_is_full_for_a_moment_loses_nothing),
		cmocka_unit_test(a_short_write_loses_nothing),
		cmocka_unit_test(a_system_call_that_fails_loses_nothing),
		cmocka_unit_test(one_that_finds_the_disk_full_loses_nothing),
		cmocka_unit_test(one_that_is_interrupted_loses_nothing),
		cmocka_unit_test(one_that_writes_half_loses_nothing),
	};

	return cmocka_run_group_tests(tests, install_vfs, NULL);
}
