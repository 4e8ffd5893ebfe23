# SPDX-License-Identifier: MIT
# tests/bench: what is measured, and what puts load on the clusters of tests/cluster.

$(O)/tests/bench/bench_sql: $(O)/tests/bench/bench_sql.o $(O)/tests/dict/sql/harness.o $(call archives,store)
	$(say) LD $@
	$(Q)$(CC) $(LDFLAGS) -o $@ $(filter-out %.a,$^) $(call linked,store) -lcmocka

bench-sql: $(O)/tests/bench/bench_sql ## rows per second next to plain loops (MySQL 0.8, SQLite 0.9)
	$(Q)$<

.PHONY: bench-sql

BENCH_HISTORY_OBJ := $(O)/tests/bench/bench_history.o $(O)/tests/dict/sql/harness.o \
	$(patsubst %.c,$(O)/%.o,$(filter-out tests/dict/conformance.c,$(wildcard tests/dict/*.c)))

$(O)/tests/bench/bench_history: $(BENCH_HISTORY_OBJ) $(call archives,store)
	$(say) LD $@
	$(Q)$(CC) $(LDFLAGS) -o $@ $(filter-out %.a,$^) $(call linked,store) -lcmocka

bench-history: $(O)/tests/bench/bench_history ## a row of the history next to the record, on each store: at most 2
	$(Q)$<

.PHONY: bench-history

$(O)/tests/bench/%: $(O)/tests/bench/%.o $(call archives,store)
	$(say) LD $@
	$(Q)$(CC) $(LDFLAGS) -o $@ $< $(call linked,store)

bench-store: $(O)/tests/bench/bench_store ## records per second next to each store's own best
	$(Q)$<

bench-cassandra: $(O)/tests/bench/load ## writes into Cassandra next to python3-cassandra
	$(Q)tests/bench/bench_cassandra.sh

soak: all target ## two thousand logins a second for SOAK_SECONDS (3600): memory and descriptors stay (root)
	$(Q)tests/bench/soak.sh

.PHONY: soak

bench-redis: $(O)/tests/bench/load ## writes per core into a Redis Cluster next to one Redis, at least 0.7
	$(Q)tests/bench/bench_redis.sh

bench-proxy: $(O)/tests/bench/load ## writes through Dovecot's dict server next to one connection each, at least 5
	$(Q)tools/rootfs bookworm trixie
	$(Q)tests/bench/bench_proxy.sh

.PHONY: test-cluster bench-cassandra bench-redis bench-proxy bench-store

$(O)/tests/differential/expand $(O)/tests/bench/bench_template: %: %.o $(call archives,login)
	$(say) LD $@
	$(Q)$(CC) $(LDFLAGS) -o $@ $(filter-out %.a,$^) $(call linked,login)

$(O)/tests/differential/spell: %: %.o $(call archives,conf)
	$(say) LD $@
	$(Q)$(CC) $(LDFLAGS) -o $@ $(filter-out %.a,$^) $(call linked,conf)

differential-helper: $(O)/tests/differential/expand $(O)/tests/differential/spell

bench-template: $(O)/tests/bench/bench_template ## time of one key expansion, at most 300 ns
	$(Q)$<

.PHONY: bench-template differential-helper

bench-probe: $(O)/tests/bpf/bench_probe ## cost of a captured login next to an empty probe, at most 1.5
	$(Q)$< 1.5

bench-pipeline: all target ## 50,000 logins a second from the ring to SQLite, and what idling costs
	$(Q)tests/bench/pipeline.sh

bench-attach: all ## from a Dovecot's first exec in a container to its probe, at most 200 ms
	$(Q)tests/bench/bench_attach.sh

bench-outage: all target ## what an outage of a dict costs: less than 1% of one CPU and 32 MiB at 200 logins/s
	$(Q)FAULTS=full tests/faults/80-outage.sh

.PHONY: bench-attach bench-outage

BENCHES := probe attach outage pipeline store sql history template cassandra redis proxy

bench: ## measure it all; ratios to a peer or a floor of the same run (root)
	$(Q)failed=; for b in $(BENCHES); do echo "# bench-$$b"; \
		$(MAKE) --no-print-directory bench-$$b || failed="$$failed $$b"; done; \
		[ -z "$$failed" ] || { echo "below its goal:$$failed"; exit 1; }
