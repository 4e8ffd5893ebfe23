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

# A layer is a folder of userspace/ and becomes one archive. needs_X is what X may call: the link
# of a layer's tests fails when a file reaches further (tools/check-layers holds the headers).
LAYERS := base conf priv login capture store audit serve attach
needs_base    :=
needs_conf    := base
needs_priv    := base
needs_login   := conf base
needs_capture := login conf base
needs_store   := conf base
needs_audit   := login conf base
needs_serve   := conf base
needs_attach  := priv conf base

libs_base    :=
libs_conf    :=
libs_priv    := -lcap-ng -lseccomp
libs_login   := -lcrypto -lmaxminddb
libs_capture := -lbpf -lelf -lz
libs_store   := -lhiredis -lsqlite3 -lmariadb -lpq -lssl -lcrypto
libs_audit   := -lsystemd
libs_serve   := -lmicrohttpd -lsystemd
libs_attach  := -lbpf -lelf -lz

layer_src = $(shell find userspace/$(1) -name '*.c' 2>/dev/null | sort)
layer_obj = $(patsubst %.c,$(O)/%.o,$(call layer_src,$(1)))
archives  = $(foreach l,$(1) $(needs_$(1)),$(O)/lib/$(l).a)
all_libs  = $(foreach l,$(1) $(needs_$(1)),$(libs_$(l)))

