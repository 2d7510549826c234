# Reseat. `make help` lists the targets; every output lands in $(BUILD).
# Sources are found by folder, so a new file needs no line here.

BUILD   ?= build
ifeq ($(origin CC),default)
CC := gcc
endif
PREFIX  ?= /usr/local
DESTDIR ?=
# SAN=1 builds with ASan and UBSan, into a tree of its own.
SAN     ?=
# T=pin runs only the tests whose name contains "pin".
T       ?=

ifeq ($(SAN),1)
BUILD := $(BUILD)/san
SANFLAGS := -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer
endif

WARN    := -Wall -Wextra -Wpedantic -Wconversion -Wshadow -Werror
HARDEN  := -fstack-protector-strong -fPIE $(if $(SANFLAGS),,-D_FORTIFY_SOURCE=2)
CFLAGS  ?= -O2 -g
ALL_CFLAGS := -std=gnu17 $(CFLAGS) $(WARN) $(HARDEN) $(SANFLAGS) -I. -MMD -MP
ALL_LDFLAGS := $(LDFLAGS) $(SANFLAGS) -pie -Wl,-z,relro,-z,now

src = $(shell find $(1) -name '*.c' 2>/dev/null | LC_ALL=C sort)
obj = $(patsubst %.c,$(BUILD)/obj/%.o,$(1))

APDU_OBJ  := $(call obj,$(call src,apdu))
UICC_OBJ  := $(call obj,$(call src,uicc))
OTA_OBJ   := $(call obj,$(call src,ota))
# tools/*.c hold one main() each; everything below tools/*/ is shared between them.
MAINS     := $(patsubst tools/%.c,%,$(wildcard tools/*.c))
PROGRAMS  := $(foreach m,$(MAINS),$(BUILD)/bin/$(subst _,-,$(m)))
TOOLS_OBJ := $(call obj,$(call src,$(wildcard tools/*/)))
SUPPORT_OBJ := $(call obj,$(filter-out test/support/runner.c,$(call src,test/support)))

LIBS := $(BUILD)/lib/libapdu.a $(BUILD)/lib/libuicc.a $(BUILD)/lib/libota.a
LDLIBS_apdu  := -lcrypto
LDLIBS_uicc  := -lcrypto
LDLIBS_ota   := -lcrypto -lssl -lsqlite3 -ljansson -linih
LDLIBS_tools := $(LDLIBS_ota) -lpcsclite
LDLIBS_check := $(shell pkg-config --libs check 2>/dev/null)
PCSC_CFLAGS  := $(shell pkg-config --cflags-only-I libpcsclite 2>/dev/null)

# Test programs of a floor link only the libraries that the floor may use.
TEST_FLOORS := apdu uicc ota tools
TEST_LIBS_apdu  := $(BUILD)/lib/libapdu.a
TEST_LIBS_uicc  := $(BUILD)/lib/libuicc.a $(BUILD)/lib/libapdu.a
TEST_LIBS_ota   := $(BUILD)/lib/libota.a $(BUILD)/lib/libapdu.a
TEST_LIBS_tools := $(BUILD)/lib/libtools.a $(BUILD)/lib/libuicc.a $(BUILD)/lib/libota.a $(BUILD)/lib/libapdu.a
TEST_PROGRAMS := $(foreach f,$(TEST_FLOORS),$(patsubst %.c,$(BUILD)/%,$(wildcard test/$(f)/test_*.c)))

.PHONY: all
all: $(LIBS) $(PROGRAMS) ## build libraries and programs (default)

$(BUILD)/obj/%.o: %.c
	@mkdir -p $(@D)
	$(CC) $(ALL_CFLAGS) $(PCSC_CFLAGS) -c -o $@ $<

define archive
	@mkdir -p $(@D)
	@rm -f $@
	$(AR) rcs $@ $(1)
endef

$(BUILD)/lib/libapdu.a: $(APDU_OBJ)
	$(call archive,$(APDU_OBJ))
$(BUILD)/lib/libuicc.a: $(UICC_OBJ)
	$(call archive,$(UICC_OBJ))
$(BUILD)/lib/libota.a: $(OTA_OBJ)
	$(call archive,$(OTA_OBJ))
$(BUILD)/lib/libtools.a: $(TOOLS_OBJ)
	$(call archive,$(TOOLS_OBJ))

define program
$(BUILD)/bin/$(subst _,-,$(1)): $(BUILD)/obj/tools/$(1).o $(TEST_LIBS_tools)
	@mkdir -p $$(@D)
	$$(CC) $$(ALL_LDFLAGS) -o $$@ $$^ $$(LDLIBS_tools)
endef
$(foreach m,$(MAINS),$(eval $(call program,$(m))))

define test_program
$(BUILD)/test/$(1)/%: $(BUILD)/obj/test/$(1)/%.o $(BUILD)/obj/test/support/runner.o $$(SUPPORT_$(1)) $$(TEST_LIBS_$(1))
	@mkdir -p $$(@D)
	$$(CC) $$(ALL_LDFLAGS) -o $$@ $$^ $$(LDLIBS_$(1)) $$(LDLIBS_check)
endef
# Support files a floor's tests link: those that use nothing above the floor.
SUPPORT_apdu  := $(BUILD)/obj/test/support/vectors.o
SUPPORT_uicc  := $(SUPPORT_apdu) $(call obj,$(wildcard test/support/uicc/*.c))
SUPPORT_ota   := $(SUPPORT_apdu) $(call obj,$(wildcard test/support/ota/*.c))
SUPPORT_tools := $(SUPPORT_apdu) $(call obj,$(wildcard test/support/uicc/*.c test/support/ota/*.c))
$(foreach f,$(TEST_FLOORS),$(eval $(call test_program,$(f))))

.SECONDARY:

.PHONY: help
help: ## list the targets
	@awk -F ':.*## ' '/^[a-z.-]+:.*## / {printf "  make %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

.PHONY: clean
clean: ## remove everything that was built
	rm -rf build

-include $(shell find $(BUILD)/obj -name '*.d' 2>/dev/null)
