/* SPDX-License-Identifier: MIT */
#include "cli/instance.h"

#include <errno.h>
#include <unistd.h>

#include "attach/pins.h"
#include "base/log.h"
#include "priv/lock.h"
#include "serve/systemd_fd_store.h"

/* On a file system that cannot be written the logins are more important than the lock. */
static int take_lock(struct instance *instance, const char *state_dir, struct error *error_r)
{
	int fd = lock_take(state_dir, error_r);

	if (fd == -EBUSY)
		return fd;
	if (fd < 0)
		log_warning("%s; a second dovetap would not be noticed", error_r->text);
	instance->lock_fd = fd < 0 ? -1 : fd;
	return 0;
}

int instance_open(struct instance *instance, const char *state_dir, const char *pin_dir,
		  struct error *error_r)
{
	int ret;

	*instance = (struct instance){.lock_fd = -1};
	ret = take_lock(instance, state_dir, error_r);
	if (ret == 0 && pin_dir[0])
		ret = pins_open(pin_dir, &instance->pins, error_r);
	if (ret < 0)
		return ret;
	if (instance->pins)
		instance->list[instance->count++] = pins_fd_store(instance->pins);
	if (systemd_fd_store_available())
		instance->list[instance->count++] = systemd_fd_store();
	return 0;
}

void instance_close(struct instance *instance)
{
	pins_close(&instance->pins);
	if (instance->lock_fd >= 0)
		close(instance->lock_fd);
	*instance = (struct instance){.lock_fd = -1};
}
