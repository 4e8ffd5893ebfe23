# SPDX-License-Identifier: MIT
# Each layer becomes an archive (mk/layers.mk), all of them and the commands the program. The
# privileged one is another program, of few of them.

layer_src = $(shell find userspace/$(1) -name '*.c' 2>/dev/null | sort)
layer_obj = $(patsubst %.c,$(O)/%.o,$(call layer_src,$(1)))
archives  = $(foreach l,$(1) $(needs_$(1)),$(O)/lib/$(l).a)
linked    = -Wl,--start-group $(call archives,$(1)) -Wl,--end-group \
	$(foreach l,$(1) $(needs_$(1)),$(libs_$(l)))

MAIN_OBJ := $(O)/userspace/main.o
ALL_ARCHIVES := $(call archives,cli)

$(O)/%.o: %.c
	$(say) CC $<
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(CPPFLAGS) $(CFLAGS) -MD -MP -c $< -o $@

$(call layer_obj,attach): | $(BPF_SKEL)

define layer_rule
$(O)/lib/$(1).a: $(call layer_obj,$(1))
	$$(say) AR $$@
	$$(Q)mkdir -p $$(@D)
	$$(Q)rm -f $$@
	$$(Q)$(AR) rcs $$@ $$^
endef
$(foreach l,$(LAYERS),$(eval $(call layer_rule,$(l))))

$(O)/dovetap: $(MAIN_OBJ) $(ALL_ARCHIVES)
	$(say) LD $@
	$(Q)$(CC) $(LDFLAGS) -o $@ $(MAIN_OBJ) $(call linked,cli)

$(O)/dovetap-attacher: $(call archives,attacher)
	$(say) LD $@
	$(Q)$(CC) $(LDFLAGS) -o $@ $(call layer_obj,attacher) $(call linked,attacher)
