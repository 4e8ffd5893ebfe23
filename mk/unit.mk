# SPDX-License-Identifier: MIT
# tests/unit/LAYER/test_*.c is linked with that layer and what it may call, nothing else.

define unit_rule
$(O)/tests/unit/$(1)/%: $(O)/tests/unit/$(1)/%.o $(call archives,$(1))
	$$(say) LD $$@
	$$(Q)$(CC) $$(LDFLAGS) -o $$@ $$< $(call linked,$(1)) -lcmocka
endef
$(foreach l,$(LAYERS),$(eval $(call unit_rule,$(l))))

# What test_module.c loads and refuses; without sanitizers, as a program may load what has none.
SAMPLE_MODULES := $(patsubst %,$(O)/tests/unit/base/modules/%.so,good stale older)
sample_stale := -DABI=9999
sample_older := -DRELEASE='"0.0.0-older"'
$(SAMPLE_MODULES): tests/unit/base/sample_module.c userspace/base/module.h
	$(say) LD $@
	$(Q)mkdir -p -m 0755 $(@D)
	$(Q)$(CC) $(CPPFLAGS) -std=gnu11 $(SYSROOT) -fPIC -shared -DNAME=$(basename $(@F)) $(sample_$(basename $(@F))) -o $@ $<
	$(Q)chmod go-w $(@D) $@
$(O)/tests/unit/base/test_module: $(SAMPLE_MODULES)
$(O)/tests/unit/base/test_module.o: $(O)/gen/modules/dir.h

UNIT_TESTS := $(addprefix $(O)/,$(filter-out $(NOT_APPLICABLE),$(patsubst %.c,%,$(wildcard tests/unit/*/test_*.c))))

# These let any allocation fail.
WRAP_ALLOCATIONS := $(addprefix -Wl$(comma)--wrap=,malloc calloc realloc reallocarray strdup strndup)
$(O)/tests/unit/%/test_alloc_failure: LDFLAGS += $(WRAP_ALLOCATIONS)

# So do these programs, as tests/faults/90-out-of-memory.sh wants them.
SCARCE := $(O)/tests/faults/dovetap-scarce
SCARCE_ATTACHER := $(O)/tests/faults/dovetap-attacher
$(SCARCE): $(MAIN_OBJ) $(O)/tests/faults/scarce.o $(ALL_ARCHIVES)
	$(say) LD $@
	$(Q)$(CC) $(LDFLAGS) $(WRAP_ALLOCATIONS) -Wl,--wrap=asprintf -o $@ $(MAIN_OBJ) \
		$(O)/tests/faults/scarce.o $(call linked,cli)

$(SCARCE_ATTACHER): $(call layer_obj,attacher) $(O)/tests/faults/scarce.o $(call archives,attacher)
	$(say) LD $@
	$(Q)$(CC) $(LDFLAGS) $(WRAP_ALLOCATIONS) -Wl,--wrap=asprintf -o $@ $(filter %.o,$^) \
		$(call linked,attacher)

scarce: $(SCARCE) $(SCARCE_ATTACHER)

unit-binaries: $(UNIT_TESTS) $(addprefix $(O)/,$(filter-out $(NOT_APPLICABLE),$(addprefix \
	tests/dict/conformance,-sql -redis -pieces -tls) tests/dict/conformance))

# The tests of what more than one thread touches.
TSAN_TESTS := $(addprefix $(O)/,$(filter-out $(NOT_APPLICABLE),$(patsubst %.c,%,$(wildcard tests/unit/audit/test_audit.c tests/unit/store/test_writer.c \
	tests/unit/store/test_accounts.c tests/unit/store/test_spool.c tests/unit/store/test_sqlite_handle.c tests/unit/store/test_*_wire.c))))

tsan-binaries: $(TSAN_TESTS)

tsan: ## build and run the tests of threads under TSan
	$(Q)$(MAKE) --no-print-directory SAN=thread tsan-binaries
	$(Q)SANITIZER=thread tests/run unit

unit: ## build and run the unit tests under ASan and UBSan
	$(Q)$(MAKE) --no-print-directory SAN=address,undefined unit-binaries
	$(Q)tests/run unit

.PHONY: scarce unit unit-binaries tsan tsan-binaries
