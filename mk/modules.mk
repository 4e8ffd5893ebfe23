# SPDX-License-Identifier: MIT
# Modules: what needs a client library of its own, each a shared object that the program loads when
# the configuration names it (userspace/base/module.h). make WITHOUT="cassandra mysql" leaves some out.

MODULEDIR ?= $(LIBDIR)/dovetap

# module NAME, the layer that loads it, its sources, its libraries as pkg-config names them
define module
ALL_MODULES    += $(1)
layer_of_$(1)  := $(2)
source_of_$(1) := $(wildcard $(3))
pkg_of_$(1)    := $(4)
endef
$(eval $(call module,redis,store,userspace/store/drivers/redis/*.c,hiredis libssl libcrypto))
$(eval $(call module,mysql,store,userspace/store/drivers/sql/mysql*.c,libmariadb))
$(eval $(call module,pgsql,store,userspace/store/drivers/sql/pgsql*.c,libpq))
$(eval $(call module,cassandra,store,userspace/store/drivers/cassandra/*.c,libssl libcrypto))
$(eval $(call module,geoip,login,userspace/login/geoip.c,libmaxminddb))

ifneq ($(filter-out $(ALL_MODULES),$(WITHOUT)),)
  $(error WITHOUT: there is no module $(filter-out $(ALL_MODULES),$(WITHOUT)); there are: $(ALL_MODULES))
endif
MODULES := $(filter-out $(WITHOUT),$(ALL_MODULES))
MODULE_FILES := $(MODULES:%=$(O)/modules/%.so)
MODULE_SOURCES := $(foreach m,$(ALL_MODULES),$(source_of_$(m)))
$(foreach m,$(MODULES),$(eval libs_of_$(m) := $(call pkg_libs,$(pkg_of_$(m)))))
# Those of all, as far as they are there: flags, and so objects, are the same without some modules.
CPPFLAGS += $(call pkg_cflags,$(sort $(foreach m,$(ALL_MODULES),$(pkg_of_$(m)))))
modules_of = $(foreach m,$(MODULES),$(if $(filter $(1) $(needs_$(1)),$(layer_of_$(m))),$(m)))

# What the program knows of them: their names, be they built or not, and where they will be.
MODULE_HEADERS := $(addprefix $(O)/gen/modules/,dir.h store.h)

$(O)/gen/modules/dir.h: FORCE
	$(Q)$(call replace,/* generated */\n#define DOVETAP_MODULE_DIR "$(MODULEDIR)"\n)

$(O)/gen/modules/store.h: FORCE
	$(Q)$(call replace,/* generated */\n$(foreach m,$(ALL_MODULES),$(if $(filter store,$(layer_of_$(m))),MODULE($(m))\n)))

# A file that changes only when its text does, so that nothing is compiled for nothing.
replace = mkdir -p $(@D) && printf '$(1)' > $@.new && { cmp -s $@.new $@ || mv $@.new $@; }; rm -f $@.new

FORCE:
.PHONY: FORCE

$(O)/userspace/base/module.o: $(O)/gen/modules/dir.h
$(O)/userspace/store/drivers/registry.o: $(O)/gen/modules/store.h

# The tests that a module is needed for. Without it they are not built and not run: tests/run reads
# which those are and prints each as not applicable.
needed_by_all := $(addprefix tests/,unit/store/test_alloc_failure unit/store/test_stream_tls unit/store/test_tls_client unit/store/test_dict_config unit/store/test_registry \
	unit/plan/test_plan_dict unit/plan/test_alloc_failure dict/conformance dict/conformance-sql dict/conformance-pieces dict/conformance-tls \
	fuzz/fuzz_dict_uri \
	faults/80-outage.sh conformance/with-2.3.sh conformance/with-2.4.sh conformance/with-sites-% differential/run.sh integration/36-modules.sh deploy/40-package.sh \
	deploy/41-service.sh deploy/60-image.sh)
needed_by_redis := $(addprefix tests/,unit/store/test_redis_% dict/conformance-redis fuzz/fuzz_redis_% golden/replay.sh \
	integration/19-% integration/30-% integration/31-% integration/32-several-% integration/33-% integration/41-% \
	integration/42-% integration/50-% integration/52-% integration/63-% faults/30-% faults/40-% faults/50-% \
	faults/60-% faults/70-% cluster/redis-%)
needed_by_mysql := tests/unit/store/test_sql_connect tests/faults/31-%
needed_by_pgsql := tests/unit/store/test_sql_connect tests/faults/32-%
needed_by_cassandra := $(addprefix tests/,unit/store/test_cassandra% unit/store/test_cql_% unit/store/test_tls fuzz/fuzz_cql_% \
	integration/32-cassandra.sh faults/33-% cluster/cassandra.sh)
needed_by_geoip := tests/golden/geo.sh tests/integration/60-audit.sh tests/unit/login/test_geo
NOT_APPLICABLE := $(if $(WITHOUT),$(needed_by_all) $(foreach m,$(WITHOUT),$(needed_by_$(m))))

# Each as a line: the test, a module that it lacks.
named = $(if $(findstring %,$(1)),$(filter-out %.c %.h,$(basename $(wildcard $(subst %,*.c,$(1)))) $(wildcard $(subst %,*,$(1)))),$(1))
test_names = $(foreach t,$(needed_by_all) $(needed_by_$(1)),$(call named,$(t)))
$(O)/not-applicable: FORCE
	$(Q)$(call replace,$(foreach m,$(WITHOUT),$(foreach t,$(call test_names,$(m)),$(t) $(m)\n)))

# Each exports one symbol and has to be complete without the program; nobody else may write it.
define module_rule
$(O)/lib/module-$(1).a: $(patsubst %.c,$(O)/%.o,$(source_of_$(1)))
	$$(say) AR $$@
	$$(Q)mkdir -p $$(@D)
	$$(Q)rm -f $$@
	$$(Q)$(AR) rcs $$@ $$^

$(O)/modules/$(1).so: $(O)/lib/module-$(1).a $(call layer_archives,$(layer_of_$(1))) tools/check-module
	$$(say) LD $$@
	$$(Q)mkdir -p -m 0755 $$(@D)
	$$(Q)$(CC) $$(filter-out -pie,$$(LDFLAGS)) -shared -Wl,-z,defs -o $$@ -Wl,-u,dovetap_module_$(1) \
		-Wl,--start-group $$(filter %.a,$$^) -Wl,--end-group $(libs_of_$(1))
	$$(Q)chmod go-w $$(@D) $$@
	$$(Q)tools/check-module $$@
endef