TOP_OBJ  := $(patsubst %.c,$(O)/%.o,$(wildcard userspace/*.c) $(call layer_src,cli))
ALL_ARCHIVES := $(foreach l,$(LAYERS),$(O)/lib/$(l).a)
ALL_LIBS := $(foreach l,$(LAYERS),$(libs_$(l)))

BPF_SRC  := $(wildcard bpf/*.bpf.c)
BPF_SKEL := $(patsubst bpf/%.bpf.c,$(O)/gen/skel/%.skel.h,$(BPF_SRC))
BPF_FLAGS := -g -O2 -target bpf -D__TARGET_ARCH_$(ARCH) -Wall -Wextra -Werror \
	-I$(INCLUDE) -Ivmlinux/$(ARCH) -Ibpf

.DEFAULT_GOAL := all
.DELETE_ON_ERROR:
.SECONDARY:

all: $(O)/dovetap ## build the program (the default)

help: ## list the targets
	@awk -F':.*## ' '/^[a-z-]+:.*## / {printf "  %-16s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

# --- BPF -----------------------------------------------------------------------------------------

$(O)/bpf/%.bpf.o: bpf/%.bpf.c $(wildcard bpf/*.h $(INCLUDE)/dovetap/*.h vmlinux/$(ARCH)/*.h)
	$(say) BPF $<
	$(Q)mkdir -p $(@D)
	$(Q)$(CLANG) $(BPF_FLAGS) -c $< -o $(O)/bpf/$*.tmp.o
	$(Q)$(BPFTOOL) gen object $@ $(O)/bpf/$*.tmp.o
	$(Q)rm -f $(O)/bpf/$*.tmp.o

$(O)/gen/skel/%.skel.h: $(O)/bpf/%.bpf.o
	$(say) SKEL $@
	$(Q)mkdir -p $(@D)
	$(Q)(echo '/* NOLINTBEGIN: generated */'; $(BPFTOOL) gen skeleton $< name $*_bpf; \
		echo '/* NOLINTEND */') > $@

# --- layouts: the reviewed table becomes BTF blobs, linked into the attach layer ----------------

LAYOUT_BTF := $(HOST_O)/tools/layout-btf

ifneq ($(CROSS),)
$(LAYOUT_BTF): $(wildcard tools/layout-btf.c userspace/attach/layout_*.[ch])
	$(Q)$(MAKE) --no-print-directory CROSS= SAN= CC='$(HOST_CC)' $@
else
$(LAYOUT_BTF): $(addprefix $(O)/,tools/layout-btf.o userspace/attach/layout_table.o \
		userspace/attach/layout_btf.o) $(O)/lib/base.a
	$(say) LD $@
	$(Q)$(CC) $(LDFLAGS) -o $@ $^ -lbpf
endif

$(O)/gen/layouts.c: layouts/dovecot.layouts $(LAYOUT_BTF)
	$(say) LAYOUTS $<
	$(Q)mkdir -p $(@D)
	$(Q)$(LAYOUT_BTF) $< > $@

$(O)/gen/layouts.o: $(O)/gen/layouts.c
	$(Q)$(CC) $(CPPFLAGS) $(CFLAGS) -MD -MP -c $< -o $@

$(O)/lib/attach.a: $(O)/gen/layouts.o

# --- user space ----------------------------------------------------------------------------------

$(O)/%.o: %.c
	$(say) CC $<
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(CPPFLAGS) $(CFLAGS) -MD -MP -c $< -o $@

$(call layer_obj,attach) $(TOP_OBJ): | $(BPF_SKEL)

define layer_rule
$(O)/lib/$(1).a: $(call layer_obj,$(1))
	$$(say) AR $$@
	$$(Q)mkdir -p $$(@D)
	$$(Q)rm -f $$@
	$$(Q)$(AR) rcs $$@ $$^
endef
$(foreach l,$(LAYERS),$(eval $(call layer_rule,$(l))))

$(O)/dovetap: $(TOP_OBJ) $(ALL_ARCHIVES)
	$(say) LD $@
	$(Q)$(CC) $(LDFLAGS) -o $@ $(TOP_OBJ) -Wl,--start-group $(ALL_ARCHIVES) -Wl,--end-group \
		$(ALL_LIBS)

# --- tests ---------------------------------------------------------------------------------------
# tests/unit/LAYER/test_*.c is linked with that layer and what it may call, nothing else.

define unit_rule
$(O)/tests/unit/$(1)/%: $(O)/tests/unit/$(1)/%.o $(call archives,$(1))
	$$(say) LD $$@
	$$(Q)$(CC) $$(LDFLAGS) -o $$@ $$< $(call archives,$(1)) $(call all_libs,$(1)) -lcmocka
endef
$(foreach l,$(LAYERS),$(eval $(call unit_rule,$(l))))

UNIT_TESTS := $(patsubst %.c,$(O)/%,$(wildcard tests/unit/*/test_*.c))

# These let any allocation fail.
WRAP_ALLOCATIONS := $(addprefix -Wl$(comma)--wrap=,malloc calloc realloc reallocarray strdup strndup)
$(O)/tests/unit/%/test_alloc_failure: LDFLAGS += $(WRAP_ALLOCATIONS)

# So does this program, as tests/faults/90-out-of-memory.sh wants it.
SCARCE := $(O)/tests/faults/dovetap-scarce
$(SCARCE): $(TOP_OBJ) $(O)/tests/faults/scarce.o $(ALL_ARCHIVES)
	$(say) LD $@
	$(Q)$(CC) $(LDFLAGS) $(WRAP_ALLOCATIONS) -Wl,--wrap=asprintf -o $@ $(TOP_OBJ) \
		$(O)/tests/faults/scarce.o -Wl,--start-group $(ALL_ARCHIVES) -Wl,--end-group $(ALL_LIBS)

scarce: $(SCARCE)

.PHONY: scarce

# tests/dict: the same cases against every driver, with real servers.
DICT_TEST_OBJ := $(patsubst %.c,$(O)/%.o,$(wildcard tests/dict/*.c) tests/dict/sql/stand.c)

$(O)/tests/dict/conformance: $(DICT_TEST_OBJ) $(call archives,store)
	$(say) LD $@
	$(Q)$(CC) $(LDFLAGS) -o $@ $(DICT_TEST_OBJ) $(call archives,store) $(call all_libs,store) \
		-lcmocka

DICT_SQL_OBJ := $(patsubst %.c,$(O)/%.o,$(wildcard tests/dict/sql/*.c))

$(O)/tests/dict/conformance-sql: $(DICT_SQL_OBJ) $(call archives,store)
	$(say) LD $@
	$(Q)$(CC) $(LDFLAGS) -o $@ $(DICT_SQL_OBJ) $(call archives,store) $(call all_libs,store) \
		-lcmocka

$(O)/tests/bench/bench_sql: $(O)/tests/bench/bench_sql.o $(O)/tests/dict/sql/stand.o $(call archives,store)
	$(say) LD $@
	$(Q)$(CC) $(LDFLAGS) -o $@ $^ $(call all_libs,store) -lcmocka

bench-sql: $(O)/tests/bench/bench_sql ## rows per second next to plain loops (MySQL 0.8, SQLite 0.9)
	$(Q)$<

.PHONY: bench-sql

DICT_REDIS_OBJ := $(addprefix $(O)/tests/dict/,redis/redis.o server.o)

$(O)/tests/dict/conformance-redis: $(DICT_REDIS_OBJ) $(call archives,store)
	$(say) LD $@
	$(Q)$(CC) $(LDFLAGS) -o $@ $(DICT_REDIS_OBJ) $(call archives,store) \
		$(call all_libs,store) -lcmocka

unit-binaries: $(UNIT_TESTS) $(addprefix $(O)/tests/dict/conformance,-sql -redis) \
	$(O)/tests/dict/conformance

# tests/bench: what is measured, and what puts load on the clusters of tests/cluster.
$(O)/tests/bench/%: $(O)/tests/bench/%.o $(call archives,store)
	$(say) LD $@
	$(Q)$(CC) $(LDFLAGS) -o $@ $< $(call archives,store) $(call all_libs,store)

bench-store: $(O)/tests/bench/bench_store ## records per second next to each store's own best
	$(Q)$<

test-cluster: $(O)/tests/bench/load ## kill nodes of real clusters under load (minutes, 4 GB)
	$(Q)tools/setup test
	$(Q)tests/run cluster

bench-cassandra: $(O)/tests/bench/load ## writes into Cassandra next to python3-cassandra
	$(Q)tests/bench/bench_cassandra.sh

soak: all target ## two thousand logins a second for SOAK_SECONDS (3600): memory and descriptors stay (root)
	$(Q)tests/bench/soak.sh

.PHONY: soak

bench-redis: $(O)/tests/bench/load ## writes per core into a Redis Cluster next to one Redis, at least 0.7
	$(Q)tests/bench/bench_redis.sh

bench-proxy: $(O)/tests/bench/load ## writes through Dovecot's dict server next to one connection each, at least 5
	$(Q)tools/rootfs bookworm trixie
	$(Q)tests/bench/bench_proxy.sh

.PHONY: test-cluster bench-cassandra bench-redis bench-proxy bench-store

# The tests of what more than one thread touches.
TSAN_TESTS := $(addprefix $(O)/,$(patsubst %.c,%,$(wildcard tests/unit/audit/test_audit.c tests/unit/store/test_writer.c \
	tests/unit/store/test_accounts.c tests/unit/store/test_spool.c tests/unit/store/test_*_wire.c)))

tsan-binaries: $(TSAN_TESTS)

tsan: ## build and run the tests of threads under TSan
	$(Q)$(MAKE) --no-print-directory SAN=thread tsan-binaries
	$(Q)SANITIZER=thread tests/run unit

unit: ## build and run the unit tests under ASan and UBSan
	$(Q)$(MAKE) --no-print-directory SAN=address,undefined unit-binaries
	$(Q)tests/run unit

# tests/differential compares templates with Dovecot's own expansion (root, tools/rootfs).
$(O)/tests/differential/expand $(O)/tests/bench/bench_template: %: %.o $(call archives,login)
	$(say) LD $@
	$(Q)$(CC) $(LDFLAGS) -o $@ $^ $(call all_libs,login)

differential-helper: $(O)/tests/differential/expand

bench-template: $(O)/tests/bench/bench_template ## time of one key expansion, at most 300 ns
	$(Q)$<

.PHONY: bench-template differential-helper

# tests/target stands in for Dovecot: libraries with functions to probe, and what they are called with.
TARGET_LIBS := $(patsubst %,$(O)/tests/target/lib%.so,target target-cet target-unknown target-moved)
TARGET_OBJ := $(O)/tests/target/image.o $(O)/tests/target/login_image.o
TARGET_CFLAGS := $(SYSROOT) -std=gnu11 -O2 -g -fno-omit-frame-pointer -fPIC -shared -Itests
landing_x86   := -fcf-protection=branch
landing_arm64 := -mbranch-protection=standard

$(O)/tests/target/libtarget-cet.so: TARGET_CFLAGS += $(landing_$(ARCH))
$(O)/tests/target/libtarget-unknown.so: TARGET_CFLAGS += -DTARGET_ABI='"2.9.ABIv0"'
$(O)/tests/target/libtarget-moved.so: TARGET_CFLAGS += -DTARGET_MOVED
$(TARGET_LIBS): tests/target/functions.c tests/target/functions.h
	$(say) LD $@
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(TARGET_CFLAGS) -Wl,-soname,$(@F) -o $@ $<

# What Dovecot's programs need, as discovery asks; by this one a test is taken for one of them.
$(O)/tests/target/libdovecot.so.0: tests/target/library.c
	$(say) LD $@
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(TARGET_CFLAGS) -Wl,-soname,$(@F) -o $@ $<

$(O)/tests/bpf/test_processes: $(O)/tests/target/libdovecot.so.0
$(O)/tests/bpf/test_processes: LDFLAGS += -Wl,--no-as-needed

STORM := $(O)/tests/target/storm
$(STORM).o: CPPFLAGS += -Itests
$(STORM): $(STORM).o $(TARGET_OBJ) $(call archives,attach) $(O)/tests/target/libtarget.so
	$(say) LD $@
	$(Q)$(CC) $(LDFLAGS) -Wl,-rpath,'$$ORIGIN' -o $@ $^ $(call all_libs,attach)

target: $(TARGET_LIBS) $(STORM) ## build the synthetic Dovecot and the program that fires its probes

# tests/bpf runs in the kernel: root only. Built without sanitizers.
TEST_SKEL := $(patsubst tests/bpf/%.bpf.c,$(O)/gen/skel/%.skel.h,$(wildcard tests/bpf/*.bpf.c))
$(O)/bpf/%.bpf.o: tests/bpf/%.bpf.c $(wildcard bpf/*.h $(INCLUDE)/dovetap/*.h vmlinux/$(ARCH)/*.h)
	$(say) BPF $<
	$(Q)mkdir -p $(@D)
	$(Q)$(CLANG) $(BPF_FLAGS) -c $< -o $@

BPF_TESTS := $(patsubst %.c,$(O)/%,$(filter-out %.bpf.c,$(wildcard tests/bpf/test_*.c tests/bpf/bench_*.c)))
BPF_TEST_HELPERS := $(TARGET_OBJ) $(O)/tests/bpf/login_object.o

$(patsubst %,%.o,$(BPF_TESTS)) $(BPF_TEST_HELPERS): CPPFLAGS += -Itests
$(patsubst %,%.o,$(BPF_TESTS)) $(BPF_TEST_HELPERS): | $(BPF_SKEL) $(TEST_SKEL)

$(BPF_TESTS): %: %.o $(BPF_TEST_HELPERS) $(call archives,attach) $(O)/tests/target/libtarget.so
	$(say) LD $@
	$(Q)$(CC) $(LDFLAGS) -Wl,-rpath,'$$ORIGIN/../target' -o $@ $^ $(call all_libs,attach) -lcmocka

$(O)/tools/verifier-budget.o: | $(BPF_SKEL)
$(O)/tools/verifier-budget: $(O)/tools/verifier-budget.o $(call archives,attach)
	$(say) LD $@
	$(Q)$(CC) $(LDFLAGS) -o $@ $^ $(call all_libs,attach)

verifier-budget: $(O)/tools/verifier-budget ## fail when a BPF program got a tenth more expensive to verify
	$(Q)$< tests/bpf/verifier-budget.ref

bpf-tests: $(BPF_TESTS) target ## build the tests that run in the kernel (tests/run bpf)

bench-probe: $(O)/tests/bpf/bench_probe ## cost of a captured login next to an empty probe, at most 1.5
	$(Q)$< 1.5

bench-pipeline: all target ## 50,000 logins a second from the ring to SQLite, and what idling costs
	$(Q)tests/bench/pipeline.sh

bench-attach: all ## from a Dovecot's first exec in a container to its probe, at most 200 ms
	$(Q)tests/bench/bench_attach.sh

bench-away: all target ## what a dict costs that is away: less than 1% of one CPU and 32 MiB at 200 logins/s
	$(Q)FAULTS=full tests/faults/80-away.sh

.PHONY: bench-attach bench-away

BENCHES := probe attach away pipeline store sql template cassandra redis proxy

bench: ## measure it all; ratios to a peer or a floor of the same run (root)
	$(Q)failed=; for b in $(BENCHES); do echo "# bench-$$b"; \
		$(MAKE) --no-print-directory bench-$$b || failed="$$failed $$b"; done; \
		[ -z "$$failed" ] || { echo "below its goal:$$failed"; exit 1; }

.PHONY: bpf-tests target verifier-budget bench bench-probe bench-pipeline

-include $(shell find $(O) -path $(O)/deb -prune -o -name '*.d' -print 2>/dev/null)

# --- everything, from nothing ---------------------------------------------------------------------

TEST_GROUPS := unit abi bpf dict golden fuzz differential integration containers conformance deploy
# Those that take minutes each; "make test-all" runs them, too. tests/run says what each consists of.
LONG_GROUPS := faults cluster kernels

test: ## set up, build and run all groups of tests (root, Debian 12)
	$(Q)tools/setup test
	$(Q)tools/rootfs bullseye bookworm trixie service base
	$(Q)tools/packages containers-common > /dev/null
	$(Q)$(MAKE) --no-print-directory -j$$(nproc) all bpf-tests fuzz-binaries differential-helper deb $(O)/image/built \
		$(O)/tests/bench/load
	$(Q)$(MAKE) --no-print-directory -j$$(nproc) SAN=address,undefined unit-binaries scarce
	$(Q)tests/run $(TEST_GROUPS)

test-all: kernels-ready ## the same and the groups that take long, in their short form: what CI runs
	$(Q)$(MAKE) --no-print-directory test TEST_GROUPS="$(TEST_GROUPS) $(LONG_GROUPS)"

test-faults: ## faults of every kind under load, in full (root, hours); FAULTS=short: minutes
	$(Q)tools/setup test
	$(Q)tools/rootfs bullseye bookworm trixie
	$(Q)$(MAKE) --no-print-directory -j$$(nproc) all target
	$(Q)$(MAKE) --no-print-directory -j$$(nproc) SAN=address,undefined scarce
	$(Q)FAULTS=$(or $(FAULTS),full) TEST_TIMEOUT=14400 tests/run faults

test-kernels: kernels-ready ## load, attach and capture on Debian's kernels 5.10, 6.1 and 6.12, amd64 and arm64, emulated
	$(Q)tests/run kernels

KERNELS := $(addprefix kernel-,5.10-amd64 6.1-amd64 6.12-amd64 6.12-arm64)

kernels-ready:
	$(Q)tools/setup kernels
	$(Q)tools/rootfs bullseye bookworm trixie
	$(Q)tools/packages $(KERNELS) busybox-arm64 dovecot-arm64 sysroot-arm64 > /dev/null
	$(Q)$(MAKE) --no-print-directory -j$$(nproc) all bpf-tests
	$(Q)$(MAKE) --no-print-directory -j$$(nproc) CROSS=aarch64 all bpf-tests

.PHONY: test-kernels kernels-ready

conformance-table: all ## compare with the plugin and write docs/plugin-conformance.md
	$(Q)tests/conformance/document.sh

demo: ## show dovetap on real logins of a throwaway Dovecot (root, Debian 12)
	$(Q)tools/demo

.PHONY: test test-all test-faults demo conformance-table

# --- fuzzing --------------------------------------------------------------------------------------
# Any bytes, any layer: each target is linked with all of them, instrumented, from archives.

FUZZ_TARGETS := $(patsubst tests/fuzz/%.c,$(O)/tests/fuzz/%,$(wildcard tests/fuzz/fuzz_*.c))
FUZZ_SECONDS ?= 60

$(FUZZ_TARGETS): $(O)/tests/fuzz/%: $(O)/tests/fuzz/%.o $(ALL_ARCHIVES)
	$(say) LD $@
	$(Q)$(CC) $(LDFLAGS) -fsanitize=fuzzer -o $@ $< -Wl,--start-group $(ALL_ARCHIVES) \
		-Wl,--end-group $(ALL_LIBS)

fuzz-targets: $(FUZZ_TARGETS)

fuzz-binaries:
	$(Q)$(MAKE) --no-print-directory SAN=fuzzer-no-link,address CC=$(CLANG) fuzz-targets

fuzz: fuzz-binaries ## fuzz every parser for FUZZ_SECONDS (60) each
	$(Q)tests/fuzz/fuzz.sh $(FUZZ_SECONDS)

.PHONY: fuzz fuzz-targets fuzz-binaries

# --- checks --------------------------------------------------------------------------------------

C_FILES = $(shell git ls-files -co --exclude-standard '*.c' '*.h' ':!vmlinux')
TIDY_FLAGS = $(filter-out -DDOVETAP_VERSION%,$(CPPFLAGS)) -DDOVETAP_VERSION="" -std=gnu11
TIDY_FILES = $(filter-out %.bpf.c bpf/% tests/%,$(filter %.c,$(C_FILES)))

format: ## lay out all C code with clang-format
	$(Q)$(FORMAT) -i $(C_FILES)

check-format: ## fail on code that "make format" would change
	$(Q)$(FORMAT) --dry-run -Werror $(C_FILES)

check-layers: ## fail on an #include that crosses a layer
	$(Q)tools/check-layers

check-headers: $(BPF_SKEL) ## compile every header on its own
	$(Q)for h in $$(git ls-files 'userspace/*.h' 'include/*.h'); do \
		printf '#include <linux/types.h>\n#include "%s"\n' $$h | \
		$(CC) $(CPPFLAGS) $(CFLAGS) -I. -Wno-unused-function -x c -fsyntax-only - || exit 1; done

tidy: $(BPF_SKEL) ## clang-tidy over user space and tools
	$(Q)printf '%s\n' $(TIDY_FILES) | TIDY=$(TIDY) TIDY_FLAGS='$(TIDY_FLAGS)' \
		xargs -P $$(nproc) -n 6 tools/tidy

sanitize: ## build everything with ASan and UBSan
	$(Q)$(MAKE) --no-print-directory SAN=address,undefined all unit-binaries

# --- install -------------------------------------------------------------------------------------

install: all ## install under DESTDIR and PREFIX
	install -D -m 0755 $(O)/dovetap $(DESTDIR)$(SBINDIR)/dovetap
	install -D -m 0644 docs/dovetap.8 $(DESTDIR)$(MANDIR)/man8/dovetap.8
	install -D -m 0644 docs/dovetap.conf.5 $(DESTDIR)$(MANDIR)/man5/dovetap.conf.5
	test -e $(DESTDIR)$(SYSCONFDIR)/dovetap/dovetap.conf || \
		install -D -m 0644 deploy/dovetap.conf $(DESTDIR)$(SYSCONFDIR)/dovetap/dovetap.conf
	install -D -m 0644 deploy/completion/dovetap.bash $(DESTDIR)$(BASHDIR)/dovetap
	install -D -m 0644 deploy/completion/_dovetap $(DESTDIR)$(ZSHDIR)/_dovetap
	install -D -m 0644 deploy/systemd/dovetap.sysusers $(DESTDIR)$(LIBDIR)/sysusers.d/dovetap.conf
	install -D -m 0644 deploy/systemd/dovetap.tmpfiles $(DESTDIR)$(LIBDIR)/tmpfiles.d/dovetap.conf
	mkdir -p $(DESTDIR)$(UNITDIR)
	sed 's,@SBINDIR@,$(SBINDIR),' deploy/systemd/dovetap.service.in > $(DESTDIR)$(UNITDIR)/dovetap.service

# What the package is made of: the tree as it stands, less the tests.
DEB_FILES = $(wildcard $(shell git ls-files --cached --others --exclude-standard ':!tests' 2>/dev/null))
DEB_TREE := $(O)/deb/dovetap-$(VERSION)

deb: $(O)/deb/built ## build the Debian package, .output/deb/dovetap_*.deb, in a copy of the tree

$(O)/deb/built: $(DEB_FILES)
	$(say) DEB $(DEB_TREE)
	$(Q)rm -rf $(@D)
	$(Q)mkdir -p $(DEB_TREE)
	$(Q)cp --parents -t $(DEB_TREE) $(DEB_FILES)
	$(Q)cd $(DEB_TREE) && env -u MAKEFLAGS -u MAKELEVEL -u O dpkg-buildpackage --build=binary \
		--no-sign > ../build.log 2>&1 || { tail -n 30 ../build.log; exit 1; }
	$(Q)touch $@

image: ## build the container image, with buildah; BASE=debian:bookworm-slim: from a registry's (root)
	$(Q)tools/setup deploy
	$(Q)tools/image $(VERSION)

# The same where the tests look for it. They could not build it: they may have no network.
$(O)/image/built: $(DEB_FILES)
	$(say) IMAGE dovetap:$(VERSION)
	$(Q)mkdir -p $(@D)
	$(Q)tools/image --own-storage $(VERSION) > $(@D)/build.log 2>&1 || { tail -n 30 $(@D)/build.log; exit 1; }
	$(Q)touch $@

.PHONY: image

clean: ## remove everything that was built
	rm -rf .output

.PHONY: all help unit unit-binaries tsan tsan-binaries install deb clean format check-format check-layers check-headers \
	tidy sanitize
