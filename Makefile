# Reseat. `make help` lists the targets; every output lands in $(BUILD).
# Sources are found by folder, so a new file needs no line here.

BUILD   ?= build
PREFIX  ?= /usr/local
DESTDIR ?=
# SAN=1 builds with ASan and UBSan, into a tree of its own.
SAN     ?=
# T=pin runs only the tests whose name contains "pin".
T       ?=
# V=1 prints whole commands.
V       ?=
# Seconds that `make fuzz` spends on each target.
FUZZ_SECONDS ?= 60
ifeq ($(origin CC),default)
CC := gcc
endif

ifeq ($(SAN),1)
override BUILD := $(BUILD)/san
SANFLAGS := -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer
endif

WARN    := -Wall -Wextra -Wpedantic -Wconversion -Wshadow -Werror
HARDEN  := -fstack-protector-strong -fPIE $(if $(SANFLAGS),,-D_FORTIFY_SOURCE=2)
CFLAGS  ?= -O2 -g
ALL_CFLAGS  := -std=gnu17 -D_GNU_SOURCE $(CFLAGS) $(WARN) $(HARDEN) $(SANFLAGS) -I. -I/usr/include/PCSC -MMD -MP
ALL_LDFLAGS := $(LDFLAGS) $(SANFLAGS) -pie -Wl,-z,relro,-z,now,--as-needed

say = $(if $(V),,@echo '  $(1)';)

# --- what there is ---------------------------------------------------------------------------

src = $(shell find $(1) -name '*.c' 2>/dev/null | LC_ALL=C sort)
obj = $(patsubst %.c,$(BUILD)/obj/%.o,$(1))

# tools/*.c hold one main() each; everything below tools/*/ is shared between them. The sub-commands
# of NAME_works.c belong to NAME, which starts it when one of them is asked for.
MAINS     := $(patsubst tools/%.c,%,$(wildcard tools/*.c))
place      = $(BUILD)/$(if $(filter %_works,$(1)),libexec/reseat,bin)/$(subst _,-,$(1))
PROGRAMS  := $(foreach m,$(MAINS),$(call place,$(m)))
FLOORS    := apdu uicc ota
LIBS      := $(foreach f,$(FLOORS),$(BUILD)/lib/lib$(f).a)

LDLIBS_apdu  := -lcrypto
LDLIBS_uicc  := -lcrypto
LDLIBS_ota   := -lsqlite3 -ljansson -linih -lssl -lcrypto
LDLIBS_tools := $(LDLIBS_ota) -lpcsclite
LDLIBS_check := -lcheck -lsubunit -lm -lrt -lpthread

# A test program links only the libraries that its floor may use.
STACK_apdu  := $(BUILD)/lib/libapdu.a
STACK_uicc  := $(BUILD)/lib/libuicc.a $(STACK_apdu)
STACK_ota   := $(BUILD)/lib/libota.a $(STACK_apdu)
STACK_tools := $(BUILD)/lib/libtools.a $(BUILD)/lib/libuicc.a $(BUILD)/lib/libota.a $(STACK_apdu)

TEST_FLOORS := apdu uicc ota tools
SUPPORT_apdu  := $(call obj,$(filter-out %/runner.c,$(wildcard test/support/*.c)))
SUPPORT_uicc  := $(SUPPORT_apdu) $(call obj,$(wildcard test/support/uicc/*.c) test/crash/crash.c)
SUPPORT_ota   := $(SUPPORT_apdu) $(call obj,$(wildcard test/support/ota/*.c))
SUPPORT_tools := $(SUPPORT_uicc) $(call obj,$(wildcard test/support/ota/*.c))

named = $(patsubst $(1)%.c,%,$(wildcard $(1)*.c))
TESTS        := $(foreach f,$(TEST_FLOORS),$(patsubst %.c,$(BUILD)/%,$(wildcard test/$(f)/test_*.c)))
TEST_SCRIPTS := $(wildcard test/tools/*.sh test/e2e/*.sh)
FUZZERS      := $(call named,test/fuzz/fuzz_)
CRASHERS     := $(call named,test/crash/crash_)
BENCHES      := $(call named,test/bench/bench_)

.PHONY: all
all: $(LIBS) $(PROGRAMS) ## build libraries and programs (the default)

# --- packages --------------------------------------------------------------------------------
# Nothing compiles before the packages for it are there; the stamps make that check cheap.

DEPS_BUILD := gcc libc6-dev libssl-dev libpcsclite-dev libsqlite3-dev libjansson-dev libinih-dev
DEPS_TEST  := check openssl sqlite3 pcscd vsmartcard-vpcd pcsc-tools opensc libnet-smpp-perl procps tshark osmo-hlr \
	hostapd eapoltest libosmocore-utils perl valgrind
DEPS_LINT  := clang clang-format clang-tidy libclang-rt-14-dev binutils

.PHONY: deps
deps: ## install the Debian packages that build, tests and lint need
	tools/dev/deps.sh $(DEPS_BUILD) $(DEPS_TEST) $(DEPS_LINT)

build/deps/%: Makefile
	@tools/dev/deps.sh $(DEPS_$*)
	@mkdir -p $(@D) && touch $@

# --- compiling -------------------------------------------------------------------------------

$(BUILD)/obj/%.o: %.c | build/deps/BUILD
	@mkdir -p $(@D)
	$(call say,CC $<)$(CC) $(ALL_CFLAGS) -c -o $@ $<

$(BUILD)/obj/test/%.o: | build/deps/TEST

define archive
$(BUILD)/lib/lib$(1).a: $(call obj,$(call src,$(2)))
	@mkdir -p $$(@D)
	@rm -f $$@
	@$$(AR) rcs $$@ $$^
endef
$(foreach f,$(FLOORS),$(eval $(call archive,$(f),$(f))))
$(eval $(call archive,tools,$(wildcard tools/*/)))

