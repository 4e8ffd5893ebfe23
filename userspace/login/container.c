/* SPDX-License-Identifier: MIT */
#include "login/container.h"

#include <ctype.h>
#include <string.h>

#define UID_LEN	    36
#define STATIC_LEN  32 /* of the hash that stands for a static pod's UID */
#define PROC_COLONS 2  /* "4:memory:/docker/..." */

static const char *const id_prefixes[] = {
	"docker-", "cri-containerd-", "crio-", "libpod-payload-", "libpod-", "nerdctl-",
};

static bool is_hex(char c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
}

static bool all_hex(struct slice text)
{
	for (size_t i = 0; i < text.len; i++) {
		if (!is_hex(text.ptr[i]))
			return false;
	}
	return true;
}

static bool skip_prefix(struct slice *text, const char *prefix)
{
	size_t len = strlen(prefix);

	if (text->len < len || memcmp(text->ptr, prefix, len) != 0)
		return false;
	text->ptr += len;
	text->len -= len;
	return true;
}

static bool drop_suffix(struct slice *text, const char *suffix)
{
	size_t len = strlen(suffix);

	if (text->len < len || memcmp(text->ptr + text->len - len, suffix, len) != 0)
		return false;
	text->len -= len;
	return true;
}

/* Returns what stands before the first c (all, if there is none) and takes both off. */
static struct slice cut(struct slice *text, char c)
{
	const char *end = text->len ? memchr(text->ptr, c, text->len) : NULL;
	struct slice head = {text->ptr, end ? (size_t)(end - text->ptr) : text->len};
	size_t used = head.len + (end != NULL);

	text->ptr += used;
	text->len -= used;
	return head;
}

static void copy(char *out, struct slice text)
{
	memcpy(out, text.ptr, text.len);
	out[text.len] = '\0';
}

static bool take_id(struct slice name, struct container *container)
{
	drop_suffix(&name, ".scope");
	for (size_t i = 0; i < sizeof(id_prefixes) / sizeof(id_prefixes[0]); i++) {
		if (skip_prefix(&name, id_prefixes[i]))
			break;
	}
	if (name.len != CONTAINER_ID_LEN || !all_hex(name))
		return false;
	copy(container->id, name);
	container->name[0] = '\0';
	return true;
}

/* systemd's slices have "_" where the UID has "-", which means a level to them. */
static bool is_uid(struct slice text, char dash)
{
	static const size_t dashes[] = {8, 13, 18, 23};
	size_t next = 0;

	if (text.len == STATIC_LEN)
		return all_hex(text);
	if (text.len != UID_LEN)
		return false;
	for (size_t i = 0; i < text.len; i++) {
		if (next < sizeof(dashes) / sizeof(dashes[0]) && i == dashes[next]) {
			if (text.ptr[i] != dash)
				return false;
			next++;
		} else if (!is_hex(text.ptr[i])) {
			return false;
		}
	}
	return true;
}

/* "kubepods-burstable-podU_I_D", also with more in front ("kubelet-kubepods-..."). */
static bool skip_to_pod(struct slice *name)
{
	static const char mark[] = "-pod", slice[] = "kubepods";
	const char *pod;

	if (!memmem(name->ptr, name->len, slice, sizeof(slice) - 1))
		return false;
	/* "kubepods" itself may stand behind a dash. */
	while ((pod = memmem(name->ptr, name->len, mark, sizeof(mark) - 1))) {
		name->len -= (size_t)(pod - name->ptr) + sizeof(mark) - 1;
		name->ptr = pod + sizeof(mark) - 1;
		if (is_uid(*name, '_'))
			return true;
	}
	return false;
}

static bool take_pod(struct slice name, struct container *container)
{
	if (drop_suffix(&name, ".slice")) {
		if (!skip_to_pod(&name))
			return false;
	} else if (!skip_prefix(&name, "pod") || !is_uid(name, '-')) {
		return false;
	}
	copy(container->pod_uid, name);
	for (char *c = container->pod_uid; *c; c++) {
		if (*c == '_')
			*c = '-';
	}
	/* Those of a node which is a container itself. */
	container->id[0] = container->name[0] = '\0';
	return true;
}

static int hex_value(char c)
{
	return c <= '9' ? c - '0' : c - 'a' + 10;
}

/* systemd's unit names have \xNN for what may not stand there (systemd.unit(5)). Returns whether it
 * is a name that can be shown as it is. */
