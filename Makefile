# What can be made. Needs make and Go; the tests that race need a C compiler too.

GO          ?= go
VERSION     ?= $(shell git describe --tags --always --dirty 2>/dev/null || echo dev)
STATICCHECK := honnef.co/go/tools/cmd/staticcheck@v0.8.2

.PHONY: help build run test check race single slow member cluster bench bench-parts fmt clean

help: ## show this help
	@awk -F ':.*## ' '/^[a-z-]+:.*## /{printf "  make %-11s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

build: ## build bin/portico
	CGO_ENABLED=0 $(GO) build -trimpath -buildvcs=false -ldflags "-X main.version=$(VERSION)" -o bin/portico ./cmd/portico

run: build ## build, then serve a demo portal on https://127.0.0.1:8443
	bin/portico serve --demo --data ./data --listen 127.0.0.1:8443

test: check slow ## all tests, the slow ones too

check: bin/staticcheck ## format, vet, staticcheck, all quick tests with the race detector
	@unformatted=$$(gofmt -l .); if [ -n "$$unformatted" ]; then echo "gofmt needed:"; echo "$$unformatted"; exit 1; fi
	$(GO) vet ./...
	bin/staticcheck ./...
	$(MAKE) race single

# Tests that do very much, one thing after the other, behind their folders. There is no race to be found in them, and the race detector
# makes them six times as slow. A name may be that of no other test.
SINGLE := $(addprefix auth/,account/TestPagesEndShort fixture/TestHostileTexts fixture/TestTextsAreKept secret/TestComparisonsTakeConstantTime \
              secret/TestNewSSHKey) \
          $(addprefix auth/vault/,TestDepartureInSteps TestHandOver TestListingCostsWhatItAnswers) \
          $(addprefix store/bolt/,TestFlippedBranchKeys TestFlippedElements TestFlippedPages TestOpenRefusesAndHarmsNothing TestRestoreOfFlippedBytes) \
          $(addprefix rpc/portal/,TestAPIDocument TestB03TakenAwayIsGone TestB15Growth TestCloneIsWhole TestConversations TestCredentialsTable \
              TestCrossSiteForgery TestDeleteTenThousand TestDueSessions TestEscalation TestEveryAttackHasItsTest TestEveryMethodHasItsSample TestForeignPageLinks \
              TestMatrix TestNastyParamsAreNeverOurFault TestNetworkCost TestNoSecretComesOut TestNoWayOutOfOneEnterprise TestNobody \
              TestNobodyFloodsTheRefusalsOfOthersAway TestOpenAPIDocument TestPageCost \
              TestOwnersAreHeard TestPathCrossing TestRefusalsAreBounded TestRevokeManyInSteps TestRolesAreTheReference \
              TestStrangersWrongPasswords TestTenantCrossing TestUnauthenticatedMethods TestUnknownNamesAreBounded TestUserEnumeration \
              TestV3Readme TestV3Table TestWhatLimitsClose TestWhoChangesWhat)
empty :=
SINGLY = ^($(subst $(empty) $(empty),|,$(strip $(notdir $(SINGLE)))))$$

# At its end each program would sleep for a second, for what others of its goroutines still do to be looked at.
race:
	@echo '$(GO) test -race ./..., without SINGLE'
	@GORACE=atexit_sleep_ms=50 $(GO) test -race -skip '$(SINGLY)' ./...

single:
	@for t in $(SINGLE); do in=$$(grep -rlE "^func $${t##*/}\(" --include='*_test.go' .); \
		case $$in in *[[:space:]]*) echo "two tests of one name: $$in"; exit 1;; "./$${t%/*}/"*) ;; *) echo "there is no $$t"; exit 1;; esac; done
	@echo '$(GO) test, SINGLE'
	@$(GO) test -run '$(SINGLY)' $(sort $(dir $(addprefix ./,$(SINGLE))))