# link: $(1) target, $(2) objects and archives, $(3) libraries
define link
$(1): $(2)
	@mkdir -p $$(@D)
	$$(call say,LINK $$@)$$(CC) $$(ALL_LDFLAGS) -o $$@ $$(filter %.o %.a,$$^) $(3)
endef
$(foreach m,$(MAINS),$(eval $(call link,$(call place,$(m)),\
	$(BUILD)/obj/tools/$(m).o $(STACK_tools),$(LDLIBS_tools))))
$(foreach f,$(TEST_FLOORS),$(foreach t,$(patsubst %.c,%,$(wildcard test/$(f)/test_*.c)),$(eval \
	$(call link,$(BUILD)/$(t),$(BUILD)/obj/$(t).o $(BUILD)/obj/test/support/runner.o \
	$(SUPPORT_$(f)) $(STACK_$(f)),$(LDLIBS_$(f)) $(LDLIBS_check)))))
$(foreach f,$(FUZZERS),$(eval $(call link,$(BUILD)/test/fuzz/replay_$(f),\
	$(BUILD)/obj/test/fuzz/fuzz_$(f).o $(BUILD)/obj/test/fuzz/replay.o \
	$(SUPPORT_tools) $(STACK_tools),$(LDLIBS_tools) $(LDLIBS_check))))
$(foreach c,$(CRASHERS),$(eval $(call link,$(BUILD)/test/crash/crash_$(c),\
	$(BUILD)/obj/test/crash/crash_$(c).o \
	$(SUPPORT_tools) $(STACK_tools),$(LDLIBS_tools) $(LDLIBS_check))))
$(foreach b,$(BENCHES),$(eval $(call link,$(BUILD)/test/bench/bench_$(b),\
	$(BUILD)/obj/test/bench/bench_$(b).o $(SUPPORT_tools) $(STACK_tools),\
	$(LDLIBS_tools) $(LDLIBS_check))))

.SECONDARY:
-include $(shell find $(BUILD)/obj -name '*.d' 2>/dev/null)

# --- the habits ------------------------------------------------------------------------------

.PHONY: demo
demo: all ## change the operator of CARDS=100 cards over the air (ALTERNATIVE=3b|3a, SEED=n)
	@BIN=$(BUILD)/bin CARDS='$(CARDS)' ALTERNATIVE='$(ALTERNATIVE)' SEED='$(SEED)' tools/demo.sh

REPLAYS := $(FUZZERS:%=$(BUILD)/test/fuzz/replay_%)

.PHONY: test check
test check: all $(TESTS) $(REPLAYS) ## run every test (T=name: only those), count them, fail on none
	@BIN=$(BUILD)/bin BUILD=$(BUILD) T='$(T)' test/run.sh $(TESTS) $(REPLAYS) $(TEST_SCRIPTS)

CRASH_PROGRAMS := $(CRASHERS:%=$(BUILD)/test/crash/crash_%)