static bool unescape(struct slice text, char out[CONTAINER_LABEL_MAX + 1])
{
	size_t len = 0;

	for (size_t i = 0; i < text.len && len < CONTAINER_LABEL_MAX; i++, len++) {
		out[len] = text.ptr[i];
		if (text.len - i >= 4 && text.ptr[i] == '\\' && text.ptr[i + 1] == 'x' &&
		    is_hex(text.ptr[i + 2]) && is_hex(text.ptr[i + 3])) {
			out[len] = (char)(hex_value(text.ptr[i + 2]) << 4 |
					  hex_value(text.ptr[i + 3]));
			i += 3;
		}
		if (!isalnum((unsigned char)out[len]) && !strchr("._-", out[len]))
			return false;
		if (len + 1 == CONTAINER_LABEL_MAX && i + 1 < text.len)
			return false;
	}
	out[len] = '\0';
	return len > 0 && out[0] != '.';
}

static bool is_nomad(struct slice name)
{
	return name.len > UID_LEN + 1 && name.ptr[UID_LEN] == '.' &&
	       is_uid((struct slice){name.ptr, UID_LEN}, '-');
}

/* Those that have a name, not an id; parent is the group above. */
static bool take_name_of(struct slice name, struct slice parent, struct container *container)
{
	char label[CONTAINER_LABEL_MAX + 1];
	bool named = slice_equal(parent, slice_str("lxc")) ||
		     slice_equal(parent, slice_str("lxc.payload")) ||
		     skip_prefix(&name, "lxc.payload.");

	if (!named && skip_prefix(&name, "systemd-nspawn@"))
		named = drop_suffix(&name, ".service");
	else if (!named && skip_prefix(&name, "machine-"))
		named = drop_suffix(&name, ".scope");
	else if (!named)
		named = drop_suffix(&name, ".scope") && is_nomad(name);
	if (!named || !unescape(name, label))
		return false;
	*container = (struct container){0};
	memcpy(container->name, label, sizeof(label));
	return true;
}

void container_from_path(struct slice path, struct container *container_r)
{
	struct slice parent = {0};

	*container_r = (struct container){0};
	while (path.len > 0) {
		struct slice whole = cut(&path, '/'), part = whole;

		while (part.len > 0) {
			struct slice name = cut(&part, ':');

			if (!take_pod(name, container_r) && !take_id(name, container_r))
				(void)take_name_of(name, parent, container_r);
		}
		parent = whole;
	}
}

void container_from_proc(struct slice text, struct container *container_r)
{
	*container_r = (struct container){0};
	while (text.len > 0) {
		struct slice line = cut(&text, '\n');
		struct container found;

		for (int i = 0; i < PROC_COLONS; i++)
			(void)cut(&line, ':');
		container_from_path(line, &found);
		if (found.id[0] || found.name[0] || (found.pod_uid[0] && !container_r->pod_uid[0]))
			*container_r = found;
		if (found.id[0] || found.name[0])
			return;
	}
}

/* Kubernetes' names hold no "_", so it parts them; none is empty. */
static bool take_name(struct slice name, char out[CONTAINER_NAME_MAX + 1])
{
	if (name.len == 0 || name.len > CONTAINER_NAME_MAX)
		return false;
	copy(out, name);
	return true;
}

bool container_names_from_log(const char *file, const char *id, struct container_names *names_r)
{
	struct slice rest = slice_str(file), pod, namespace;
	struct container_names names;

	if (!id[0] || !drop_suffix(&rest, ".log") || !drop_suffix(&rest, id) ||
	    !drop_suffix(&rest, "-"))
		return false;
	pod = cut(&rest, '_');
	namespace = cut(&rest, '_');
	if (!take_name(pod, names.pod) || !take_name(namespace, names.namespace) ||
	    !take_name(rest, names.container))
		return false;
	*names_r = names;
	return true;
}

bool container_names_from_pod(const char *file, const char *uid, struct container_names *names_r)
{
	struct slice rest = slice_str(file), namespace;
	struct container_names names = {0};

	if (!uid[0] || !drop_suffix(&rest, uid) || !drop_suffix(&rest, "_"))
		return false;
	namespace = cut(&rest, '_');
	if (!take_name(namespace, names.namespace) || !take_name(rest, names.pod))
		return false;
	*names_r = names;
	return true;
}
