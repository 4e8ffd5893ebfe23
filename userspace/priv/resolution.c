/* SPDX-License-Identifier: MIT */
#include "priv/resolution.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/log.h"
#include "base/memfile.h"

static void pack_lists(const struct resolution *resolution, struct buf *out)
{
	uint32_t roots = 0;

	while (resolution->roots[roots])
		roots++;
	pack_text(out, resolution->pin);
	pack_u32(out, roots);
	for (uint32_t i = 0; i < roots; i++)
		pack_text(out, resolution->roots[i]);
	pack_u32(out, (uint32_t)resolution->layout_count);
	for (size_t i = 0; i < resolution->layout_count; i++) {
		pack_text(out, resolution->layouts[i].abi);
		pack_text(out, resolution->layouts[i].file);
		pack_bytes(out, resolution->layouts[i].btf);
	}
}

void resolution_pack(const struct resolution *resolution, struct buf *out)
{
	struct resolution_settings settings = resolution->settings;
	struct buf lists;

	buf_init(&lists, RESOLUTION_MAX);
	pack_lists(resolution, &lists);
	memcpy(settings.magic, RESOLUTION_MAGIC, sizeof(settings.magic));
	settings.version = RESOLUTION_VERSION;
	settings.size = sizeof(settings);
	(void)snprintf(settings.release, sizeof(settings.release), "%s", DOVETAP_VERSION);
	settings.lists_size = lists.len;
	settings.configuration_size = resolution->configuration.len;
	(void)buf_append(out, &settings, sizeof(settings));
	(void)buf_append_slice(out, buf_slice(&lists));
	(void)buf_append_slice(out, resolution->configuration);
	if (lists.failed)
		out->failed = lists.failed;
	buf_release(&lists);
}

static int broken(struct error *error_r, const char *what)
{
	return error_set(error_r, EINVAL, "the resolved configuration is broken: %s", what);
}

static int check_origin(const struct resolution_settings *settings, struct error *error_r)
{
	if (memcmp(settings->magic, RESOLUTION_MAGIC, sizeof(settings->magic)) != 0)
		return broken(error_r, "it does not begin as one");
	if (settings->version != RESOLUTION_VERSION || settings->size != sizeof(*settings))
		return error_set(
			error_r, EINVAL,
			"the resolved configuration has version %u, not %u: are dovetap and "
			"dovetap-attacher of one release?",
			settings->version, RESOLUTION_VERSION);
	if (strnlen(settings->release, sizeof(settings->release)) == sizeof(settings->release))
		return broken(error_r, "its release has no end");
	if (strcmp(settings->release, DOVETAP_VERSION) != 0)
		return error_set(error_r, EINVAL,
				 "the resolved configuration is of dovetap %s, this program of %s",
				 settings->release, DOVETAP_VERSION);
	return 0;
}

static bool is_ordinary(uint32_t uid, uint32_t gid)
{
	return uid != 0 && gid != 0 && uid != UINT32_MAX && gid != UINT32_MAX;
}

static int check_settings(const struct resolution_settings *settings, struct error *error_r)
{
	if (strnlen(settings->user, sizeof(settings->user)) == sizeof(settings->user))
		return broken(error_r, "its user has no end");
	if (!is_ordinary(settings->uid, settings->gid) ||
	    !is_ordinary(settings->search_uid, settings->search_gid))
		return broken(error_r, "its user is root or none");
	if (settings->ring_bytes > UINT32_MAX ||
	    (settings->ring_bytes & (settings->ring_bytes - 1)) != 0)
		return broken(error_r, "its ring size is no power of two");
	if (settings->log_sink > LOG_SINK_JOURNAL || settings->log_level > LOG_LEVEL_DEBUG)
		return broken(error_r, "its log is none that there is");
	if (settings->processes > 1 || settings->fuse > 1 || settings->user_is_fallback > 1)
		return broken(error_r, "a flag is neither yes nor no");
	return settings->watchdog_ns < 0 ? broken(error_r, "its watchdog time is negative") : 0;
}

/* A path that is there and not too long; "" where it may be. */
static bool is_path(const char *path)
{
	return path && strlen(path) < RESOLUTION_PATH_MAX;
}

