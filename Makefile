# The checker is built by itself, in a minute. Everything else is built for the whole workspace with
# its tests: their WebAssembly engine takes minutes to compile, and another selection of packages or
# features would compile it once more.
CARGO := cargo
NATIVE := --workspace --bins --tests --locked
TARGET_DIR := $(or $(CARGO_TARGET_DIR),target)
CHECK := $(TARGET_DIR)/debug/env-isolation-check
SOURCES := Cargo.toml Cargo.lock $(shell find src -name '*.rs')

.PHONY: help
help: ## Show this list
	@grep -hE '^[a-z.-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z.-]+):.*## /\1\t/' | expand -t 24

policy.wasm: $(SOURCES) hack/wasm-toolchain ## Build the policy
	@echo "== building policy.wasm (with a new toolchain some minutes) =="
	hack/wasm-toolchain $@

# What every evaluation costs at least, by the same toolchain.
noop.wasm: $(wildcard benches/noop/*.toml benches/noop/src/*) Cargo.lock hack/wasm-toolchain
	hack/wasm-toolchain $@ noop-policy

annotated-policy.wasm: policy.wasm policy-metadata.yml README.md ## Add the metadata (needs kwctl)
	kwctl annotate --metadata-path policy-metadata.yml --usage-path README.md --output-path $@ policy.wasm

# An annotation of the metadata.
annotation = $(shell sed -n 's/^  $(1): //p' policy-metadata.yml)

.PHONY: push
push: annotated-policy.wasm ## Push the policy to the registry that its metadata names (needs kwctl)
	kwctl push $< registry://$(call annotation,io.kubewarden.policy.ociUrl):$(call annotation,com.github.release.tag)

artifacthub-pkg.yml: policy-metadata.yml ## Describe the policy for Artifact Hub (needs kwctl)
	kwctl scaffold artifacthub --metadata-path policy-metadata.yml --output $@

.PHONY: check
check: ## Build env-isolation-check
	@echo "== building env-isolation-check =="
	$(CARGO) build --package env-isolation-check --locked

# The verdicts need no module; a machine that cannot build it is told so, and nothing more.
.PHONY: demo
demo: check ## Judge the examples, and build the policy
	@for folder in examples/before examples/after examples/fixed; do \
		echo "== $$folder =="; \
		$(CHECK) --verbose --settings examples/settings.yaml $$folder || test $$? -eq 1 || exit 2; \
	done
	@if $(MAKE) --no-print-directory policy.wasm; then \
		echo "== the policy is in policy.wasm; on an admission request: =="; \
		echo "make annotated-policy.wasm && kwctl run --request-path examples/request.json \\"; \
		echo "  --settings-json '{\"namespaceFilter\": \"proven\"}' annotated-policy.wasm"; \
	else \
		echo "== no policy.wasm, for the reason above; the checker needs none =="; \
	fi

.PHONY: test
test: policy.wasm noop.wasm ## Run all tests
	@echo "== testing =="
	$(CARGO) test --workspace --locked
	hack/wasm-toolchain-test
	hack/release-test

# A peer is "--peer NAME FILE SETTINGS".
PEERS ?=
ROUNDS ?= 300
PLOT ?= $(TARGET_DIR)/performance.svg

.PHONY: unit
unit: ## Run the tests that need no module
	$(CARGO) test --workspace --locked --lib --bins --test engine --test charts --test cli --test pipelines

.PHONY: bench
bench: policy.wasm noop.wasm ## Measure against a policy that does nothing, and PEERS
	$(CARGO) bench --workspace --profile dev --locked --bench policies -- \
		--rounds $(ROUNDS) --plot $(abspath $(PLOT)) $(PEERS)

.PHONY: bench-language
bench-language: ## Measure the compilation of patterns, and the product
	$(CARGO) bench --workspace --profile dev --locked --bench language

.PHONY: e2e-tests
e2e-tests: policy.wasm ## Run the policy in the real parts that are on PATH
	e2e/run

# A peer is "--peer NAME FILE SETTINGS", with an annotated FILE.
LOAD_PEERS ?=

.PHONY: load
load: policy.wasm noop.wasm ## Measure policy-server under load, with LOAD_PEERS (needs kwctl and wrk)
	hack/load $(LOAD_PEERS)

N ?= 5000
SEED ?= 1
# Monitor, Probe, ScrapeConfig, or Pair: a Prometheus and a monitor that it scrapes.
KIND ?= Monitor
# plain, or limits: what is long, repeated, static, or read otherwise than it is written.
GRAMMAR ?= plain

.PHONY: golden
golden: ## Record once more what Prometheus' own code does (needs Go)
	@command -v go >/dev/null || { echo "needs Go, https://go.dev/dl"; exit 1; }
	cd tests/oracle && go run . golden

.PHONY: differential
differential: policy.wasm ## Compare N random ones of a KIND with Prometheus' own code (needs Go)
	@command -v go >/dev/null || { echo "needs Go, https://go.dev/dl"; exit 1; }
	$(CARGO) build $(NATIVE) --examples
	cd tests/oracle && go build -o $(abspath $(TARGET_DIR))/oracle .
	$(TARGET_DIR)/oracle differential -kind $(KIND) -grammar $(GRAMMAR) -n $(N) -seed $(SEED) \
		-verdicts "$(TARGET_DIR)/debug/examples/verdicts policy.wasm"

.PHONY: regexes
regexes: ## Compare N mutated regexes with Go's answers (needs Go)
	@command -v go >/dev/null || { echo "needs Go, https://go.dev/dl"; exit 1; }
	$(CARGO) build $(NATIVE) --examples
	cd tests/oracle && go build -o $(abspath $(TARGET_DIR))/oracle .
	$(TARGET_DIR)/oracle regexes -n $(N) -seed $(SEED) -answers $(TARGET_DIR)/debug/examples/patterns

.PHONY: costs
costs: policy.wasm noop.wasm ## Record once more what evaluations cost, in instructions
	RECORD_COSTS=1 $(CARGO) test --workspace --locked --test policy an_evaluation_costs

.PHONY: fmt
fmt: ## Check the format
	$(CARGO) fmt --all -- --check

.PHONY: lint
lint: ## Run clippy
	@echo "== linting =="
	$(CARGO) clippy --workspace --all-targets --locked -- -D warnings
	$(CARGO) clippy --package prometheus-env-isolation-policy --lib --features module --locked -- -D warnings

.PHONY: lint-pipelines
lint-pipelines: ## Lint the workflows, the scripts and the Containerfile (needs linters)
	hack/lint-pipelines

.PHONY: clean
clean: ## Remove what was built
	$(CARGO) clean
	rm -f policy.wasm noop.wasm annotated-policy.wasm
