# SPDX-License-Identifier: MIT
# The layers: each folder of userspace/ becomes one archive. needs_X is what X may include and call,
# all of it; the link of its unit tests fails when a file reaches further, and tools/check-layers
# reads the same lines for the includes.

LAYERS := base conf priv dovecot login proof capture store audit serve search attach plan pipeline \
	stats collector cli attacher

needs_base      :=
needs_conf      := base
needs_priv      := base
needs_dovecot   := base priv
needs_login     := base conf
needs_proof     := base conf login
needs_capture   := base conf login
needs_store     := base conf
needs_audit     := base conf login
needs_serve     := base conf
needs_search    := base priv dovecot
needs_attach    := base priv dovecot search
needs_plan      := base conf login audit store
needs_pipeline  := base conf login proof audit store capture plan
needs_stats     := base conf priv login proof audit store capture plan pipeline serve
needs_collector := base conf priv login proof audit store capture plan pipeline serve stats
needs_attacher  := base priv dovecot search attach
needs_cli       := $(filter-out cli attacher,$(LAYERS))

# The libraries that a layer links for itself, as pkg-config names them; those of modules
# stand in mk/modules.mk.
pkg_priv        := libcap-ng libseccomp
pkg_dovecot     := libbpf libelf zlib
pkg_login       := libcrypto
pkg_capture     := libbpf libelf zlib
pkg_store       := sqlite3
pkg_audit       := libsystemd
pkg_serve       := libmicrohttpd gnutls
pkg_search      := libelf
pkg_attach      := libbpf libelf zlib

$(foreach l,$(LAYERS),$(eval libs_$(l) := $(call pkg_libs,$(pkg_$(l)))))
CPPFLAGS += $(call pkg_cflags,$(sort $(foreach l,$(LAYERS),$(pkg_$(l)))))