# How much the slow tests do: kills of a portal (and half or a quarter as many power failures), how often or how long each fuzz target
# runs (2000x or 60s; at the end of a time Go before 1.27 may say "context deadline exceeded" although nothing was found, see
# golang/go#75804), and rounds of what can happen to a cluster (of the part with the most to say, where it is not for make cluster).
KILLS   ?= 200
FUZZ    ?= 2000x
CLUSTER ?= 1

NODE_CLIENT := rpc/oauth/testdata/openid-client

# Functions that are given anything, behind their folders.
FUZZERS := rpc/FuzzPortal rpc/FuzzTwin rpc/FuzzPaths rpc/FuzzParse rpc/FuzzParams \
           rpc/portal/FuzzCalls rpc/portal/FuzzSignIn rpc/portal/FuzzV3 \
           auth/account/FuzzEventRule auth/account/FuzzSettings \
           auth/secret/FuzzTexts auth/secret/FuzzSSHKey auth/secret/FuzzHash auth/secret/FuzzKeys \
           auth/client/FuzzAssertion auth/fixture/FuzzFixture store/bolt/FuzzFile \
           store/FuzzUnseal store/FuzzKey store/FuzzRecord \
           auth/verify/ldap/FuzzAnswer auth/verify/ldap/FuzzDiagnosis \
           rpc/oauth/FuzzForm rpc/oauth/FuzzBasic

# What takes its time, in parts that wait more than they work: two at once, and all to their end, so that all that fails is told.
SLOW := crash browser etcd fuzz short-cluster raced directories gateways client package long
JOBS ?= 2
.PHONY: $(SLOW)

slow: ## the tests that take their time; KILLS=200, FUZZ=2000x and CLUSTER=1 set how long, JOBS=2 how many at once
	$(MAKE) --jobs=$(JOBS) --keep-going --output-sync=target $(SLOW)

crash: # kills, power failures, full and broken disks, hostile callers
	PORTICO_TEST_KILLS=$(KILLS) $(GO) test -count=1 -timeout 30m -run 'Kill|Slow|Hostile' ./cmd/portico
	cd store/bolt/crashfs && $(GO) test ./...

short-cluster: bin/member
	PORTICO_TEST_ETCD=$(CURDIR)/bin/member PORTICO_TEST_CLUSTER=$(CLUSTER) \
		$(GO) test -short -count=1 -timeout 30m -run '^TestCluster$$' ./cmd/portico

long: $(NODE_CLIENT)/node_modules
	$(GO) test -count=1 -run TestAMillionCallers ./auth/limit
	$(GO) test -count=1 -run '^TestOpenIDClient$$' -v ./rpc/oauth

raced: # the widest of SINGLE, which make check has without the race detector
	$(GO) test -race -run '^TestConversations$$' ./rpc/portal

fuzz: # each package is compiled once for all its targets
	set -e; for p in $(sort $(patsubst %/,%,$(dir $(FUZZERS)))); do $(GO) test -c -fuzz . -o bin/fuzz/$$p/test ./$$p; done
	set -e; for f in $(FUZZERS); do p=$${f%/*}; echo $$f; (cd $$p && $(CURDIR)/bin/fuzz/$$p/test -test.run '^$$' \
		-test.fuzz "^$${f##*/}\$$" -test.fuzztime $(FUZZ) -test.fuzzminimizetime 1x -test.fuzzcachedir $(CURDIR)/bin/fuzz/$$p/found); done

# Compiled first, for there is no network beside the servers.
directories: ## ask real LDAP servers, which are set up in bin/directories; needs root and apt-get
	$(GO) test -c -o bin/ldap.test ./auth/verify/ldap
	auth/verify/ldap/testdata/directories.sh bin/directories bin/ldap.test -test.run '^TestDirectories$$' -test.v

# The screenshots are in bin/browser/shots.
browser: build console/browser/node_modules ## use the console in a real browser, Debian's Chromium in bin/browser; needs npm and apt-get
	console/browser/run.sh bin/browser bin/portico

