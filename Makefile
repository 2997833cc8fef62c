# Short names for everything one does in this repository. The build itself is CMake's (CMakePresets.json); every target
# first does whatever set-up it needs, and does nothing twice.
.DEFAULT_GOAL := help
.PHONY: help demo test build mpi model embedding-model bench peers load server-bench interop embedding-peer format \
        format-check lint sanitize fuzz clean setup setup-mpi setup-lint setup-format setup-fuzz setup-browser setup-clients

MODEL := build/models/SmolLM2-135M-Instruct-F32.gguf
CLANG_FORMAT ?= clang-format-19
FUZZ_SECONDS ?= 60
LOAD_SECONDS ?= 600
LOAD_MODEL ?= $(MODEL)
LOAD_STEER ?= $(addprefix build/demo/, positive-review optimistic-outlook positive-review/vectors.gguf)
LOAD_OPTIONS ?=
SERVER_BENCH_OPTIONS ?=
BENCH_PARTS ?=
PEERS_OPTIONS ?=
FUZZ_CXX = clang++-19 -std=c++20 -g -O1 -fsanitize=fuzzer,address,undefined -Iinclude -Isrc
# All of the protocol but for what asks vectors about their layers, and what it uses.
REQUEST_SOURCES = $(filter-out src/serve/protocol/steerings.cpp, $(wildcard src/serve/protocol/*.cpp)) \
                  src/base/base64.cpp src/base/json_value.cpp src/data/text.cpp src/generate/layer_choice.cpp
SOURCES = $(shell find include src tests bench examples fuzz -name '*.h' -o -name '*.cpp')

help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-15s %s\n", $$1, $$2 }' $(firstword $(MAKEFILE_LIST))

demo: model ## the main job on the default model and built-in data: a table, and build/demo/results.json
	scripts/demo.sh build/release/w2s $(MODEL) build/demo

# Configured again, because what was installed just now is to be found.
test: setup setup-mpi setup-browser setup-clients ## builds everything and runs the tests that take it as people run it
	cmake --preset release
	cmake --build --preset test
	scripts/run-tests.py release

build: setup build/release/build.ninja ## build/release/w2s
	cmake --build --preset release --target w2s

mpi: setup setup-mpi build/release/build.ninja ## the same for several machines, with Open MPI
	cmake --preset release -DW2S_MPI=ON
	cmake --build --preset release --target w2s

model: setup build/release/build.ninja ## the default model, in build/models
	cmake --build --preset release --target model

embedding-model: setup build/release/build.ninja ## a real embedding model, in build/models (needs PyTorch: see its script)
	cmake --build --preset release --target embedding-model

bench: model ## the benchmarks, as one table of ratios: BENCH_PARTS="sweep growth ..." or all
	cmake --build --preset release --target w2s_bench
	build/release/bench/w2s_bench $(BENCH_PARTS)

peers: model ## the sweep beside PyTorch's best plans, in one run
	cmake --build --preset release --target sweep_rounds
	scripts/compare-sweeps.sh build/release/bench/peers/sweep_rounds $(MODEL) $(PEERS_OPTIONS)

load: model | build/demo/results.json ## w2s serve under everything that clients do, for LOAD_SECONDS (600); needs Linux
	PYTHONPATH=tests/support python3 bench/server_load.py build/release/w2s $(LOAD_MODEL) --steer $(LOAD_STEER) \
	  --seconds $(LOAD_SECONDS) $(LOAD_OPTIONS)

server-bench: model | build/demo/results.json ## w2s serve beside llama.cpp's own server, and steered beside unsteered
	cmake --build --preset release --target llama-server
	PYTHONPATH=tests/support python3 bench/server_bench.py build/release/w2s build/release/llama-server $(MODEL) \
	  --steer build/demo/positive-review $(SERVER_BENCH_OPTIONS)

interop: setup build/release/build.ninja ## llama.cpp's own program against w2s, with exported steering vectors
	cmake --build --preset release --target interop

embedding-peer: setup build/release/build.ninja ## llama.cpp's own server against w2s, with the embedding model
	cmake --build --preset release --target embedding-peer

format: setup-format ## formats the sources
	$(CLANG_FORMAT) -i $(SOURCES)
	scripts/npm.sh run --silent format

format-check: setup-format ## fails where `make format` would change something
	$(CLANG_FORMAT) --dry-run -Werror $(SOURCES)
	scripts/npm.sh run --silent format-check

lint: setup setup-lint build/tidy/build.ninja ## the rules of the rooms, types, and clang-tidy on what changed since it passed
	python3 scripts/check-rooms.py
	scripts/npm.sh run --silent lint
	cmake --build --preset tidy

sanitize: model setup-mpi setup-clients build/dev/build.ninja ## all tests, with warnings as errors and address/undefined sanitizers
	cmake --build --preset dev
	scripts/run-tests.py dev

fuzz: build setup-fuzz ## gives the data readers and the server's request parser a minute each of damaged input
	mkdir -p build/fuzz/corpus build/fuzz/corpus_requests
	$(FUZZ_CXX) fuzz/dataset_fuzz.cpp src/data/*.cpp src/base/*.cpp build/release/src/data/builtin_files.cpp \
	  -lfmt -lcrypto -o build/fuzz/dataset_fuzz
	build/fuzz/dataset_fuzz -max_total_time=$(FUZZ_SECONDS) build/fuzz/corpus
	$(FUZZ_CXX) fuzz/request_fuzz.cpp $(REQUEST_SOURCES) -lfmt -o build/fuzz/request_fuzz
	build/fuzz/request_fuzz -max_total_time=$(FUZZ_SECONDS) -max_len=4096 -dict=fuzz/request_fuzz.dict \
	  build/fuzz/corpus_requests fuzz/corpus_requests

clean: ## removes build/; downloads and llama.cpp stay in the cache
	rm -rf build

setup:
	@scripts/setup.sh build
setup-mpi:
	@scripts/setup.sh mpi
setup-lint:
	@scripts/setup.sh lint
setup-format:
	@scripts/setup.sh format
setup-fuzz:
	@scripts/setup.sh fuzz
setup-browser:
	@scripts/setup.sh browser
setup-clients:
	@scripts/setup.sh clients

build/demo/results.json: | model
	scripts/demo.sh build/release/w2s $(MODEL) build/demo

# Order-only on the set-up: it comes first and never makes anything out of date.
build/%/build.ninja: CMakePresets.json | setup
	cmake --preset $*
