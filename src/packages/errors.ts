// SPDX-License-Identifier: Apache-2.0
import { defineErrors } from "../base/index.ts";

export const packageError = defineErrors("packages", {
  deb: "A file is not a Debian package, or is a damaged one. Fetch it anew; if it comes from a mirror, report it there.",
  rpm: "A file is not an RPM package, or is a damaged or forged one. Fetch it anew; if it comes from a mirror, report it there.",
  "bad-digest":
    "A package does not have the digest that it carries: it is damaged, cut off or was changed. Fetch it anew.",
  rpmdb: "A database of installed RPM packages is missing, damaged, or in a format that cannot be read.",
  "bad-version": "A text is not a version number as Debian Policy section 5.6.12 or rpm-version(7) defines it.",
  "bad-dependency":
    "A dependency is not written as Debian Policy section 7.1, or RPM's manual of dependencies and boolean dependencies, says.",
  unsigned:
    "A repository or a package has no signature, so nobody vouches for it. Signed ones only, unless it is allowed.",
  "bad-signature":
    "A signature does not fit the repository's text or the package: it was changed on the way or damaged. Try again, or another mirror.",
  "untrusted-signature":
    "A package's signature is of a kind that is not safe any more (SHA-1, DSA), or its key is revoked or not fit to sign. Use a package that is signed anew.",
  "unknown-key":
    "A repository or a package is signed with a key that is not in the keyring. Add the key that its distributor publishes to the keyring.",
  "expired-key":
    "The key that signed a repository or a package has expired. Install a newer keyring package of the distribution.",
  keyring: "A keyring file is missing or is not an OpenPGP keyring.",
  "repo-file": "A .repo file has a value that is not of its kind, or that asks for something that is not done here.",
  expired:
    "A repository says that its index is no longer valid. The mirror is stale, or the clock of this machine is wrong.",
  "set-back":
    "A repository's metadata is older than what was seen of it before: its mirror is behind, or somebody offers old packages with known holes again. Try later, or another mirror; if the repository was set back on purpose, forget what was seen, as the hint says.",
  "wrong-suite": "A repository calls itself otherwise than the suite that was asked for.",
  "not-found": "A repository does not have the suite, component or file that was asked for.",
  "bad-index": "An index of a repository is damaged, or is not what the signed Release file says.",
  "bad-tracker":
    "A file is not what Debian's security tracker publishes at /tracker/data/json: an object by source package of objects by CVE. Check the address, and fetch it anew.",
  offline: "A file is not in the cache, and no network may be used.",
  unknown: "No package of this name is in the configured repositories.",
  unsolvable: "The packages that were asked for cannot be installed together; the message says why, step by step.",
  "bad-download":
    "A downloaded package is not what the signed index says. It was removed; try again, or another mirror.",
});