static int unpack_roots(struct unpack *in, struct resolution *resolution, struct error *error_r)
{
	uint32_t count = unpack_u32(in);

	if (count > RESOLUTION_ROOTS_MAX)
		return broken(error_r, "it has too many roots");
	for (uint32_t i = 0; i < count; i++) {
		resolution->roots[i] = unpack_text(in);
		if (!is_path(resolution->roots[i]))
			return broken(error_r, "a root is no path");
	}
	return 0;
}

static int unpack_layouts(struct unpack *in, struct resolution *resolution, struct error *error_r)
{
	uint32_t count = unpack_u32(in);

	if (count > RESOLUTION_LAYOUTS_MAX)
		return broken(error_r, "it has too many layouts");
	for (uint32_t i = 0; i < count; i++) {
		struct resolution_layout *layout = &resolution->layouts[i];

		layout->abi = unpack_text(in);
		layout->file = unpack_text(in);
		layout->btf = unpack_bytes(in);
		if (!layout->abi || !layout->abi[0] || strlen(layout->abi) >= RESOLUTION_ABI_MAX ||
		    !is_path(layout->file))
			return broken(error_r, "a layout has no name");
		if (layout->btf.len == 0 || layout->btf.len > RESOLUTION_BTF_MAX)
			return broken(error_r, "a layout is too small or too large");
	}
	resolution->layout_count = count;
	return 0;
}

static int unpack_lists(struct slice bytes, struct resolution *resolution, struct error *error_r)
{
	struct unpack in = {.left = bytes};
	int ret;

	resolution->pin = unpack_text(&in);
	if (!is_path(resolution->pin))
		return broken(error_r, "the directory for pins is no path");
	ret = unpack_roots(&in, resolution, error_r);
	if (ret == 0)
		ret = unpack_layouts(&in, resolution, error_r);
	if (ret == 0 && !unpack_is_whole(&in))
		ret = broken(error_r, "its lists have no end");
	return ret;
}

int resolution_unpack(struct slice bytes, struct resolution *resolution_r, struct error *error_r)
{
	struct resolution resolution = {.whole = bytes};
	struct resolution_settings *settings = &resolution.settings;
	struct slice lists;
	int ret;

	if (bytes.len < sizeof(*settings))
		return broken(error_r, "it is too short");
	memcpy(settings, bytes.ptr, sizeof(*settings));
	ret = check_origin(settings, error_r);
	if (ret == 0)
		ret = check_settings(settings, error_r);
	if (ret < 0)
		return ret;
	lists = (struct slice){bytes.ptr + sizeof(*settings), bytes.len - sizeof(*settings)};
	if (settings->lists_size > lists.len ||
	    settings->configuration_size != lists.len - settings->lists_size)
		return broken(error_r, "it is cut");
	lists.len = settings->lists_size;
	resolution.configuration =
		(struct slice){lists.ptr + lists.len, settings->configuration_size};
	ret = unpack_lists(lists, &resolution, error_r);
	if (ret == 0)
		*resolution_r = resolution;
	return ret;
}

int resolution_open(int fd, struct resolution *resolution_r, struct error *error_r)
{
	struct slice bytes = {0};
	int ret = memfile_map(fd, RESOLUTION_MAX, &bytes, error_r);

	if (ret < 0)
		return error_prefix(error_r, "the resolved configuration");
	ret = resolution_unpack(bytes, resolution_r, error_r);
	if (ret < 0)
		memfile_unmap(&bytes);
	return ret;
}

/* To a place that stays when the mapping goes. */
static int copy_lists(const struct resolution *from, struct resolution *to, struct error *error_r)
{
	size_t len = from->settings.lists_size;

	*to = (struct resolution){.settings = from->settings, .copy = malloc(len + 1)};
	if (!to->copy)
		return error_set(error_r, ENOMEM, "out of memory");
	if (len > 0)
		memcpy(to->copy, from->whole.ptr + sizeof(from->settings), len);
	return unpack_lists((struct slice){to->copy, len}, to, error_r);
}

int resolution_open_lists(int fd, struct resolution *resolution_r, struct error *error_r)
{
	struct resolution whole = {0}, lists = {0};
	int ret = resolution_open(fd, &whole, error_r);

	if (ret < 0)
		return ret;
	ret = copy_lists(&whole, &lists, error_r);
	resolution_close(&whole);
	if (ret == 0)
		*resolution_r = lists;
	else
		resolution_close(&lists);
	return ret;
}

void resolution_close(struct resolution *resolution)
{
	memfile_unmap(&resolution->whole);
	free(resolution->copy);
	*resolution = (struct resolution){0};
}
