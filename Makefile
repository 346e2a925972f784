# SPDX-License-Identifier: Apache-2.0
# One non-recursive Makefile; all output in $(B). SAN=address,undefined works on any target.
VERSION  := 0.1.0
PREFIX   ?= /usr/local
DATADIR  ?= $(PREFIX)/share/vigil5g
MANDIR   ?= $(PREFIX)/share/man
COMPDIR  ?= $(PREFIX)/share/bash-completion/completions
SUDO     := $(if $(filter 0,$(shell id -u)),,sudo)
B        ?= build$(if $(SAN),-san)
ifeq ($(origin CC),default)
CC       := gcc
endif
CLANG    ?= clang
PKGS     := libyang libssl libcrypto yaml-0.1 libpcap jansson libseccomp libcap

# Debian 12 packages. Test: what `make test` needs beyond the build; bench and soak bring their own peers.
DEPS_BUILD := gcc libc6-dev pkg-config libyang2-dev libyaml-dev libpcap-dev libssl-dev libjansson-dev \
              libsqlite3-dev libyuma-base libseccomp-dev libcap-dev libnetconf2-dev libssh-dev libmicrohttpd-dev
DEPS_TEST  := libcmocka-dev libnghttp2-dev libyang2-tools python3 python3-jsonschema python3-yaml valgrind clang-format clang-tidy openssl git \
              openssh-server openssh-client python3-ncclient yangcli netconfd iproute2 faketime procps
DEPS_DEMO  := openssl iproute2
DEPS_BENCH := tshark libndpi-bin
DEPS_FUZZ  := clang libclang-rt-14-dev llvm-14
DEPS_CONTAINERS := podman buildah runc debootstrap

WARN     := -Wall -Wextra -Wshadow -Wconversion -Wstrict-prototypes -Wmissing-prototypes -Wcast-qual -Wvla \
            -Wformat=2 -Wundef $(if $(SAN),-Wno-format-truncation) $(if $(CI),-Werror)
HARDEN   := -fPIE -fstack-protector-strong $(if $(SAN),,-D_FORTIFY_SOURCE=2)
# Sanitised code is there to be tested: half the time to compile.
CFLAGS   ?= $(if $(SAN),-O1 -g1,-O2 -g)
# The way of a packet. It moves fields of a few bytes: a copy by a register of 16 bytes waits for the stores of 8 before it,
# and clearing by a string instruction is slow to begin.
comma    := ,
takes     = $(shell $(CC) $(1) -Werror -S -o /dev/null -x c /dev/null 2>/dev/null && echo '$(1)')
NARROW   := $(if $(SAN),,-O3 $(call takes,-mgeneral-regs-only) \
            $(call takes,-mmemset-strategy=unrolled_loop:512:noalign$(comma)rep_8byte:8192:noalign$(comma)libcall:-1:noalign))
LIBFLAGS := $(shell pkg-config --cflags $(PKGS) 2>/dev/null)
LDLIBS   := $(shell pkg-config --libs $(PKGS) 2>/dev/null) -lm
STORE_LIBS := $(shell pkg-config --libs sqlite3 2>/dev/null)
ALL_CFLAGS = -std=c11 -D_GNU_SOURCE -DVIGIL_VERSION='"$(VERSION)"' -DVIGIL_DATADIR='"$(DATADIR)"' \
            -DVIGIL_BUILD_ROOT='"$(CURDIR)"' -I. -I$(B)/gen $(WARN) $(HARDEN) $(CFLAGS) $(LIBFLAGS) \
            $(if $(SAN),-fsanitize=$(SAN) -fno-sanitize-recover=all -fno-omit-frame-pointer)
ALL_LDFLAGS = -pie -Wl,-z,relro,-z,now $(LDFLAGS) $(if $(SAN),-fsanitize=$(SAN))

