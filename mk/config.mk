# SPDX-License-Identifier: MIT
# What a build is made with: tools that are found, flags, libraries by pkg-config. Each can be given:
# make CC=clang CLANG=clang-16 OPT=-O1.

MACHINE := $(or $(CROSS),$(shell uname -m))
ARCH    := $(patsubst aarch64,arm64,$(patsubst x86_64,x86,$(MACHINE)))

# The newest clang that compiles for BPF. The layout of code and the findings of clang-tidy depend on
# the version: 14, by which the tree is laid out, goes first.
CLANGS   := 19 18 17 16 15 14
newest    = $(shell for c in $(1); do $$c --version > /dev/null 2>&1 && echo $$c && break; done)
CC       ?= gcc
CLANG    ?= $(shell for c in $(CLANGS:%=clang-%) clang; do \
	echo | $$c -target bpf -x c -c -o /dev/null - 2> /dev/null && echo $$c && break; done)
CLANG    := $(CLANG)
FORMAT   ?= $(call newest,clang-format-14 $(CLANGS:%=clang-format-%) clang-format)
TIDY     ?= $(call newest,clang-tidy-14 $(CLANGS:%=clang-tidy-%) clang-tidy)
BPFTOOL  ?= $(firstword $(wildcard /usr/sbin/bpftool) bpftool)
PKG_CONFIG ?= pkg-config

ifeq ($(V),1)
  Q :=
  say = @:
else
  Q := @
  say = @printf '  %-7s %s\n'
endif

WARN := -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes \
	-Wold-style-definition -Wwrite-strings -Wformat=2 -Wpointer-arith -Wundef -Wvla \
	-Wconversion -Wno-sign-conversion

# make DEVELOP=1: a warning is an error. A newer compiler has new ones, so not for those who package.
ifeq ($(DEVELOP),1)
  WARN_ERROR := -Werror
endif

# make CROSS=aarch64 builds the same things for arm64, elsewhere, with the packages of a folder.
HOST_O  := $(O)
HOST_CC := $(CC)
ifneq ($(CROSS),)
  override O := $(O)/$(CROSS)
  override CC := $(CROSS)-linux-gnu-gcc
  SYSROOT_DIR := $(shell tools/packages sysroot-$(ARCH))
  SYSROOT := --sysroot=$(SYSROOT_DIR)
  override PKG_CONFIG := PKG_CONFIG_SYSROOT_DIR=$(SYSROOT_DIR) \
	PKG_CONFIG_LIBDIR=$(SYSROOT_DIR)/usr/lib/$(CROSS)-linux-gnu/pkgconfig $(PKG_CONFIG)
endif

# Libraries by their pkg-config names; what is missing shows when its header is looked for.
pkg_libs   = $(if $(1),$(shell $(PKG_CONFIG) --libs $(1) 2> /dev/null))
# Their headers are the system's: no warning is ours to mend.
pkg_cflags = $(patsubst -I%,-isystem%,$(foreach p,$(1),$(shell $(PKG_CONFIG) --cflags $(p) 2> /dev/null)))

# make SAN=address,undefined or SAN=thread builds the same things, instrumented, elsewhere; whatever has $(O) in
# it by value comes behind this.
comma := ,
ifneq ($(SAN),)
  override O := $(O)/san-$(firstword $(subst $(comma), ,$(SAN)))
endif

HARDEN := -D_FORTIFY_SOURCE=2 -fstack-protector-strong
OPT ?= -O2 -g
CPPFLAGS := -D_GNU_SOURCE -DDOVETAP_VERSION='"$(VERSION)"' -include userspace/base/banned.h \
	-I$(INCLUDE) -Iuserspace -isystem $(O)/gen
# The same objects go into the program and into modules.
# No place of the tree in what is built: two builds in two folders are equal byte for byte.
NO_PLACE := -ffile-prefix-map=$(CURDIR)=.
CFLAGS  := $(NO_PLACE) -std=gnu11 $(OPT) $(WARN) $(WARN_ERROR) $(SYSROOT) -pthread -fPIC -fvisibility=hidden
LDFLAGS := $(SYSROOT) -pthread $(filter --coverage,$(OPT))

ifneq ($(SAN),)
  CFLAGS  += -fsanitize=$(SAN) -fno-omit-frame-pointer -fno-sanitize-recover=all
  LDFLAGS += -fsanitize=$(SAN)
else
  CFLAGS  += $(HARDEN)
  LDFLAGS += -pie -Wl,-z,relro,-z,now
endif
