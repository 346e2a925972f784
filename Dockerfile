# SPDX-License-Identifier: Apache-2.0
# Images of Vigil5G: targets cli (vigil), agent (vigil-agent), collector (vigil-collector),
# enrol (vigil-enrol-server).
#   make docker            builds those whose programs exist, with podman or docker
# Each image is made from nothing: one program, the libraries that it loads, its data. No shell, no package manager, no
# root. What is inside is recorded in /var/lib/dpkg/status.d, so that scanners of images see versions.
# Pin BASE by digest for a release: debian:12-slim@sha256:...
ARG BASE=debian:12-slim

FROM ${BASE} AS build
WORKDIR /src
# The packages depend on the Makefile alone: a changed source does not fetch them again.
COPY Makefile ./
RUN apt-get update -qq && \
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends make >/dev/null && \
    make deps && \
    rm -rf /var/lib/apt/lists/*
COPY . .
RUN make -j"$(nproc)" CFLAGS='-O2' PREFIX=/usr all && make -s CFLAGS='-O2' PREFIX=/usr DESTDIR=/out install
RUN sh deploy/image/rootfs.sh /out /image

FROM scratch AS cli
ARG VERSION=0.1.0
ARG REVISION=unknown
LABEL org.opencontainers.image.title="vigil" \
      org.opencontainers.image.description="Vigil5G: scans configuration and captures of a 5G core" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}" \
      org.opencontainers.image.licenses="Apache-2.0"
COPY --from=build /image/vigil/ /
USER 10001:10001
WORKDIR /data
ENTRYPOINT ["/usr/bin/vigil"]
CMD ["--help"]

FROM scratch AS agent
ARG VERSION=0.1.0
ARG REVISION=unknown
LABEL org.opencontainers.image.title="vigil-agent" \
      org.opencontainers.image.description="Vigil5G: reports facts about network functions and their host" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}" \
      org.opencontainers.image.licenses="Apache-2.0"
COPY --from=build /image/vigil-agent/ /
USER 10001:10001
WORKDIR /var/lib/vigil5g/agent
# The program looks at itself: there is nothing else in the image that could. Whether its facts arrive the collector knows.
HEALTHCHECK --interval=30s --timeout=5s --start-period=20s --retries=3 \
    CMD ["/usr/sbin/vigil-agent", "--check"]
ENTRYPOINT ["/usr/sbin/vigil-agent"]
CMD ["--config", "/etc/vigil5g/agent.yaml"]

FROM scratch AS collector
ARG VERSION=0.1.0
ARG REVISION=unknown
LABEL org.opencontainers.image.title="vigil-collector" \
      org.opencontainers.image.description="Vigil5G: judges facts and keeps the life of findings" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}" \
      org.opencontainers.image.licenses="Apache-2.0"
COPY --from=build /image/vigil-collector/ /
USER 10001:10001
WORKDIR /var/lib/vigil5g/collector
# NETCONF call home over TLS (RFC 8071, netconf-ch-tls).
EXPOSE 4335/tcp
HEALTHCHECK --interval=30s --timeout=5s --start-period=20s --retries=3 \
    CMD ["/usr/sbin/vigil-collector", "--health"]
ENTRYPOINT ["/usr/sbin/vigil-collector"]
CMD ["--config", "/etc/vigil5g/collector.yaml"]

FROM scratch AS enrol
ARG VERSION=0.1.0
ARG REVISION=unknown
LABEL org.opencontainers.image.title="vigil-enrol-server" \
      org.opencontainers.image.description="Vigil5G: gives certificates to agents" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}" \
      org.opencontainers.image.licenses="Apache-2.0"
COPY --from=build /image/vigil-enrol-server/ /
USER 10001:10001
WORKDIR /var/lib/vigil5g/enrol
# CMP over HTTP (RFC 6712).
EXPOSE 4336/tcp
HEALTHCHECK --interval=30s --timeout=5s --start-period=20s --retries=3 \
    CMD ["/usr/sbin/vigil-enrol-server", "--check"]
ENTRYPOINT ["/usr/sbin/vigil-enrol-server"]
CMD ["--config", "/etc/vigil5g/enrol.yaml"]
