# SPDX-License-Identifier: MIT
# BPF programs, and the layouts of Dovecot's structs, which become BTF blobs.

BPF_SRC  := $(wildcard bpf/*.bpf.c)
BPF_SKEL := $(patsubst bpf/%.bpf.c,$(O)/gen/skel/%.skel.h,$(BPF_SRC))
BPF_FLAGS := $(NO_PLACE) -g -O2 -target bpf -D__TARGET_ARCH_$(ARCH) -Wall -Wextra $(WARN_ERROR) \
	-I$(INCLUDE) -Ivmlinux/$(ARCH) -Ibpf

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

# --- layouts: the reviewed table becomes BTF blobs, linked into the dovecot layer ---------------

LAYOUT_BTF := $(if $(CROSS),$(HOST_O),$(O))/tools/layout-btf

ifneq ($(CROSS),)
$(LAYOUT_BTF): $(wildcard tools/layout-btf.c userspace/dovecot/layout_*.[ch])
	$(Q)$(MAKE) --no-print-directory CROSS= SAN= CC='$(HOST_CC)' $@
else
$(LAYOUT_BTF): $(addprefix $(O)/,tools/layout-btf.o userspace/dovecot/layout_table.o \
		userspace/dovecot/layout_btf.o) $(O)/lib/base.a
	$(say) LD $@
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(LDFLAGS) -o $@ $^ -lbpf
endif

$(O)/gen/layouts.c: layouts/dovecot.layouts $(LAYOUT_BTF)
	$(say) LAYOUTS $<
	$(Q)mkdir -p $(@D)
	$(Q)$(LAYOUT_BTF) $< > $@

$(O)/gen/layouts.o: $(O)/gen/layouts.c
	$(Q)$(CC) $(CPPFLAGS) $(CFLAGS) -MD -MP -c $< -o $@

$(O)/lib/dovecot.a: $(O)/gen/layouts.o
