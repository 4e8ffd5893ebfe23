# SPDX-License-Identifier: MIT
# tests/bpf run in the kernel, with a synthetic Dovecot (tests/target) to probe: root only.

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
	$(Q)$(CC) $(LDFLAGS) -Wl,-rpath,'$$ORIGIN' -o $@ $(filter-out %.a,$^) $(call linked,attach)

# What needs libdovecot.so.0 is one of Dovecot's programs to discovery.
FORGER := $(O)/tests/target/forger
$(FORGER): $(FORGER).o $(O)/tests/target/libdovecot.so.0
	$(say) LD $@
	$(Q)$(CC) $(LDFLAGS) -Wl,--no-as-needed -Wl,-rpath,'$$ORIGIN' -o $@ $^

# A local user's program that is a master by all that it imports; in each root folder, as CLAIM.
FALSE_MASTER := $(O)/tests/target/false-master
$(FALSE_MASTER): tests/target/false_master.c $(O)/tests/target/libdovecot.so.0
	$(say) LD $@
	$(Q)$(CC) $(SYSROOT) -O2 -o $@ $^

# Makes up logins with the real Dovecot's library, from outside or preloaded. Without libraries of its
# own, so that it runs in each root folder.
CLAIM_SRC := $(patsubst %,tests/target/%.c,claim image login_image) \
	$(patsubst %,userspace/%.c,dovecot/layout_table base/error base/buf)
CLAIM_CFLAGS := $(SYSROOT) -std=gnu11 -O2 -g -D_GNU_SOURCE -include userspace/base/banned.h \
	-Iuserspace -Itests -I$(INCLUDE)
CLAIM := $(O)/tests/target/claim
$(CLAIM): CLAIM_HOW := -ldl
$(O)/tests/target/libclaim.so: CLAIM_HOW := -DCLAIM_PRELOADED -fPIC -shared
$(CLAIM) $(O)/tests/target/libclaim.so: $(CLAIM_SRC) $(wildcard tests/target/*.h)
	$(say) LD $@
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(CLAIM_CFLAGS) -o $@ $(filter %.c,$^) $(CLAIM_HOW)

target: $(TARGET_LIBS) $(STORM) $(FORGER) $(FALSE_MASTER) $(CLAIM) $(O)/tests/target/libclaim.so ## build the synthetic Dovecot and the program that fires its probes

# tests/bpf runs in the kernel: root only. Built without sanitizers.
TEST_SKEL := $(patsubst tests/bpf/%.bpf.c,$(O)/gen/skel/%.skel.h,$(wildcard tests/bpf/*.bpf.c))
$(O)/bpf/%.bpf.o: tests/bpf/%.bpf.c $(wildcard bpf/*.h $(INCLUDE)/dovetap/*.h vmlinux/$(ARCH)/*.h)
	$(say) BPF $<
	$(Q)mkdir -p $(@D)
	$(Q)$(CLANG) $(BPF_FLAGS) -c $< -o $@

BPF_TESTS := $(patsubst %.c,$(O)/%,$(filter-out %.bpf.c,$(wildcard tests/bpf/test_*.c tests/bpf/bench_*.c)))
BPF_TEST_HELPERS := $(TARGET_OBJ) $(O)/tests/bpf/login_object.o $(O)/tests/bpf/origin_processes.o

$(patsubst %,%.o,$(BPF_TESTS)) $(BPF_TEST_HELPERS): CPPFLAGS += -Itests
$(patsubst %,%.o,$(BPF_TESTS)) $(BPF_TEST_HELPERS): | $(BPF_SKEL) $(TEST_SKEL)

$(BPF_TESTS): %: %.o $(BPF_TEST_HELPERS) $(call archives,attach) $(O)/tests/target/libtarget.so
	$(say) LD $@
	$(Q)$(CC) $(LDFLAGS) -Wl,-rpath,'$$ORIGIN/../target' -o $@ $(filter-out %.a,$^) $(call linked,attach) -lcmocka

$(O)/tools/verifier-budget.o: | $(BPF_SKEL)
$(O)/tools/verifier-budget: $(O)/tools/verifier-budget.o $(call archives,attach)
	$(say) LD $@
	$(Q)$(CC) $(LDFLAGS) -o $@ $(filter-out %.a,$^) $(call linked,attach)

verifier-budget: $(O)/tools/verifier-budget ## fail when a BPF program got a tenth more expensive to verify
	$(Q)$< tests/bpf/verifier-budget.ref

bpf-tests: $(BPF_TESTS) target ## build the tests that run in the kernel (tests/run bpf)
