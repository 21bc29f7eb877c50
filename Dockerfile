# The toolchain that users, CI and `./dev` share, and the image that ships: one static binary in an empty root.
# `docker build .` makes the shipped image from a checkout and needs nothing else; `./dev image` makes the same one with a compiler cache.

FROM debian:trixie-slim AS toolchain
RUN apt-get update \
 && DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends \
      g++-14 cmake ninja-build ccache mold pkgconf clang-format clang-tidy git ca-certificates \
      libboost1.88-dev libboost-charconv1.88-dev libboost-json1.88-dev libspdlog-dev libtomlplusplus-dev libcli11-dev \
      libc-ares-dev libssl-dev zlib1g-dev libzstd-dev doctest-dev librapidcheck-dev \
      python3 python3-pytest python3-pytest-timeout python3-pytest-xdist python3-mypy python3-yaml \
      docker-cli shellcheck codespell iproute2 iptables procps \
 && rm -rf /var/lib/apt/lists/* \
 && ln -s g++-14 /usr/bin/c++ && ln -sf gcc-14 /usr/bin/cc || test -e /usr/bin/c++
ENV CXX=g++-14 CC=gcc-14 CCACHE_DIR=/ccache

FROM toolchain AS build
COPY . /source
WORKDIR /source
RUN cmake --preset release -B /build && cmake --build /build --target ordinal && strip -o /ordinal /build/agent/ordinal

FROM scratch
COPY --from=build /ordinal /ordinal
USER 999:999
ENTRYPOINT ["/ordinal"]
