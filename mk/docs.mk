# SPDX-License-Identifier: MIT
# Documentation that comes from the program's tables. PART:FILE, as tools/gen-docs.c has them.

GENERATED_DOCS := metrics:docs/metrics.md
GEN_DOCS := $(O)/tools/gen-docs

$(GEN_DOCS): $(O)/tools/gen-docs.o $(call archives,stats)
	$(say) LD $@
	$(Q)$(CC) $(LDFLAGS) -o $@ $< $(call linked,stats)

docs: $(GEN_DOCS) ## write what of docs/ and deploy/ comes from the tables of metrics and settings
	$(Q)$(foreach d,$(GENERATED_DOCS),$(GEN_DOCS) $(word 1,$(subst :, ,$(d))) \
		< $(word 2,$(subst :, ,$(d))) > $(O)/doc && cp $(O)/doc $(word 2,$(subst :, ,$(d))) &&) true

# What tests/golden/docs.sh holds the files against.
print-docs:
	@echo $(GENERATED_DOCS)

.PHONY: docs print-docs
