# SPDX-License-Identifier: MIT
# Any bytes, any layer: each target is linked with all of them, instrumented, from archives.

FUZZ_TARGETS := $(addprefix $(O)/,$(filter-out $(NOT_APPLICABLE),$(patsubst %.c,%,$(wildcard tests/fuzz/fuzz_*.c))))
FUZZ_SECONDS ?= 60

$(FUZZ_TARGETS): $(O)/tests/fuzz/%: $(O)/tests/fuzz/%.o $(ALL_ARCHIVES)
	$(say) LD $@
	$(Q)$(CC) $(LDFLAGS) -fsanitize=fuzzer -o $@ $< $(call linked,cli)

fuzz-targets: $(FUZZ_TARGETS)

fuzz-binaries:
	$(Q)$(MAKE) --no-print-directory SAN=fuzzer-no-link,address CC=$(CLANG) fuzz-targets

fuzz: fuzz-binaries ## fuzz every parser for FUZZ_SECONDS (60) each
	$(Q)tests/fuzz/fuzz.sh $(FUZZ_SECONDS)

.PHONY: fuzz fuzz-targets fuzz-binaries
