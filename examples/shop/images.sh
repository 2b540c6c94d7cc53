#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Makes the images of shop.yaml of Debian packages, in podman's storage: three layers upon one that they share. What makes
# them a shop is in the gear file. Needs mmdebstrap, podman and Debian's mirror.
# Usage, as root: images.sh [SUITE [PREFIX]]
#   images.sh trixie registry.example.org/acme   makes registry.example.org/acme/shop-web:1 ..., ready for podman push
set -eu
suite=${1:-trixie}
prefix=${2:-localhost}

# Nobody reads manuals in a container, and a shop's questions are answered sooner than LLVM has compiled them.
mmdebstrap --quiet --variant=minbase \
  --dpkgopt='path-exclude=/usr/share/doc/*' \
  --dpkgopt='path-exclude=/usr/share/man/*' \
  --dpkgopt='path-exclude=/usr/share/locale/*' \
  --dpkgopt='path-exclude=/usr/lib/*/libLLVM*' \
  --dpkgopt='path-exclude=/usr/lib/llvm*' \
  --dpkgopt='path-exclude=/usr/lib/postgresql/*/lib/bitcode/*' \
  --dpkgopt='path-exclude=/usr/lib/postgresql/*/lib/llvmjit*' \
  "$suite" - | podman import --quiet - localhost/shop-base

# The database's own package makes one; the shop's is in its volume.
image() {
  name=$prefix/$1:1
  shift
  podman build --quiet --isolation=chroot --tag "$name" - <<END
FROM localhost/shop-base
RUN export DEBIAN_FRONTEND=noninteractive \\
 && apt-get update && apt-get install --yes --no-install-recommends $* && apt-get clean \\
 && rm -rf /var/lib/apt/lists/* /var/log/* /var/lib/postgresql/*
END
}

image shop-proxy nginx-light curl
image shop-web python3-psycopg2
image shop-db postgresql
