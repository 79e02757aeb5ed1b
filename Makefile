# Sightline. `make help` tells what there is.
# Building needs Go, Python 3 with venv, a C compiler and make; no root.

SHELL := bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

PYTHON ?= python3
# Outputs of the official RAM++ code that the exporter is held against. Without the folder the tests fail; with GOLDEN= they
# run without parity and say so.
GOLDEN ?= ../shared/golden
TOOLS := .tools
# libjpeg-turbo is compiled in where pkg-config finds it. Asked anew by every recipe: `make test` may just have installed it.
GOTAGS = $(shell pkg-config --exists 'libturbojpeg >= 2.1' 2>/dev/null && echo turbojpeg)
VERSION := $(shell git describe --tags --always --dirty 2>/dev/null || echo unknown)

GOLANGCI_LINT_VERSION := v2.15.0
GOLANGCI_LINT := $(TOOLS)/bin/golangci-lint-$(GOLANGCI_LINT_VERSION)
RUFF := $(TOOLS)/lint/bin/ruff
HADOLINT := $(TOOLS)/lint/bin/hadolint

.PHONY: help setup lib lib-cuda build run test test-training half model lint fmt bench bench-go performance clean

help: ## Tell what each target does.
	@echo "make run                  builds everything, indexes the sample gallery, serves the search page"
	@echo "make run IMAGES=folder    the same with your own images"
	@echo "make test                 sets up what the tests need and runs them"
	@echo
	@awk -F':.*## ' '/^[a-z-]+:.*## / {printf "  %-14s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: ## Install what the tests need (apt, as root or with sudo; otherwise names the packages and fails).
	@scripts/setup.sh

lib: ## Fetch the pinned ONNX Runtime into lib/ (once).
	@$(PYTHON) scripts/fetch_onnxruntime.py

lib-cuda: ## Fetch ONNX Runtime's GPU build for NVIDIA cards into lib/cuda/ (270 MB; docs/cuda.md).
	@$(PYTHON) scripts/fetch_onnxruntime.py --cuda

build: lib ## Build bin/sightline, which runs from any folder.
	@[ -e bin/sightline ] || echo "make: building bin/sightline; the first time takes some minutes" >&2
	@go build -tags "$(GOTAGS)" -ldflags "-X main.version=$(VERSION)" -o bin/sightline ./cmd/sightline

run: build ## Index IMAGES (the sample gallery) and serve the search page on 127.0.0.1 (PORT, 8080 or the next free one).
	@scripts/run.sh "$(or $(IMAGES),gallery)"

test: setup build ## Set up and run every Go test (TESTFLAGS are go test's).
	go test -tags "$(GOTAGS)" -timeout 30m $(TESTFLAGS) ./...
	$(if $(GOTAGS),go test $(TESTFLAGS) ./internal/imagefile/... ./encoder/...) # without libjpeg-turbo, too

test-training: build .venv-training/ready ## Run the tests of training/ (makes .venv-training with PyTorch: some GB, once).
	SIGHTLINE_GOLDEN="$(abspath $(GOLDEN))" SIGHTLINE_BIN="$(CURDIR)/bin/sightline" .venv-training/bin/python -m pytest -q training/tests

half: .venv-training/ready ## Write the default model with f16 graphs for NVIDIA cards into models/half (docs/cuda.md).
	.venv-training/bin/python -m training.half models/default --out models/half

model: .venv-training/ready ## Train the default model anew into models/default from DATA (two and a half hours on two cores).
	.venv-training/bin/python -m training.reproduce

lint: $(GOLANGCI_LINT) $(RUFF) ## Check formatting, code rules, layers, modules, the Python code and the Dockerfile.
	go mod verify
	$(PYTHON) scripts/notices.py --check
	$(GOLANGCI_LINT) run --allow-parallel-runners --build-tags "$(GOTAGS)" ./...
	$(RUFF) check .
	$(RUFF) format --check .
	$(HADOLINT) Dockerfile
	$(PYTHON) scripts/scale.py --check

fmt: $(GOLANGCI_LINT) $(RUFF) ## Format the Go and the Python code.
	$(GOLANGCI_LINT) fmt ./...
	$(RUFF) format .

bench: build ## Measure this machine's speed, as ratios (BENCH are flags of `sightline bench`).
	bin/sightline bench $(BENCH)

performance: build .venv-training/ready ## Measure everything on a quiet machine and write docs/performance.md anew (half an hour, 5 GB of disk).
	bin/sightline bench --json --max-images 100000 --python .venv-training/bin/python > docs/performance/bench.new
	mv docs/performance/bench.new docs/performance/bench.json
	.venv-training/bin/python -m training.decoder_speed --json docs/performance/decoder.json
	$(PYTHON) scripts/performance.py

bench-go: lib ## Run the Go benchmarks of the decoder, the encoder, the store and the shared cache (needs redis-server).
	go test -tags "$(GOTAGS)" -run '^$$' -bench . -benchmem ./align/... ./encoder/... ./vectordb/... ./cache/...

clean: ## Remove everything that was built or fetched here; indexes in .sightline/ too.
	rm -rf bin lib $(TOOLS) .venv-training .sightline coverage.out

$(GOLANGCI_LINT):
	@echo "make: building golangci-lint $(GOLANGCI_LINT_VERSION), once (some minutes)" >&2
	@GOBIN="$(CURDIR)/$(TOOLS)/bin" go install github.com/golangci/golangci-lint/v2/cmd/golangci-lint@$(GOLANGCI_LINT_VERSION)
	@mv $(TOOLS)/bin/golangci-lint $@

$(RUFF): scripts/lint.txt
	@$(PYTHON) -m venv $(TOOLS)/lint
	@$(TOOLS)/lint/bin/pip --disable-pip-version-check install --quiet --require-hashes --only-binary=:all: --requirement scripts/lint.txt
	@touch $@

.venv-training/ready: training/requirements.txt
	$(PYTHON) -m venv .venv-training
	.venv-training/bin/pip --disable-pip-version-check install --quiet --requirement training/requirements.txt
	@touch $@
