# SPDX-License-Identifier: MIT
# Documentation that comes from the program's tables. PART:FILE, as tools/docs/main.c has them.

GENERATED_DOCS := metrics:docs/metrics.md settings:docs/configuration.md \
	settings-man:docs/dovetap.conf.5 settings-conf:deploy/dovetap.conf
GEN_DOCS := $(O)/tools/docs/gen-docs
GEN_DOCS_OBJ := $(patsubst %.c,$(O)/%.o,$(wildcard tools/docs/*.c))

$(GEN_DOCS_OBJ): CPPFLAGS += -I.
$(GEN_DOCS): $(GEN_DOCS_OBJ) $(call layer_archives,stats)
	$(say) LD $@
	$(Q)$(CC) $(LDFLAGS) -o $@ $(GEN_DOCS_OBJ) $(call linked_bare,stats)

docs: $(GEN_DOCS) ## write what of docs/ and deploy/ comes from the tables of metrics and settings
	$(Q)$(foreach d,$(GENERATED_DOCS),$(GEN_DOCS) $(word 1,$(subst :, ,$(d))) \
		< $(word 2,$(subst :, ,$(d))) > $(O)/doc && cp $(O)/doc $(word 2,$(subst :, ,$(d))) &&) true

# What tests/golden/docs.sh holds the files against.
print-docs:
	@echo $(GENERATED_DOCS)

.PHONY: docs print-docs
