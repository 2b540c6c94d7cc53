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
  "gpg-keys": "GPG keys could not be read or found. `gpg --export KEY` makes a file that `remote gpg-import` takes.",
  "gpg-verify":
    "A commit or summary has no valid GPG signature by a key that this remote trusts. Import the publisher's key with `atomic ostree remote gpg-import`; gpg-verify=false in the remote's config turns the check off.",
  "sign-keys":
    "Keys for signatures could not be read or are of another kind. An ed25519 key is base64: 32 bytes the public one, 64 bytes (seed and public key) the secret one; an spki key is a PEM file, or its base64 on the command line.",
  "sign-verify":
    "A commit, summary or delta has no valid signature by a key that is trusted. `atomic ostree remote add --sign-verify=TYPE=file:PATH` says which keys a remote is trusted by.",
  remote: "A remote is unknown, exists already, or lacks a setting.",
  "no-such-delta": "There is no such static delta. `atomic ostree static-delta list` lists a repository's deltas.",
  "corrupt-delta":
    "A static delta is damaged, or tries what no delta may: its instructions or sizes contradict its own headers. Delete it and make or fetch it again; a pull with --disable-static-deltas does without.",
  unsupported: "The repository or remote uses a feature that this program does not support.",
  "no-such-remote-ref": "The remote repository has no such ref. `atomic ostree remote refs REMOTE` lists what it has.",
  "pull-failed": "A pull could not be completed; nothing of it is visible. Pull again: what was fetched is kept.",
  "pull-refused":
    "A commit that was pulled is not what was asked for: it is bound to another ref, or older than what is there.",
  corrupt:
    "The repository has objects that are missing or damaged. `fsck --delete` removes them; a pull fetches them again.",
  "in-use": "A commit that should be deleted is what a ref points to. Delete or move the ref first.",
  "bad-option": "An option of an ostree command has a value that it cannot have, or does not go with another one.",
  "bad-date": "A date is not understood. Write `2026-01-31 12:00`, `@1767225600`, or `2 weeks ago`.",
  "test-error": "The environment asks for this error with OSTREE_REPO_TEST_ERROR, to test what follows from it.",
  "bad-image":
    "The name of a container image is not understood. Write ostree-unverified-registry:HOST/NAME:TAG, ostree-image-signed:docker://HOST/NAME:TAG, or ostree-unverified-image:oci-archive:PATH.",
  "image-policy":
    "The image should be verified, but containers-policy.json asks for no signature of it, or is not there. See containers-policy.json(5).",
  "image-fetch":
    "skopeo could not bring the container image: it is not there, the registry cannot be reached, or the policy refuses its signatures. Its last message is shown.",
  "image-content":
    "A container image cannot be deployed: it is damaged, is not what its manifest says, or lacks what an operating system needs. Nothing was deployed.",
  "bad-statoverride": "A line of a statoverride file is not `=MODE PATH` or `MODE PATH` with a decimal mode.",
});
