# syntax=docker/dockerfile:1
# One static program for musl, in an image without anything else; for amd64 and arm64, each built on its own platform:
#
#   docker buildx build --platform linux/amd64,linux/arm64 --sbom=true --provenance=true --tag ejabberd-sidecar:0.1.0 .
#
# The dependencies are written into the program (cargo-auditable), where scanners and the SBOM find them.
ARG RUST=1.95

FROM docker.io/library/rust:${RUST}-alpine AS build
SHELL ["/bin/ash", "-o", "pipefail", "-c"]
# hadolint ignore=DL3018
RUN apk add --no-cache build-base busybox-static ca-certificates cmake linux-headers \
    && cargo install --locked cargo-auditable
WORKDIR /src
COPY . .
RUN --mount=type=cache,target=/usr/local/cargo/registry --mount=type=cache,target=/src/target,sharing=locked \
    cargo auditable build --locked --release --bin ejabberd-sidecar \
    && install -D target/release/ejabberd-sidecar /out/ejabberd-sidecar \
    && strip /out/ejabberd-sidecar \
    && ! readelf --dynamic /out/ejabberd-sidecar | grep NEEDED \
    # For the init container that gives ejabberd its login program: busybox is the program that it is called by.
    && install -D /bin/busybox.static /out/bin/cp \
    && install -D -m 644 /etc/ssl/certs/ca-certificates.crt /out/etc/ssl/certs/ca-certificates.crt \
    # New volumes take their owner from these.
    && install -d -o 9000 -g 9000 /out/var/lib/ejabberd-sidecar /out/run/ejabberd-sidecar \
    && [ "$(du -sk /out | cut -f 1)" -lt 25000 ]

FROM scratch
ARG VERSION=0.1.0
ARG REVISION=""
ARG CREATED=""
LABEL org.opencontainers.image.title="ejabberd-sidecar" \
    org.opencontainers.image.description="Token login and uploads into object storage for stock ejabberd" \
    org.opencontainers.image.licenses="MIT OR Apache-2.0" \
    org.opencontainers.image.version="${VERSION}" \
    org.opencontainers.image.revision="${REVISION}" \
    org.opencontainers.image.created="${CREATED}"
COPY --from=build /out /
# That of ejabberd's image: both share the socket of logins.
USER 9000:9000
WORKDIR /var/lib/ejabberd-sidecar
EXPOSE 8080 8082
ENTRYPOINT ["/ejabberd-sidecar"]
CMD ["serve"]
