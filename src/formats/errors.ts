// SPDX-License-Identifier: Apache-2.0
import { defineErrors } from "../base/index.ts";

export const formatError = defineErrors("formats", {
  ar: "A file is not an ar archive, or its member headers contradict the file.",
  tar: "A tar archive is damaged, or holds something that is refused (see the message).",
  composefs: "A tree does not fit into a composefs image: attributes, a name or a file are too large.",
  "bootc-kargs":
    "A file of /usr/lib/bootc/kargs.d is not TOML with `kargs`, a list of strings, and perhaps `match-architectures`.",
  cpio: "A cpio archive is damaged, or of a kind that is not read: newc (070701, 070702) and odc (070707) are.",
  dbus: "A D-Bus message is malformed, or a value does not fit the D-Bus type that it should be sent as.",
  deb822: "A control file (Packages, Release, control, status) has a line that is no field, or a field twice.",
  "gvariant-type": "A GVariant type string is not one that the GVariant specification defines, or is nested too deep.",
  "gvariant-malformed": "Serialized GVariant data is damaged: it is not in the normal form of its type.",
  "gvariant-value": "A value does not fit the GVariant type that it should be written as.",
  "gvariant-text":
    "A value is not in GVariant text format: 'text', 5, uint64 5, true, ['a', 'b'], {'key': <1>}; the message says where.",
  "json-path":
    "An expression for --jsonpath is not understood. It starts with $; members are .name, items [0]: $.deployments[0].version.",
  ini: "A configuration file of sections and key=value lines (a .repo file) has a line that is neither.",
  oci: "A manifest, index or configuration of a container image is not what the OCI image specification asks for, or beyond its limits.",
  "systemd-unit":
    "A systemd unit file has a line that is no section, key or comment, or a value whose quotes and escapes do not end.",
  xml: "An XML document (a repository's metadata) is not well-formed, or uses what is refused: entities of its own.",
  zchunk: "A zchunk file (.zck) is damaged, or has streams or a compression that are not read.",
  "keyfile-malformed": "A key file (an ini-like configuration file) has a line that is no group, key or comment.",
  "keyfile-value": "A value in a key file is not of the kind that its key needs.",
});
