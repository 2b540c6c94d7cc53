#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# For trees whose prepare-root.conf says `[composefs] enabled = signed` and whose libostree has been built without Ed25519,
# as Debian's: its ostree-prepare-root would refuse every boot. What it cannot do is done before it, by verify-root; it then
# mounts the image with fs-verity required, as for `enabled = verity`.

config=/usr/lib/ostree/prepare-root.conf
key=/etc/ostree/initramfs-root-binding.key

check() {
    grep -Eqs '^[[:space:]]*enabled[[:space:]]*=[[:space:]]*signed[[:space:]]*$' "${dracutsysrootdir-}$config" || return 255
    # It verifies signatures itself.
    ostree --version | grep -q 'sign-ed25519' && return 255
    # dracut must not leave it out in silence: without it nothing would be verified.
    [[ -s ${dracutsysrootdir-}$key ]] || { dfatal "$key has no key, but $config wants the root signed"; exit 1; }
    return 0
}

depends() {
    echo ostree
}

install() {
    inst_multiple od tr grep dd base64 readlink mktemp rm cat openssl fsverity
    inst_simple "$key"
    inst_script "$moddir/verify-root" /usr/lib/atomic/verify-root
    inst_simple "$moddir/atomic-verify-root.service" "$systemdsystemunitdir/atomic-verify-root.service"
    inst_simple "$moddir/ostree-prepare-root.conf" "$systemdsystemunitdir/ostree-prepare-root.service.d/10-atomic.conf"
    sed -Ei 's/^[[:space:]]*enabled[[:space:]]*=[[:space:]]*signed[[:space:]]*$/enabled = verity/' "$initdir$config"
}
