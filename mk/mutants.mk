# SPDX-License-Identifier: MIT
# Are the tests any good? What they do not notice, and what they do not reach.

mutants: ## break the code on purpose and print what the fast tests do not notice (LAYER= COUNT= SEED= CHANGED=1)
	$(Q)/usr/bin/python3 tests/mutants/mutants.py

# Instrumented, elsewhere: unit tests, dict conformance and golden.
COVERAGE_O := .output/coverage

coverage: ## lines and branches that the fast tests reach, for each layer
	$(Q)find $(COVERAGE_O) -name '*.gcda' -delete 2>/dev/null || true
	$(Q)$(MAKE) --no-print-directory O=$(COVERAGE_O) OPT='-O0 -g --coverage' HARDEN=-fPIE \
		all unit-binaries
	$(Q)BUILT=$(COVERAGE_O) DOVETAP=$(CURDIR)/$(COVERAGE_O)/dovetap tests/run unit dict golden | tail -n 1
	$(Q)tests/mutants/coverage.py $(COVERAGE_O)

.PHONY: mutants coverage