client: build ## generate a client from the OpenAPI document, and call a portal with it
	bin/portico docs reference/client/api
	cd reference/client && $(GO) generate . && PORTICO_TEST_PROGRAM=$(CURDIR)/bin/portico $(GO) test -count=1 .

gateways: ## try the recipes for gateways with Debian's nginx and Caddy, in bin/gateways; needs apt-get. That for Envoy is checked
	cd examples/gateways/envoy && $(GO) test .
	examples/gateways/run.sh bin/gateways

# A commit that is no tagged version is before all of these.
NFPM := github.com/goreleaser/nfpm/v2/cmd/nfpm@v2.45.0
ARCH := $(shell $(GO) env GOARCH)
DEB_VERSION = $(if $(filter v%,$(VERSION)),$(patsubst v%,%,$(VERSION)),0~$(VERSION))
DEB         = bin/portico_$(DEB_VERSION)_$(ARCH).deb

package: build bin/nfpm ## make the Debian package, bin/portico_VERSION_ARCH.deb, and look at it
	for shell in bash zsh fish; do bin/portico completion $$shell >bin/completion.$$shell || exit 1; done
	VERSION=$(DEB_VERSION) ARCH=$(ARCH) SOURCE_DATE_EPOCH=$$(git log -1 --format=%ct 2>/dev/null || echo 0) \
		bin/nfpm package -f cmd/portico/package/nfpm.yaml -p deb -t $(DEB)
	cmd/portico/package/test.sh $(DEB)

bin/nfpm: Makefile
	GOBIN=$(CURDIR)/bin $(GO) install $(NFPM)
	@touch $@

# A member of etcd for tests, from a module of its own.
member: bin/member
bin/member: store/etcd/member/main.go store/etcd/member/go.mod
	cd store/etcd/member && $(GO) build -o ../../../bin/member .

etcd: bin/member ## the tests that need members of etcd
	PORTICO_TEST_ETCD=$(CURDIR)/bin/member $(GO) test -race ./store/etcd
	PORTICO_TEST_ETCD=$(CURDIR)/bin/member $(GO) test -run '^TestEtcd|Shared' ./cmd/portico

cluster: bin/member ## three members and three portals while all that can fail fails, CLUSTER=1 times; some two minutes
	PORTICO_TEST_ETCD=$(CURDIR)/bin/member PORTICO_TEST_CLUSTER=$(CLUSTER) \
		$(GO) test -count=1 -timeout 60m -run '^TestCluster$$' -v ./cmd/portico

# PORTICO_BENCH_TOKENS and PORTICO_BENCH_MANY set how many tokens are stored, PORTICO_BENCH_EVENTS how many events.
bench: bin/member ## print the figures of speed and size, the portal against the bare thing under it; some minutes
	PORTICO_TEST_ETCD=$(CURDIR)/bin/member $(GO) test -run '^$$' -bench '^Benchmark(Read|Create|Chain|Garbage|Limits|Clients|Growth|Network|Events|Vault|Etcd|EtcdSize)$$' -benchtime 1x -timeout 60m ./rpc/portal
	$(GO) test -run '^$$' -bench '^BenchmarkHostile$$' -benchtime 1x ./cmd/portico

bench-parts: ## benchmarks of single parts
	$(GO) test -run '^$$' -bench . -timeout 60m ./store/... ./auth/... ./rpc

fmt: ## format all files
	gofmt -w .

clean: ## remove what was built; the data folder stays
	rm -rf bin

# A second client of OAuth, and what plays a browser: for tests that are skipped where npm is not, or cannot reach its registry.
%/node_modules: %/package-lock.json
	@if ! command -v npm >/dev/null; then echo "$*: there is no npm"; \
	elif npm ci --ignore-scripts --no-audit --no-fund --prefix $*; then touch $@; \
	else rm -rf $@; echo "$*: npm has not got its packages"; fi

# Of a version of its own, and in a folder of its own, so that go.mod does not know it.
bin/staticcheck: Makefile
	GOBIN=$(CURDIR)/bin $(GO) install $(STATICCHECK)
	@touch $@
