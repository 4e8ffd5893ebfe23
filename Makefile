# SPDX-License-Identifier: MIT
# dovetap: see "make help". Everything is built out of tree, in $(O).

VERSION := 0.1.0
O       ?= .output
PREFIX  ?= /usr/local
SBINDIR ?= $(PREFIX)/sbin
DATADIR ?= $(PREFIX)/share
MANDIR  ?= $(DATADIR)/man
LIBDIR  ?= $(PREFIX)/lib
LIBEXECDIR ?= $(PREFIX)/libexec/dovetap
UNITDIR ?= $(LIBDIR)/systemd/system
SYSCONFDIR ?= /etc
BASHDIR ?= $(DATADIR)/bash-completion/completions
ZSHDIR  ?= $(DATADIR)/zsh/site-functions
INCLUDE := include# of the ABI; tests/faults/variant has others

include mk/config.mk

.DEFAULT_GOAL := all
.DELETE_ON_ERROR:
.SECONDARY:

help: ## list the targets
	@awk -F':.*## ' '/^[a-z-]+:.*## / {printf "  %-16s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

clean: ## remove everything that was built
	rm -rf .output

include mk/layers.mk mk/modules.mk mk/bpf.mk mk/userspace.mk mk/docs.mk mk/unit.mk mk/dict.mk mk/kernel.mk
include mk/bench.mk mk/test.mk mk/fuzz.mk mk/check.mk mk/install.mk mk/mutants.mk

all: $(O)/dovetap $(O)/dovetap-attacher $(MODULE_FILES) $(O)/not-applicable ## build all programs and modules (the default)

.PHONY: all help clean

-include $(shell find $(O) -path $(O)/deb -prune -o -name '*.d' -print 2>/dev/null)
