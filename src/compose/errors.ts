// SPDX-License-Identifier: Apache-2.0
import { defineErrors } from "../base/index.ts";

export const composeError = defineErrors("compose", {
  "treefile-syntax": "The treefile is not valid YAML or JSON. The message gives line and column.",
  "treefile-key":
    "A treefile has a key that is not known. Unknown keys are refused so that a typing error cannot hide.",
  "treefile-value": "A treefile key has a value of the wrong kind. The message says what is expected.",
  "treefile-unsupported":
    "A treefile key that rpm-ostree knows cannot be done for this kind of tree (yet). Remove it, or do its work in `postprocess`.",
  "treefile-include": "A treefile includes a file that is missing, that includes itself, or the includes are too deep.",
  "treefile-incomplete": "The treefile lacks a key that the command needs, such as `ref`, `packages` or `apt`.",
  exists: "A command found something where it would write, and changes nothing that is there.",
  "unknown-lint": "`compose lint --skip` names a lint that there is not; `compose lint --list` shows all.",
  lockfile:
    "A lockfile cannot be read: it is missing, not JSON or YAML, or a package's entry is not `{evr}` or `{evra}` with perhaps `digest` and `metadata`.",
  "missing-layer":
    "A ref of `ostree-layers` or `ostree-override-layers` is not in the repository, or not in --layer-repo.",
  "bad-package": "A package has a path, a file type or a control file that cannot be taken into a tree.",
  image:
    "A container image cannot be written as asked: the message says which option or what about the image is in the way.",
  "bad-tree":
    "A directory that is to be postprocessed or committed has what a deployment cannot have, or lacks what it needs.",
  extensions: "An extensions.yaml cannot be read, or its packages do not go with the base that they are for.",
  "file-conflict":
    "Two packages bring the same path with different content and neither declares that it replaces the other. Exclude one of them.",
  "unknown-account":
    "A file of a package belongs to a user or group that neither the tree's passwd and group files nor scriptlets have.",
  "account-drift":
    "A user or group has another number than before, or is gone while files belong to it; `check-passwd` or `check-groups` forbids that.",
  "script-failed": "A package's maintainer script ended with an error; its last lines are shown.",
  "script-time":
    "A script or program of the tree took longer than --script-timeout allows; it was ended with all that it had started.",
  "postprocess-failed": "A `postprocess` script of the treefile ended with an error; its last lines are shown.",
  "finalize-failed":
    "A program of the directory `finalize.d` beside the treefile ended with an error; its last lines are shown.",
  "step-failed": "A program of the tree (dracut, depmod, systemctl) that compose needs ended with an error.",
  "no-kernel": "A tree that boots needs exactly one kernel in /usr/lib/modules.",
  foreign:
    "A program of the tree must run, and it is for another architecture than this machine. Trees whose packages have no scriptlets but in Lua can be composed anywhere.",
  "root-key":
    "The tree's prepare-root.conf has `enabled = signed`, and its initramfs could not verify any signature: every boot would be refused. Add the key, and on Debian the dracut module, by `add-files`.",
  "missing-program": "The tree lacks a program that compose must run inside it. Add the package that has it.",
  "bad-policy": "The tree's SELinux policy cannot be read.",
  "not-root": "A compose keeps the owners of files and mounts overlays, which takes root.",
});
