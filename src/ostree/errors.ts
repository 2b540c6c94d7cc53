// SPDX-License-Identifier: Apache-2.0
import { defineErrors } from "../base/index.ts";

export const ostreeError = defineErrors("ostree", {
  "bad-checksum": "A checksum is not 64 lowercase hexadecimal digits.",
  "bad-ref": "A ref or remote name has characters other than letters, digits and . _ - /, or an empty part.",
  "not-a-repo":
    "The directory is not an OSTree repository, or its config file is damaged. `atomic ostree init` makes one.",
  "bad-config": "The repository's config file has a value that is not understood.",
  "repo-exists": "The repository exists already and has another mode.",
  "no-such-ref": "The repository has no such ref or commit. `atomic ostree refs` lists the refs.",
  "ambiguous-checksum": "More than one commit begins with these digits. Give more of them.",
  "no-parent": "The commit has no parent commit.",
  "no-such-object":
    "An object is missing from the repository: a pull was cut short, or it was pruned. Pull again, or run fsck.",
  "corrupt-object":
    "An object's content does not match its checksum or its format. `atomic ostree fsck` finds such objects.",
  "no-such-path": "The commit has no such file or directory.",
  "not-a-directory": "A path that should be a directory is a file.",
  "is-a-directory": "A path that should be a file is a directory.",
  "unsupported-file":
    "Only regular files, symbolic links and directories can be committed; no devices, FIFOs and sockets.",
  "bad-name": "A file name is empty, `.`, `..`, has a slash, or is not UTF-8: no repository can hold it.",
  "bad-mode": "A bare-user-only repository holds only files without setuid, setgid, sticky and world-writable bits.",
  "changed-while-read": "A file changed while it was being committed. Commit again when nothing writes to the tree.",
  "no-space": "The file system of the repository has less free space than its min-free-space setting reserves.",
  "checkout-exists": "The destination of a checkout exists already.",
  "checkout-conflict": "A file of the checkout is already in the destination, with other content.",
  "cannot-hardlink": "The files cannot be hard-linked: repository mode, checkout mode or file system forbid it.",
  "bad-statoverride": "A line of a statoverride file is not `=MODE PATH` or `MODE PATH` with a decimal mode.",
});
