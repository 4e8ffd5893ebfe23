# SPDX-License-Identifier: MIT
# Everything, from nothing: groups of tests as tests/run knows them.

TEST_GROUPS := unit abi bpf dict golden fuzz differential integration containers conformance deploy
# With an own kernel each, which disturbs nobody.
BESIDE_GROUPS := kernels
# Those that take minutes each; "make test-all" runs them, too. tests/run says what each consists of.
LONG_GROUPS := selftest faults cluster

test test-all test-faults test-kernels: export DEVELOP := 1

test: ## set up, build and run all groups of tests (root, Debian 12)
	$(Q)tools/setup test
	$(Q)tools/rootfs bullseye bookworm trixie service base
	$(Q)tools/packages containers-common prometheus > /dev/null
	$(Q)$(MAKE) --no-print-directory -j$$(nproc) all $(GEN_DOCS) bpf-tests fuzz-binaries differential-helper deb $(O)/image/built \
		$(O)/tests/bench/load
	$(Q)$(MAKE) --no-print-directory -j$$(nproc) SAN=address,undefined unit-binaries scarce
	$(Q)tests/run $(TEST_GROUPS)

test-all: kernels-ready ## the same and the groups that take long, in their short form: what CI runs
	$(Q)BESIDE="$(BESIDE_GROUPS)" $(MAKE) --no-print-directory test \
		TEST_GROUPS="$(filter-out deploy,$(TEST_GROUPS)) $(LONG_GROUPS) deploy"

test-faults: ## faults of every kind under load, in full (root, hours); FAULTS=short: minutes
	$(Q)tools/setup test
	$(Q)tools/rootfs bullseye bookworm trixie
	$(Q)$(MAKE) --no-print-directory -j$$(nproc) all target
	$(Q)$(MAKE) --no-print-directory -j$$(nproc) SAN=address,undefined scarce
	$(Q)FAULTS=$(or $(FAULTS),full) TEST_TIMEOUT=14400 tests/run faults

test-kernels: kernels-ready ## load, attach and capture on Debian's kernels from 5.10 to the newest, amd64 and arm64, emulated
	$(Q)tests/run kernels

test-selftest: all target $(GEN_DOCS) ## every check fails when dovetap does nothing (root, 2 minutes on two CPUs); SELFTEST_SAMPLE=N: some
	$(Q)TEST_TIMEOUT=3600 tests/run selftest

test-dates: all $(GEN_DOCS) ## the unit tests and golden at ten odd dates (root, half an hour on two CPUs)
	$(Q)$(MAKE) --no-print-directory SAN=address,undefined unit-binaries
	$(Q)TEST_TIMEOUT=7200 tests/dates.sh

test-layouts: all ## every member of Dovecot's structs shifted in each direction, on real Dovecots (root, an hour); VERSIONS=trixie: one
	$(Q)tools/rootfs bullseye bookworm trixie
	$(Q)CASES=all TEST_TIMEOUT=14400 tests/integration/27-shifted-layouts.sh

test-short-lived: all ## 20,000 logins whose processes end at once: each is known, whose it was (root, 10 minutes on two CPUs)
	$(Q)tools/rootfs bookworm trixie
	$(Q)SHORT_LOGINS=10000 TEST_TIMEOUT=7200 tests/integration/93-short-lived.sh

test-storm: kernels-ready ## a million logins, each compared member by member, on the newest kernel (7 minutes)
	$(Q)STORM_LOGINS=1000000 TEST_TIMEOUT=7200 tests/kernels/50-linux-sid-amd64.sh

test-storm-arm64: kernels-ready ## the storm, smaller, on the newest kernel of arm64 (some minutes, emulated)
	$(Q)tools/packages kernel-sid-arm64 > /dev/null
	$(Q)STORM_LOGINS=$(or $(STORM_LOGINS),2000) TEST_TIMEOUT=3600 tests/kernels/sid-arm64.sh

test-differential: all differential-helper ## 10,000 random logins by 1,250 configurations on each Dovecot, and as many by configurations alone (root, an hour or two); STORES=N CONFIGS=N: others
	$(Q)tools/rootfs bullseye bookworm trixie
	$(Q)STORES=$(or $(STORES),1250) LOGINS=8 CONFIGS=$(or $(CONFIGS),10000) COUNT=$(or $(COUNT),100000) \
		TEST_TIMEOUT=14400 tests/run differential

KERNELS := $(addprefix kernel-,5.10-amd64 6.1-amd64 6.12-amd64 6.12-arm64 sid-amd64)

test-archive: all ## is each Dovecot that Debian's archive has today known, as its headers have it (two minutes, network)
	$(Q)tests/run archive

kernels-ready:
	$(Q)tools/setup kernels
	$(Q)tools/rootfs bullseye bookworm trixie
	$(Q)tools/packages $(KERNELS) busybox-arm64 dovecot-arm64 sysroot-arm64 > /dev/null
	$(Q)$(MAKE) --no-print-directory -j$$(nproc) all bpf-tests
	$(Q)$(MAKE) --no-print-directory -j$$(nproc) CROSS=aarch64 all bpf-tests

.PHONY: test-kernels test-storm test-storm-arm64 test-layouts test-short-lived test-differential test-archive kernels-ready

conformance-table: all ## compare with the plugin and write docs/plugin-conformance.md
	$(Q)tests/conformance/document.sh

demo: ## show dovetap on real logins of a throwaway Dovecot (root, Debian 12)
	$(Q)tools/demo

.PHONY: test test-all test-faults test-selftest test-dates demo conformance-table

test-cluster: $(O)/tests/bench/load ## kill nodes of real clusters under load (minutes, 4 GB)
	$(Q)tools/setup test
	$(Q)tests/run cluster
