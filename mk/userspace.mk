# SPDX-License-Identifier: MIT
# Each layer becomes an archive (mk/layers.mk), all of them and the commands the program. The
# privileged one is another program, of few of them.

layer_src = $(filter-out $(MODULE_SOURCES),$(shell find userspace/$(1) -name '*.c' 2>/dev/null | sort))
layer_obj = $(patsubst %.c,$(O)/%.o,$(call layer_src,$(1)))

layer_archives = $(foreach l,$(1) $(needs_$(1)),$(O)/lib/$(l).a)
layer_libs     = $(foreach l,$(1) $(needs_$(1)),$(libs_$(l)))

# For programs that test: with the modules of these layers, which are then not loaded.
archives = $(call layer_archives,$(1)) $(patsubst %,$(O)/lib/module-%.a,$(call modules_of,$(1)))
linked   = $(patsubst %,-Wl$(comma)-u$(comma)dovetap_module_%,$(call modules_of,$(1))) \
	-Wl,--start-group $(call archives,$(1)) -Wl,--end-group $(call layer_libs,$(1)) \
	$(foreach m,$(call modules_of,$(1)),$(libs_of_$(m)))

# For the program, and for what has to do with no store.
linked_bare = -Wl,--start-group $(call layer_archives,$(1)) -Wl,--end-group $(call layer_libs,$(1))

MAIN_OBJ := $(O)/userspace/main.o
ALL_ARCHIVES := $(call archives,cli)

# What was compiled for another version or place, or not for modules, is compiled anew. Options of a
# packager (OPT) do not count: "make install" comes without them.
COMPILED := $(CPPFLAGS) $(filter -fPIC -fvisibility=hidden,$(CFLAGS))
$(O)/gen/compiled: FORCE
	$(Q)$(shell mkdir -p $(@D))$(file >$@.new,$(COMPILED))cmp -s $@.new $@ || mv $@.new $@; rm -f $@.new

$(O)/%.o: %.c $(O)/gen/compiled
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

$(foreach m,$(MODULES),$(eval $(call module_rule,$(m))))

$(O)/dovetap: $(MAIN_OBJ) $(call layer_archives,cli)
	$(say) LD $@
	$(Q)$(CC) $(LDFLAGS) -o $@ $(MAIN_OBJ) $(call linked_bare,cli)

# Where dovetap looks for it last.
PROGRAM_HEADERS := $(O)/gen/programs/dir.h
$(PROGRAM_HEADERS): FORCE
	$(Q)$(call replace,/* generated */\n#define DOVETAP_LIBEXECDIR "$(LIBEXECDIR)"\n)

$(O)/userspace/cli/cmd_run.o: $(PROGRAM_HEADERS)

$(O)/dovetap-attacher: $(call layer_archives,attacher)
	$(say) LD $@
	$(Q)$(CC) $(LDFLAGS) -o $@ $(call layer_obj,attacher) $(call linked_bare,attacher)
