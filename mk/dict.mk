# SPDX-License-Identifier: MIT
# tests/dict: the same cases against every driver, with real servers.

DICT_TEST_OBJ := $(patsubst %.c,$(O)/%.o,$(wildcard tests/dict/*.c) tests/dict/sql/harness.c)

$(O)/tests/dict/conformance: $(DICT_TEST_OBJ) $(call archives,store)
	$(say) LD $@
	$(Q)$(CC) $(LDFLAGS) -o $@ $(DICT_TEST_OBJ) $(call linked,store) \
		-lcmocka

DICT_SQL_OBJ := $(patsubst %.c,$(O)/%.o,$(wildcard tests/dict/sql/*.c))

$(O)/tests/dict/conformance-sql: $(DICT_SQL_OBJ) $(call archives,store)
	$(say) LD $@
	$(Q)$(CC) $(LDFLAGS) -o $@ $(DICT_SQL_OBJ) $(call linked,store) \
		-lcmocka

DICT_REDIS_OBJ := $(addprefix $(O)/tests/dict/,redis/redis.o server.o)

$(O)/tests/dict/conformance-redis: $(DICT_REDIS_OBJ) $(call archives,store)
	$(say) LD $@
	$(Q)$(CC) $(LDFLAGS) -o $@ $(DICT_REDIS_OBJ) $(call linked,store) -lcmocka

# Its recv() takes the place of the C library's in all that is linked or loaded.
DICT_PIECES_OBJ := $(addprefix $(O)/tests/dict/,pieces/pieces.o sql/harness.o $(patsubst tests/dict/%.c,%.o,\
	$(filter-out tests/dict/conformance.c,$(wildcard tests/dict/*.c))))

$(O)/tests/dict/conformance-pieces: $(DICT_PIECES_OBJ) $(call archives,store)
	$(say) LD $@
	$(Q)$(CC) $(LDFLAGS) -rdynamic -o $@ $(DICT_PIECES_OBJ) $(call linked,store) -lcmocka

DICT_TLS_OBJ := $(addprefix $(O)/tests/dict/,tls/tls.o sql/harness.o server.o)

$(O)/tests/dict/conformance-tls: $(DICT_TLS_OBJ) $(call archives,store)
	$(say) LD $@
	$(Q)$(CC) $(LDFLAGS) -o $@ $(DICT_TLS_OBJ) $(call linked,store) -lcmocka
