// SPDX-License-Identifier: Apache-2.0
import { defineErrors } from "../base/index.ts";

export const hostError = defineErrors("host", {
  "not-a-sysroot":
    "The directory has no OSTree system root (ostree/repo). Give the right one, or make it with `atomic host init`.",
  "bad-sysroot":
    "The system root is damaged: a boot entry, link or state file does not read as it must. The message names it.",
  exists: "What was to be made is there already.",
  "no-stateroot": "No such stateroot (name of an operating system with its own /var) in the system root.",
  "bad-stateroot": "A stateroot name is one path component of letters, digits and . _ - and does not start with a dot.",
  "bad-name":
    "A deployment's name is one word of letters, digits and . _ - that is no number, checksum, booted, pending or rollback.",
  "bad-etc-path": "A path is not below /etc, or is there as the version shipped it.",
  "bad-refspec": "The branch to follow cannot be made of what was given. Write REMOTE:BRANCH.",
  "not-supported": "The host cannot do this yet; the message says what to do instead.",
  "bad-spec":
    "The text that says what the host is made of has a fault, where the message says. `atomic host edit` shows what it is now.",
  "no-repository": "A package repository that was named is not among those of the host.",
  "layer-request":
    "What was asked of the layered packages does not go with what is requested already. `atomic host status` lists that; --idempotent accepts what is done already.",
  "broken-layers":
    "Packages that are layered on this host do not fit the new version. Uninstall them, wait until the repositories have fitting ones, or leave them out with --skip-broken-layers.",
  driver: "Another program drives the updates of this host. Ask it, or give --bypass-driver.",
  "no-deployment": "There is no such deployment. `atomic host status` lists them.",
  "not-booted": "This works only on a machine that was booted from a deployment (/run/ostree-booted).",
  "no-rollback": "There is only one deployment, so there is nothing to go back to.",
  "no-kernel": "The commit has no kernel at usr/lib/modules/VERSION/vmlinuz, so it cannot be booted.",
  "no-os-release": "The commit has no usr/lib/os-release with PRETTY_NAME or ID; the boot menu needs a title.",
  "bad-tree": "The commit does not have the layout of a host (usr/etc, no populated etc beside it).",
  "etc-conflict":
    "A file that was changed below /etc is a directory in the new version, or the other way round. Move it out of the way; `atomic host` keeps it beside the new one instead.",
  "no-space":
    "There is not enough free space for what was asked. Nothing was changed. Remove old deployments or files first.",
  "no-origin":
    "The deployment does not say where its updates come from. Set it with `atomic host rebase` or an origin file.",
  downgrade: "The new version is older than the one it would replace. Give --allow-downgrade if that is wanted.",
  "no-karg": "The kernel argument that was to be changed is not there as given.",
  "in-use": "The deployment cannot be removed or changed as asked because it is booted, staged or needed.",
  "finalize-failed":
    "The staged deployment could not be made the default at shutdown; the machine booted what it had before.",
  "boot-loader":
    "The boot loader's own program failed. Run it by hand to see why; what the message names is what was started.",
  "read-only": "The system root is read-only and could not be made writable; run the command as root.",
  "no-version": "No commit of the configured branch has that version.",
  cancelled:
    "The change was cancelled by the one who asked for it, or another with the right to. What boots is unchanged.",
  "bad-config": "A configuration file of the host (/etc/atomic/...) has a value that is not one of those allowed.",
  corrupt:
    "Objects of the commit are damaged or missing on the disk, and could not be fetched again. Nothing was deployed. Check the disk, and that the remote can be reached.",
  "unsigned-root":
    "The version wants its root signed, and its own initramfs would refuse to boot it: sign the commit with the key that it was composed with (`atomic ostree sign`), and pull it again. Nothing was deployed.",
  "failed-before":
    "The newest version was tried on this machine and did not come up, so that it was rolled back. Updates pass it over until there is a newer one; `atomic host health allow VERSION` lets it be tried again.",
  "on-trial":
    "The running version has not shown yet that it is healthy. Wait until its checks are through (`atomic host health list`); an update now would leave nothing to go back to.",
  "nothing-pending":
    "No version waits to be booted, so there is nothing to apply to the running system. Upgrade first, or name a commit with --target.",
  replaces:
    "The running system would lose or exchange packages while their programs may run, or the packages are not known. Reboot into the version instead, or give --allow-replacement.",
  unchanged: "What was asked for is so already.",
  busy: "Another program is changing the system root. Wait for it, or see who holds the lock.",
});
