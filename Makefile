# SPDX-License-Identifier: MIT
# dovetap: see "make help". Everything is built out of tree, in $(O).

VERSION := 0.1.0
O       ?= .output
PREFIX  ?= /usr/local
SBINDIR ?= $(PREFIX)/sbin
MANDIR  ?= $(PREFIX)/share/man
LIBDIR  ?= $(PREFIX)/lib
UNITDIR ?= $(LIBDIR)/systemd/system
SYSCONFDIR ?= /etc
BASHDIR ?= $(PREFIX)/share/bash-completion/completions
ZSHDIR  ?= $(PREFIX)/share/zsh/site-functions
INCLUDE := include# of the ABI; tests/faults/variant has others
MACHINE := $(or $(CROSS),$(shell uname -m))
ARCH    := $(patsubst aarch64,arm64,$(patsubst x86_64,x86,$(MACHINE)))

CC       ?= gcc
CLANG    ?= clang-14
BPFTOOL  ?= $(firstword $(wildcard /usr/sbin/bpftool) bpftool)
FORMAT   := clang-format-14
TIDY     := clang-tidy-14

ifeq ($(V),1)
  Q :=
  say = @:
else
  Q := @
  say = @printf '  %-7s %s\n'
endif

WARN := -Wall -Wextra -Werror -Wshadow -Wstrict-prototypes -Wmissing-prototypes \
	-Wold-style-definition -Wwrite-strings -Wformat=2 -Wpointer-arith -Wundef -Wvla \
	-Wconversion -Wno-sign-conversion

# make CROSS=aarch64 builds the same things for arm64, elsewhere, with the packages of a folder.
HOST_O  := $(O)
HOST_CC := $(CC)
ifneq ($(CROSS),)
  override O := $(O)/$(CROSS)
  override CC := $(CROSS)-linux-gnu-gcc
  SYSROOT := --sysroot=$(shell tools/packages sysroot-$(ARCH))
endif

HARDEN := -D_FORTIFY_SOURCE=2 -fstack-protector-strong -fPIE
OPT ?= -O2 -g
CPPFLAGS := -D_GNU_SOURCE -DDOVETAP_VERSION='"$(VERSION)"' -include userspace/base/banned.h \
	-I$(INCLUDE) -Iuserspace -isystem $(O)/gen
CFLAGS  := -std=gnu11 $(OPT) $(WARN) $(SYSROOT) -pthread
LDFLAGS := $(SYSROOT) -pthread

comma := ,

# make SAN=address,undefined or SAN=thread builds the same things, instrumented, elsewhere.
ifneq ($(SAN),)
  override O := $(O)/san-$(firstword $(subst $(comma), ,$(SAN)))
  CFLAGS  += -fsanitize=$(SAN) -fno-omit-frame-pointer -fno-sanitize-recover=all
  LDFLAGS += -fsanitize=$(SAN)
else
  CFLAGS  += $(HARDEN)
  LDFLAGS += -pie -Wl,-z,relro,-z,now
endif

.DEFAULT_GOAL := all
.DELETE_ON_ERROR:
.SECONDARY:

all: $(O)/dovetap ## build the program (the default)

help: ## list the targets
	@awk -F':.*## ' '/^[a-z-]+:.*## / {printf "  %-16s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

clean: ## remove everything that was built
	rm -rf .output

include mk/layers.mk mk/bpf.mk mk/userspace.mk mk/docs.mk mk/unit.mk mk/dict.mk mk/kernel.mk mk/bench.mk
include mk/test.mk mk/fuzz.mk mk/check.mk mk/install.mk

.PHONY: all help clean

-include $(shell find $(O) -path $(O)/deb -prune -o -name '*.d' -print 2>/dev/null)
