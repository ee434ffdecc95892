# Each target is one command; scripts/ says what it does and what it installs.
# Settings come from the environment: `UP_PUBLIC_PORT=9080 make up`.

.DEFAULT_GOAL := help
.PHONY: help up build image test test-matrix test-s3 test-browser test-deploy test-compose soak fuzz bench docs lint

help: ## this list
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / { printf "make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

up: ## stock ejabberd and the sidecar, ready to log in to, until Ctrl-C; STORE=s3: with an S3 server
	@scripts/up

build: ## the release binary, in target/release
	@bash -c 'source scripts/lib.sh && require_cargo && install_build_tools && cargo build --locked --release'

image: ## the container image, by docker or podman
	@scripts/image

test: ## all tests: Rust, hurl, end to end on Debian's ejabberd
	@scripts/test

test-matrix: ## the end-to-end tests on the newest ejabberd, and with Prosody
	@scripts/test-matrix

test-s3: ## the tests of object storage on Garage, the real server
	@scripts/test-s3

test-browser: ## web clients in Chromium, Converse.js too, upload and download; what is uploaded never runs
	@scripts/test-browser

test-deploy: ## the chart: linted, rendered, checked against Kubernetes' schemas, its pod run with real ejabberd
	@scripts/test-deploy

test-compose: ## the image and docker-compose.yml with real containers, without pulling any
	@scripts/test-compose

soak: ## a million logins each through bridge and hook: every answer right, nothing grows
	@scripts/soak

fuzz: ## the parsers of tokens, keys and frames, FUZZ_SECONDS (30) each
	@scripts/fuzz

bench: ## numbers beside their goals, and beside nginx and Prosody
	@scripts/bench

docs: ## docs/configuration.md and the table of docs/metrics.md, made of the types; the chart's README, of its values
	@python3 tests/deploy/chart_readme.py
	@WRITE_DOCS=1 cargo test --quiet --locked --test configuration --test metrics the_page_is_up_to_date >/dev/null

lint: ## formatting, clippy, docs, shell, YAML and Python: warnings are errors
	@scripts/lint
