#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Makes the images of shop.yaml of Debian packages, in podman's storage; what makes them a shop is in the gear file.
# Usage, as root: images.sh [SUITE]
set -eu
suite=${1:-bookworm}

image() {
  mmdebstrap --variant=minbase --include="$2" "$suite" - | podman import - "localhost/$1:1"
}

image shop-proxy nginx-light,curl
image shop-web python3-psycopg2
image shop-db postgresql
