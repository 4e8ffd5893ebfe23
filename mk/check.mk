# SPDX-License-Identifier: MIT
# Checks that need no test: "make check" runs them all.

C_FILES = $(shell git ls-files -co --exclude-standard '*.c' '*.h' ':!vmlinux')
TIDY_FLAGS = $(filter-out -DDOVETAP_VERSION%,$(CPPFLAGS)) -DDOVETAP_VERSION="" -std=gnu11 -I.
TIDY_FILES = $(filter-out %.bpf.c bpf/% tests/%,$(filter %.c,$(C_FILES)))

format: ## lay out all C code with clang-format
	$(Q)$(FORMAT) -i $(C_FILES)

check-format: ## fail on code that "make format" would change
	$(Q)$(FORMAT) --dry-run -Werror $(C_FILES)

print-layers: # each with what it needs, a line each
	@$(foreach l,$(LAYERS),echo $(l) $(needs_$(l));)

check-layers: ## fail on an #include that crosses a layer
	$(Q)tools/check-layers

check-comments: ## fail on damaged comments and on files and functions they name that do not exist
	$(Q)tools/check-comments

check-words: ## fail on words of our own where the field has terms (tools/words)
	$(Q)tools/check-words

check-headers: $(BPF_SKEL) ## compile every header on its own
	$(Q)for h in $$(git ls-files 'userspace/*.h' 'include/*.h'); do \
		printf '#include <linux/types.h>\n#include "%s"\n' $$h | \
		$(CC) $(CPPFLAGS) $(CFLAGS) -I. -Wno-unused-function -x c -fsyntax-only - || exit 1; done

tidy-inputs: $(BPF_SKEL) $(MODULE_HEADERS) $(PROGRAM_HEADERS)

tidy-only: # once its inputs are there
	$(Q)printf '%s\n' $(TIDY_FILES) | TIDY=$(TIDY) TIDY_FLAGS='$(TIDY_FLAGS)' \
		xargs -P $$(nproc) -n 6 tools/tidy

tidy: tidy-inputs ## clang-tidy over user space and tools
	$(Q)$(MAKE) --no-print-directory tidy-only

sanitize: ## build everything with ASan and UBSan
	$(Q)$(MAKE) --no-print-directory SAN=address,undefined all unit-binaries

check-quick: check-format check-layers check-headers check-comments check-words

check: check-quick tidy ## all checks of the source

.PHONY: format check check-quick tidy-inputs tidy-only check-format check-layers check-comments check-words print-layers check-headers tidy sanitize
