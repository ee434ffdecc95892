# The sidecar's image: one static program and nothing that it does not need. `make image` builds it; docs/compose.md tells more.
# Each platform is built on its own kind (by emulation, where a machine is of another one).

FROM docker.io/library/rust:1.95-alpine AS build
# cargo-auditable keeps the list of all that is linked in inside the program, where scanners find it: its SBOM.
# Alpine keeps one version of each package, so a pinned one would be gone soon.
# hadolint ignore=DL3018
RUN apk add --no-cache ca-certificates cmake g++ make musl-dev perl \
    && cargo install --locked cargo-auditable@0.7.7
WORKDIR /source
COPY Cargo.toml Cargo.lock ./
COPY src src
# Its documentation is part of the library; and cargo wants to see the other targets' main files.
COPY docs docs
COPY benches benches
COPY tests/support tests/support
RUN cargo auditable build --locked --release --bin ejabberd-sidecar \
    && strip target/release/ejabberd-sidecar \
    && mkdir -p /image/etc/ssl/certs \
    && cp target/release/ejabberd-sidecar /image/ \
    && cp /etc/ssl/certs/ca-certificates.crt /image/etc/ssl/certs/

FROM scratch
ARG VERSION=0.1.0
ARG REVISION=unknown
ARG CREATED=1970-01-01T00:00:00Z
LABEL org.opencontainers.image.title="ejabberd-sidecar" \
      org.opencontainers.image.description="Token login and uploads into object storage for stock ejabberd" \
      org.opencontainers.image.licenses="MIT OR Apache-2.0" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}" \
      org.opencontainers.image.created="${CREATED}"
# The program and the authorities of the web, and nothing else: the program asks after its own health (`health`), and hands itself out to ejabberd
# (`install`).
COPY --from=build /image/ /
USER 65532:65532
EXPOSE 8080 8082
ENTRYPOINT ["/ejabberd-sidecar"]
CMD ["serve", "--config", "/etc/ejabberd-sidecar/sidecar.toml"]