YANG       := $(wildcard yang/*.yang)
# Standard modules, from Debian's libyuma-base. One copy for all builds.
YANG_STD   := build/yang-std
STD_FROM   := /usr/share/yuma/modules
STD_YANG   := ietf/ietf-netconf@2011-06-01 ietf/ietf-netconf-monitoring@2010-10-04 ietf/ietf-netconf-acm@2018-02-14 \
              ietf/ietf-netconf-with-defaults@2011-06-01 \
              ietf/ietf-alarms@2019-09-11 ietf/ietf-yang-types@2013-07-15 ietf/ietf-inet-types@2013-07-15 ietf/ietf-yang-metadata@2016-08-05 \
              ietf-derived/notifications ietf-derived/nc-notifications netconfcentral/yuma-ncx
LIB_SRC    := $(wildcard lib/*.c lib/netconf/*.c lib/enrol/*.c)
MAINS      := agents/main.c agents/device/main.c collector/main.c collector/north/main.c collector/acceptor/main.c \
              collector/enrol/main.c
# Of vigil-device alone: libnetconf2 and libssh stay out of everything else.
DEVICE_SRC := agents/device/peer.c agents/device/query.c agents/device/relay.c
AGENT_SRC  := $(filter-out $(MAINS) $(DEVICE_SRC),$(wildcard agents/*.c agents/*/*.c))
ENGINE_SRC := $(wildcard rules/engine/*.c)
CLI_SRC    := $(wildcard cli/*.c)
NORTH_SRC  := $(filter-out $(MAINS),$(wildcard collector/north/*.c))
COLLECTOR_SRC := $(filter-out $(MAINS) $(NORTH_SRC),$(wildcard collector/*.c collector/*/*.c))
UNIT_SRC   := $(wildcard tests/unit/test_*.c)
FUZZ_SRC   := $(wildcard tests/fuzz/fuzz_*.c)
HEADERS    := $(wildcard lib/*.h lib/*/*.h agents/*.h agents/*/*.h rules/engine/*.h cli/*.h collector/*.h collector/*/*.h tests/unit/*.h)
OBJ        := $(patsubst %.c,$(B)/%.o,$(LIB_SRC) $(AGENT_SRC) $(ENGINE_SRC)) $(B)/gen/fact_nodes.o
UNIT_BIN   := $(patsubst tests/unit/%.c,$(B)/unit/%,$(UNIT_SRC))
INTEROP_BIN := $(patsubst tests/%.c,$(B)/tests/%,$(wildcard tests/interop/*.c))
TAP_BIN    := $(patsubst tests/%.c,$(B)/tests/%,$(wildcard tests/tap/*.c))
# Leaks and faults are seen by the sanitisers alone.
HOSTILE_BIN := $(B)/tests/hostile/hostile $(if $(SAN),$(B)/tests/hostile/each $(B)/tests/hostile/starved)
REPLAY_BIN := $(patsubst tests/fuzz/%.c,$(B)/replay/%,$(FUZZ_SRC))
FUZZ_BIN   := $(patsubst tests/fuzz/%.c,build-fuzz/%,$(FUZZ_SRC))
QUIET      := @

.PHONY: all
all: $(B)/vigil $(B)/vigil-agent $(B)/vigil-device $(B)/vigil-collector $(B)/vigil-netconf $(B)/vigil-netconf-tls \
     $(B)/vigil-enrol-server

$(B)/vigil: $(patsubst %.c,$(B)/%.o,$(CLI_SRC)) $(B)/libvigil.a
	@echo "  LINK $@"
	$(QUIET)$(CC) $(ALL_CFLAGS) $(ALL_LDFLAGS) -o $@ $^ $(LDLIBS)

$(B)/vigil-agent: $(B)/agents/main.o $(B)/libvigil.a
	@echo "  LINK $@"
	$(QUIET)$(CC) $(ALL_CFLAGS) $(ALL_LDFLAGS) -o $@ $^ $(LDLIBS)

# A process for each device that is asked.
$(B)/vigil-device: $(B)/agents/device/main.o $(DEVICE_SRC:%.c=$(B)/%.o) $(B)/libvigil.a
	@echo "  LINK $@"
	$(QUIET)$(CC) $(ALL_CFLAGS) $(ALL_LDFLAGS) -o $@ $^ $(LDLIBS) -lnetconf2 -lssh

$(B)/vigil-collector: $(B)/collector/main.o $(B)/libvigil-collector.a $(B)/libvigil.a
	@echo "  LINK $@"
	$(QUIET)$(CC) $(ALL_CFLAGS) $(ALL_LDFLAGS) -o $@ $^ $(STORE_LIBS) $(LDLIBS)

$(B)/vigil-netconf-tls: $(B)/collector/acceptor/main.o $(B)/libvigil-collector.a $(B)/libvigil.a
	@echo "  LINK $@"
	$(QUIET)$(CC) $(ALL_CFLAGS) $(ALL_LDFLAGS) -o $@ $^ $(LDLIBS)

# Beside vigil-device the only program with libnetconf2: a session is a process of its own.
$(B)/vigil-netconf: $(B)/collector/north/main.o $(B)/libvigil-north.a $(B)/libvigil-collector.a $(B)/libvigil.a
	@echo "  LINK $@"
	$(QUIET)$(CC) $(ALL_CFLAGS) $(ALL_LDFLAGS) -o $@ $^ $(STORE_LIBS) $(LDLIBS) -lnetconf2

# The only program with libmicrohttpd, and the only one that reads the key of a CA.
$(B)/vigil-enrol-server: $(B)/collector/enrol/main.o $(B)/libvigil-collector.a $(B)/libvigil.a
	@echo "  LINK $@"
	$(QUIET)$(CC) $(ALL_CFLAGS) $(ALL_LDFLAGS) -o $@ $^ $(LDLIBS) -lmicrohttpd

$(B)/libvigil.a: $(OBJ) | $(YANG_STD)/README
	$(QUIET)rm -f $@ && ar rcs $@ $^

$(B)/libvigil-north.a: $(NORTH_SRC:%.c=$(B)/%.o)
	$(QUIET)rm -f $@ && ar rcs $@ $^

# Apart, so that vigil and the agents do not carry SQLite.
$(B)/libvigil-collector.a: $(patsubst %.c,$(B)/%.o,$(COLLECTOR_SRC))
	$(QUIET)rm -f $@ && ar rcs $@ $^

$(YANG_STD)/README: Makefile
	@mkdir -p $(@D)
	$(QUIET)cp $(STD_YANG:%=$(STD_FROM)/%.yang) $(@D)/
	$(QUIET)cp /usr/share/doc/libyuma-base/copyright $(@D)/copyright
	$(QUIET)chmod u+w $(@D)/*
	$(QUIET)echo 'Unchanged YANG modules of the Debian package libyuma-base; their licences are in "copyright".' >$@

$(B)/gen/gen_fact_nodes: tools/gen_fact_nodes.c
	@mkdir -p $(@D)
	$(QUIET)$(CC) -std=c11 -D_GNU_SOURCE -O1 -o $@ $< $(shell pkg-config --libs libyang)

$(B)/gen/fact_nodes.h: $(B)/gen/gen_fact_nodes $(YANG)
	$(QUIET)$< yang h > $@.tmp && mv $@.tmp $@

$(B)/gen/fact_nodes.c: $(B)/gen/gen_fact_nodes $(YANG)
	$(QUIET)$< yang c > $@.tmp && mv $@.tmp $@

$(B)/gen/gen_hpack_pairs: tools/gen_hpack_pairs.c
	@mkdir -p $(@D)
	$(QUIET)$(CC) -std=c11 -O1 -o $@ $<

$(B)/gen/hpack_pairs.h: $(B)/gen/gen_hpack_pairs
	$(QUIET)$< >$@.tmp && mv $@.tmp $@

$(B)/gen/%.o: $(B)/gen/%.c $(B)/gen/fact_nodes.h
	$(QUIET)$(CC) $(ALL_CFLAGS) -MMD -MP -c -o $@ $<

$(B)/agents/capture/%.o $(B)/agents/dissect/%.o $(B)/agents/traffic/%.o: CFLAGS += $(NARROW)
$(B)/%.o: %.c | $(B)/gen/fact_nodes.h $(B)/gen/hpack_pairs.h
	@mkdir -p $(@D)
	@echo "  CC   $<"
	$(QUIET)$(CC) $(ALL_CFLAGS) -MMD -MP -c -o $@ $<

$(B)/unit/%: tests/unit/%.c $(B)/libvigil-collector.a $(B)/libvigil.a
	@mkdir -p $(@D)
	@echo "  TEST $@"
	$(QUIET)$(CC) $(ALL_CFLAGS) -MMD -MP -MF $@.d $(ALL_LDFLAGS) -o $@ $< $(B)/libvigil-collector.a $(B)/libvigil.a \
	  $(STORE_LIBS) $(LDLIBS) -lcmocka -lnghttp2 -lssl

$(B)/unit/test_north: tests/unit/test_north.c $(B)/libvigil-north.a $(B)/libvigil-collector.a $(B)/libvigil.a
	@mkdir -p $(@D)
	@echo "  TEST $@"
	$(QUIET)$(CC) $(ALL_CFLAGS) -MMD -MP -MF $@.d $(ALL_LDFLAGS) -o $@ $< $(B)/libvigil-north.a $(B)/libvigil-collector.a \
	  $(B)/libvigil.a $(STORE_LIBS) $(LDLIBS) -lcmocka -lssl

# Fuzz targets without libFuzzer: each corpus file is one run.
$(B)/replay/%: tests/fuzz/%.c tests/fuzz/replay.c $(B)/libvigil-collector.a $(B)/libvigil.a
	@mkdir -p $(@D)
	$(QUIET)$(CC) $(ALL_CFLAGS) -Wno-missing-prototypes -MMD -MP -MF $@.d $(ALL_LDFLAGS) -o $@ $< tests/fuzz/replay.c \
	  $(B)/libvigil-collector.a $(B)/libvigil.a $(STORE_LIBS) $(LDLIBS)

COLLECTOR_TOOLS := $(B)/tests/bench/store $(B)/tests/bench/judge $(B)/tests/bench/load $(B)/tests/north/world
$(COLLECTOR_TOOLS): $(B)/tests/%: tests/%.c $(B)/libvigil-collector.a $(B)/libvigil.a
	@mkdir -p $(@D)
	$(QUIET)$(CC) $(ALL_CFLAGS) -MMD -MP -MF $@.d $(ALL_LDFLAGS) -o $@ $< $(B)/libvigil-collector.a $(B)/libvigil.a \
	  $(STORE_LIBS) $(LDLIBS)

# Our own allocations pass through the test.
STARVED_WRAP := $(foreach f,malloc calloc realloc strdup strndup asprintf,-Wl,--wrap=$(f))
$(B)/tests/hostile/starved: tests/hostile/starved.c $(patsubst %.c,$(B)/%.o,$(filter-out cli/main.c,$(CLI_SRC))) $(B)/libvigil.a
	@mkdir -p $(@D)
	$(QUIET)$(CC) $(ALL_CFLAGS) -MMD -MP -MF $@.d $(ALL_LDFLAGS) $(STARVED_WRAP) -o $@ $(filter %.c %.o %.a,$^) $(LDLIBS)

# Frames pass through the test before the sniffer gets them.
$(B)/tests/tap/planted: tests/tap/planted.c $(B)/libvigil.a
	@mkdir -p $(@D)
	$(QUIET)$(CC) $(ALL_CFLAGS) -Wno-missing-prototypes -MMD -MP -MF $@.d $(ALL_LDFLAGS) -Wl,--wrap=sniffer_frame -o $@ $< \
	  $(B)/libvigil.a $(LDLIBS)

$(B)/tests/%: tests/%.c $(B)/libvigil.a
	@mkdir -p $(@D)
	$(QUIET)$(CC) $(ALL_CFLAGS) -MMD -MP -MF $@.d $(ALL_LDFLAGS) -o $@ $< $(B)/libvigil.a $(LDLIBS)

$(B)/tests/%.so: tests/%.c
	@mkdir -p $(@D)
	$(QUIET)$(CC) -std=c11 -D_GNU_SOURCE -O1 -g $(WARN) -fPIC -shared -o $@ $<

# Against other implementations of NETCONF.
$(B)/tests/interop/%: tests/interop/%.c $(B)/libvigil.a
	@mkdir -p $(@D)
	$(QUIET)$(CC) $(ALL_CFLAGS) -MMD -MP -MF $@.d $(ALL_LDFLAGS) -o $@ $< $(B)/libvigil.a $(LDLIBS) -lnetconf2 -lssh -lssl

# With libFuzzer, everything instrumented.
FUZZ_FLAGS = -std=c11 -D_GNU_SOURCE -DVIGIL_VERSION='"$(VERSION)"' -DVIGIL_DATADIR='"$(DATADIR)"' \
             -DVIGIL_BUILD_ROOT='"$(CURDIR)"' -I. -I$(B)/gen -O1 -g $(LIBFLAGS)
build-fuzz/libvigil.a: $(LIB_SRC) $(AGENT_SRC) $(ENGINE_SRC) $(COLLECTOR_SRC) $(B)/gen/fact_nodes.c $(B)/gen/hpack_pairs.h $(HEADERS)
	@mkdir -p $(@D)/obj
	$(QUIET)rm -f $@; for f in $(LIB_SRC) $(AGENT_SRC) $(ENGINE_SRC) $(COLLECTOR_SRC) $(B)/gen/fact_nodes.c; do \
	  $(CLANG) $(FUZZ_FLAGS) -fsanitize=address,undefined,fuzzer-no-link -c -o build-fuzz/obj/$$(echo $$f | tr / _).o $$f || exit 1; done
	$(QUIET)ar rcs $@ build-fuzz/obj/*.o

build-fuzz/fuzz_%: tests/fuzz/fuzz_%.c build-fuzz/libvigil.a
	$(QUIET)$(CLANG) $(FUZZ_FLAGS) -fsanitize=address,undefined,fuzzer -o $@ $< build-fuzz/libvigil.a $(STORE_LIBS) $(LDLIBS)

# --- packages ------------------------------------------------------------------------------------------------------
# apt is asked only when something is missing, so that repeated and offline runs work.
define need
	@missing=""; for p in $(1); do dpkg-query -W -f='$${Status}' $$p 2>/dev/null | grep -q 'ok installed' || \
	  missing="$$missing $$p"; done; \
	if [ -n "$$missing" ]; then echo "  APT $$missing"; $(SUDO) apt-get update -qq && \
	  $(SUDO) env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $$missing >/dev/null; fi
endef

.PHONY: deps deps-test deps-bench deps-fuzz
deps:
	$(call need,$(DEPS_BUILD))
deps-test:
	$(call need,$(DEPS_BUILD) $(DEPS_TEST))
deps-bench:
	$(call need,$(DEPS_BUILD) $(DEPS_BENCH) python3)
deps-fuzz:
	$(call need,$(DEPS_BUILD) $(DEPS_TEST) $(DEPS_FUZZ))

# --- what a newcomer runs --------------------------------------------------------------------------------------------
# A fresh make reads pkg-config only after the packages are there.
.PHONY: demo
demo: deps
	$(call need,$(DEPS_DEMO))
	@$(MAKE) --no-print-directory -j2 all $(B)/tests/demo/standin
	@VIGIL=$(B)/vigil sh tests/demo/demo.sh
	@BUILD=$(B) sh tests/demo/live.sh

.PHONY: test
test: deps-test
	@$(MAKE) --no-print-directory -j2 all test-binaries
	@$(MAKE) --no-print-directory -j2 SAN=address,undefined all test-binaries
	@bash tests/run.sh

.PHONY: test-binaries
test-binaries: $(UNIT_BIN) $(REPLAY_BIN) $(HOSTILE_BIN) $(B)/tests/demo/standin $(INTEROP_BIN) \
               $(B)/tests/north/world $(TAP_BIN) $(B)/tests/dissect/messages

# Our dissection beside tshark's, packet by packet; further captures from VIGIL_TESTDATA.
VIGIL_TESTDATA ?= $(wildcard ../shared/testdata)
.PHONY: agree
agree: deps-bench
	@$(MAKE) --no-print-directory -j2 $(B)/tests/dissect/messages
	@python3 tests/dissect/samples.py $(B)/tests/dissect/samples
	@python3 tests/dissect/agree.py --cut $(B)/tests/dissect/messages tests/data $(B)/tests/dissect/samples \
	  $(wildcard $(VIGIL_TESTDATA)/pcaps)

.PHONY: check-unit check-dissect check-source check-rules check-integration check-hostile
check-unit: $(UNIT_BIN)
	@for t in $(UNIT_BIN); do echo "== $$t"; $$t || exit 1; done
check-dissect: $(filter $(B)/unit/test_dissect%,$(UNIT_BIN))
	@for t in $^; do $$t || exit 1; done
check-source: $(filter $(B)/unit/test_source%,$(UNIT_BIN))
	@for t in $^; do $$t || exit 1; done
check-rules: all
	@$(B)/vigil rules lint && $(B)/vigil rules test
check-integration: all $(INTEROP_BIN) $(B)/tests/demo/standin $(B)/tests/north/world $(TAP_BIN)
	@bash tests/run.sh integration
check-hostile: test-binaries
	@bash tests/run.sh hostile

# Full lists of the hostile families, fuzzing, valgrind, allocation of time: see tests/soak.sh.
.PHONY: soak
soak: deps-fuzz
	@$(MAKE) --no-print-directory -j2 all test-binaries
	@$(MAKE) --no-print-directory -j2 SAN=address,undefined all test-binaries
	@$(MAKE) --no-print-directory fuzz-binaries $(B)/tests/valgrind/openat2.so
	@sh tests/soak.sh

.PHONY: fuzz-binaries fuzz
fuzz-binaries: $(B)/gen/fact_nodes.h $(B)/gen/hpack_pairs.h build-fuzz/libvigil.a
	@$(MAKE) --no-print-directory $(FUZZ_BIN)
fuzz: deps-fuzz
	@$(MAKE) --no-print-directory fuzz-binaries
	@FUZZ_SECONDS=$${FUZZ_SECONDS:-60} sh tests/soak.sh fuzz

.PHONY: bench
bench: deps-bench
	@$(MAKE) --no-print-directory -j2 all $(patsubst %.c,$(B)/%,$(wildcard tests/bench/*.c))
	@VIGIL=$(B)/vigil BENCH=$(B)/tests/bench python3 tests/bench/bench.py
	@sh tests/bench/parts.sh $(B)/tests/bench

# --- care --------------------------------------------------------------------------------------------------------------
SOURCES := $(LIB_SRC) $(AGENT_SRC) $(DEVICE_SRC) $(ENGINE_SRC) $(CLI_SRC) $(COLLECTOR_SRC) $(NORTH_SRC) $(MAINS) $(UNIT_SRC) $(FUZZ_SRC) $(HEADERS) \
           $(wildcard tools/*.c tests/fuzz/replay.c tests/hostile/*.c tests/bench/*.c tests/interop/*.c tests/demo/*.c tests/north/*.c tests/tap/*.c tests/dissect/*.c)

.PHONY: lint format cover
lint: deps-test
	@$(MAKE) --no-print-directory -j2 all
	@sh tools/lint.sh $(SOURCES)
format:
	clang-format -i $(SOURCES)
cover: deps-test
	@$(MAKE) --no-print-directory B=build-cover CFLAGS='-O0 -g --coverage' LDFLAGS=--coverage -j2 all test-binaries
	@for t in $(patsubst $(B)/%,build-cover/%,$(UNIT_BIN)); do $$t >/dev/null 2>&1 || exit 1; done
	@find build-cover -name '*.gcno' -path '*build-cover/[lar]*' | sort | xargs gcov -n 2>/dev/null | \
	  awk '/^File/ {f=$$2} /^Lines executed/ {split($$2,a,":"); print a[2], $$4, f}' | grep -v /usr/ | sort -n

# --- images --------------------------------------------------------------------------------------------------------------
.PHONY: docker test-containers
docker:
	@sh deploy/image/build.sh $(VERSION)
test-containers: all $(B)/tests/demo/standin
	$(call need,$(DEPS_CONTAINERS))
	@python3 tests/e2e/containers.py $(B)/vigil

# --- install -------------------------------------------------------------------------------------------------------------
.PHONY: install
install: all
	install -d $(DESTDIR)$(PREFIX)/bin $(DESTDIR)$(DATADIR)/yang $(DESTDIR)$(DATADIR)/yang-std $(DESTDIR)$(DATADIR)/rules $(DESTDIR)$(MANDIR)/man1 \
	  $(DESTDIR)$(COMPDIR)
	install -m 0755 $(B)/vigil $(DESTDIR)$(PREFIX)/bin/vigil
	install -d $(DESTDIR)$(PREFIX)/sbin $(DESTDIR)$(MANDIR)/man8 $(DESTDIR)$(DATADIR)/examples
	install -m 0755 $(B)/vigil-agent $(DESTDIR)$(PREFIX)/sbin/vigil-agent
	install -m 0755 $(B)/vigil-device $(DESTDIR)$(PREFIX)/sbin/vigil-device
	install -m 0644 docs/vigil-agent.8 $(DESTDIR)$(MANDIR)/man8/vigil-agent.8
	install -m 0644 deploy/agent.yaml deploy/collector.yaml deploy/netconf-tls.yaml deploy/enrol.yaml $(DESTDIR)$(DATADIR)/examples/
	install -m 0755 $(B)/vigil-collector $(DESTDIR)$(PREFIX)/sbin/vigil-collector
	install -m 0644 docs/vigil-collector.8 $(DESTDIR)$(MANDIR)/man8/vigil-collector.8
	install -m 0644 collector/vigil-collector.bash-completion $(DESTDIR)$(COMPDIR)/vigil-collector
	install -m 0644 collector/acceptor/vigil-netconf-tls.bash-completion $(DESTDIR)$(COMPDIR)/vigil-netconf-tls
	install -m 0644 collector/enrol/vigil-enrol-server.bash-completion $(DESTDIR)$(COMPDIR)/vigil-enrol-server
	install -m 0644 agents/vigil-agent.bash-completion $(DESTDIR)$(COMPDIR)/vigil-agent
	install -m 0644 $(YANG) $(DESTDIR)$(DATADIR)/yang
	install -m 0644 $(YANG_STD)/* $(DESTDIR)$(DATADIR)/yang-std
	cp -R rules/packs $(DESTDIR)$(DATADIR)/rules/
	install -m 0644 docs/report.schema.json $(DESTDIR)$(DATADIR)/report.schema.json
	install -m 0644 docs/vigil.1 $(DESTDIR)$(MANDIR)/man1/vigil.1
	install -m 0644 cli/vigil.bash-completion $(DESTDIR)$(COMPDIR)/vigil
	@sh deploy/install.sh $(B) "$(DESTDIR)" "$(PREFIX)"

.PHONY: clean help
clean:
	rm -rf build build-san build-fuzz build-cover
help:
	@echo "all             build $(B)/vigil and $(B)/vigil-agent"
	@echo "demo            install what is needed, build, scan the lab of this repository"
	@echo "test            install what is needed, build twice (plain, sanitised), run all tests"
	@echo "check-unit check-dissect check-source check-rules check-integration check-hostile   parts of test"
	@echo "soak            full hostile lists, fuzzing (5 minutes a target of the packet path, 1 any other), valgrind"
	@echo "fuzz            fuzzing alone (FUZZ_SECONDS, 60 here, for every target)"
	@echo "bench           speed and memory beside tshark and a bare libpcap loop; sessions, messages, store"
	@echo "agree           our dissection beside tshark's, packet by packet"
	@echo "lint format cover   clang-tidy, layers, banned calls; clang-format; line coverage"
	@echo "install         to PREFIX=$(PREFIX), with DESTDIR"
	@echo "docker          images with podman or docker (BASE, NAME, ENGINE: deploy/image/build.sh)"
	@echo "test-containers build them and run them, read-only and without rights"
	@echo "deps            apt packages for the build"
	@echo "SAN=address,undefined sanitises any of them; CI=1 turns warnings into errors"

-include $(shell find $(B) -name '*.d' 2>/dev/null)