.PHONY: crash
crash: $(CRASH_PROGRAMS) ## cut the power at every write of every scenario
	@BUILD=$(BUILD) T='$(T)' test/run.sh $(CRASH_PROGRAMS)

BENCH_PROGRAMS := $(BENCHES:%=$(BUILD)/test/bench/bench_%)
BENCH_SCRIPTS  := $(filter-out test/bench/run.sh,$(wildcard test/bench/*.sh))
BENCH_HELPERS  := $(BUILD)/test/bench/null_card $(BUILD)/test/bench/packets
$(foreach h,null_card packets,$(eval $(call link,$(BUILD)/test/bench/$(h),\
	$(BUILD)/obj/test/bench/$(h).o $(SUPPORT_tools) $(STACK_tools),$(LDLIBS_tools) $(LDLIBS_check))))

.PHONY: bench
bench: all $(BENCH_PROGRAMS) $(BENCH_HELPERS) ## measure, each figure beside its limit in the same run
	@BIN=$(BUILD)/bin BENCH=$(BUILD)/test/bench T='$(T)' test/bench/run.sh $(BENCH_PROGRAMS) $(BENCH_SCRIPTS)

FUZZ_FLAGS := -std=gnu17 -D_GNU_SOURCE -O1 -g -I. -I/usr/include/PCSC \
	-fsanitize=fuzzer,address,undefined -fno-sanitize-recover=all
FUZZ_SRC    = $(call src,apdu uicc ota $(wildcard tools/*/)) \
	$(filter-out test/support/runner.c,$(call src,test/support)) test/crash/crash.c

build/fuzz/fuzz_%: test/fuzz/fuzz_%.c $(call src,apdu uicc ota) | build/deps/BUILD build/deps/LINT
	@mkdir -p $(@D)
	clang $(FUZZ_FLAGS) -o $@ $< $(FUZZ_SRC) $(LDLIBS_tools) $(LDLIBS_check)

.PHONY: $(FUZZERS:%=fuzz-%)
$(FUZZERS:%=fuzz-%): fuzz-%: build/fuzz/fuzz_%
	@mkdir -p build/fuzz/corpus/$*
	$< -max_total_time=$(FUZZ_SECONDS) -timeout=10 build/fuzz/corpus/$* test/fuzz/corpus/$*

.PHONY: fuzz
fuzz: $(FUZZERS:%=fuzz-%) ## search for crashes, FUZZ_SECONDS on each parser (fuzz-tlv: one of them)

.PHONY: lint
lint: all | build/deps/LINT ## floors, prefixes, sizes, banned calls, format, clang-tidy
	@BUILD=$(BUILD) tools/dev/lint.sh

.PHONY: format
format: | build/deps/LINT ## clang-format over everything
	clang-format -i $$(git ls-files '*.c' '*.h')

.PHONY: graph
graph: $(BUILD)/test/uicc/test_fsm_graph ## state graphs, drawn from the tables that the code obeys
	@BUILD=$(BUILD) tools/dev/fsm_graph.sh

.PHONY: cites
cites: ## clauses of the standards that code cites, and which of them a test cites
	@tools/dev/cites.sh

compile_commands.json: | build/deps/BUILD ## for editors and clang-tidy
	@tools/dev/compile_commands.sh $(ALL_CFLAGS) > $@

.PHONY: install
install: all ## install programs and man pages below $(DESTDIR)$(PREFIX)
	install -d $(foreach d,bin libexec/reseat share/man/man1 share/reseat/profiles,'$(DESTDIR)$(PREFIX)/$(d)')
	install -m 755 $(filter %-works,$(PROGRAMS)) '$(DESTDIR)$(PREFIX)/libexec/reseat'
	install -m 755 $(filter-out %-works,$(PROGRAMS)) '$(DESTDIR)$(PREFIX)/bin'
	install -m 644 tools/man/*.1 '$(DESTDIR)$(PREFIX)/share/man/man1'
	install -m 644 tools/profiles/*.profile '$(DESTDIR)$(PREFIX)/share/reseat/profiles'

.PHONY: help
help: ## list the targets
	@awk -F ':.*## ' '/^[a-z_. -]+:.*## / {printf "  make %-22s %s\n", $$1, $$2}' Makefile

.PHONY: clean
clean: ## remove everything that was built
	rm -rf build compile_commands.json
