/* SPDX-License-Identifier: MIT */
#include "base/module.h"

#include <dlfcn.h>
#include <errno.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "modules/dir.h"

#define SYMBOL_PREFIX "dovetap_module_"

/* --- may it be trusted? -------------------------------------------------------------------- */

/* Whoever could change it could as well be this program. */
static int check_rights(const char *path, const struct stat *st, uid_t owner, struct error *error_r)
{
	if (st->st_uid != 0 && st->st_uid != owner)
		return error_set(error_r, EINVAL,
				 "%s belongs to user %u, not to root or to the owner of dovetap",
				 path, st->st_uid);
	if (st->st_mode & (S_IWGRP | S_IWOTH))
		return error_set(error_r, EINVAL,
				 "%s can be written by others than its owner (mode %04o)", path,
				 st->st_mode & 07777);
	return 0;
}

static int check_file(const char *path, uid_t owner, struct error *error_r)
{
	struct stat st;

	/* No links: they would lead out of the folder that was looked at. */
	if (lstat(path, &st) < 0)
		return error_set(error_r, errno, "%s: %s", path, strerror(errno));
	if (!S_ISREG(st.st_mode))
		return error_set(error_r, EINVAL, "%s is not a regular file", path);
	return check_rights(path, &st, owner, error_r);
}

static int check_folder(const char *path, uid_t owner, struct error *error_r)
{
	struct stat st;

	if (stat(path, &st) < 0)
		return error_set(error_r, errno, "%s: %s", path, strerror(errno));
	return check_rights(path, &st, owner, error_r);
}

/* --- one file ------------------------------------------------------------------------------ */

/* A shortage passes; any other error of the dynamic linker does not. */
static int linker_error(const char *path, int code, struct error *error_r)
{
	const char *why = dlerror();
	bool shortage = code == ENOMEM || code == EMFILE || code == ENFILE || code == EAGAIN;

	return error_set(error_r, shortage ? code : EINVAL, "cannot load %s: %s", path,
			 why ? why : "no reason given");
}

static int check_version(const char *path, const struct module *module, const char *name,
			 struct error *error_r)
{
	if (module->abi != MODULE_ABI)
		return error_set(error_r, EINVAL,
				 "%s is of another dovetap: its interface has version %u, this "
				 "one %u",
				 path, module->abi, MODULE_ABI);
	if (module->size != sizeof(*module) || strcmp(module->release, DOVETAP_VERSION) != 0)
		return error_set(error_r, EINVAL, "%s is of dovetap %s, this is " DOVETAP_VERSION,
				 path, module->release);
	if (strcmp(module->name, name) != 0)
		return error_set(error_r, EINVAL, "%s is the module %s", path, module->name);
	return 0;
}

static int load_file(const char *path, const char *name, const struct module **module_r,
		     struct error *error_r)
{
	const struct module *module;
	char symbol[64];
	void *handle;
	int ret;

	errno = 0;
	handle = dlopen(path, RTLD_NOW | RTLD_LOCAL);
	if (!handle)
		return linker_error(path, errno, error_r);
	(void)snprintf(symbol, sizeof(symbol), SYMBOL_PREFIX "%s", name);
	module = dlsym(handle, symbol);
	ret = module ? check_version(path, module, name, error_r)
		     : error_set(error_r, EINVAL, "%s is no module of dovetap: it has no %s", path,
				 symbol);
	if (ret < 0)
		dlclose(handle);
	else
		*module_r = module; /* its libraries may have threads: it is never unloaded */
	return ret;
}

int module_load_from(const char *folder, const char *name, uint32_t owner,
		     const struct module **module_r, struct error *error_r)
{
	char path[PATH_MAX + 64];
	int ret = check_folder(folder, owner, error_r);

	(void)snprintf(path, sizeof(path), "%s/%s.so", folder, name);
	if (ret == 0)
		ret = check_file(path, owner, error_r);
	return ret < 0 ? ret : load_file(path, name, module_r, error_r);
}

/* --- where they are ------------------------------------------------------------------------ */

/* The folder beside the program; false when /proc does not have it. */
static bool beside_program(char *folder, size_t size, uid_t *owner_r)
{
	char program[PATH_MAX];
	ssize_t len = readlink("/proc/self/exe", program, sizeof(program) - 1);
	struct stat st;
	char *slash;
	int wanted;

	if (len <= 0 || stat("/proc/self/exe", &st) < 0)
		return false;
	program[len] = '\0';
	slash = strrchr(program, '/');
	if (!slash)
		return false;
	*slash = '\0';
	wanted = snprintf(folder, size, "%s/modules", program);
	*owner_r = st.st_uid;
	return wanted > 0 && (size_t)wanted < size;
}

int module_load(const char *name, const struct module *linked, const char *for_what,
		const struct module **module_r, struct error *error_r)
{
	char beside[PATH_MAX];
	uid_t owner = 0;
	int ret = -ENOENT;

	*module_r = linked;
	if (linked)
		return 0;
	if (beside_program(beside, sizeof(beside), &owner))
		ret = module_load_from(beside, name, owner, module_r, error_r);
	if (ret == -ENOENT)
		ret = module_load_from(DOVETAP_MODULE_DIR, name, owner, module_r, error_r);
	if (ret == -ENOENT)
		return error_set(error_r, EINVAL,
				 "%s needs the module " DOVETAP_MODULE_DIR "/%s.so, which is not "
				 "installed: apt-get install dovetap-%s",
				 for_what, name, name);
	return ret < 0 ? error_prefix(error_r, "%s", for_what) : 0;
}
