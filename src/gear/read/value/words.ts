// SPDX-License-Identifier: Apache-2.0
/** Patterns of the words that several kinds of file have, each narrow enough to stand in a unit or a command line. */

/** As `parseName` has it. */
export const namePattern = "[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?";

/** Reference of an image in a registry, or of one in a file (containers-transports(5)); the engine judges the rest. */
export const imagePattern =
  "(?:oci|oci-archive|docker-archive):/[^\\s\\u0000-\\u001f]{1,4000}|(?:docker://)?[A-Za-z0-9][A-Za-z0-9._:/@-]{0,4000}";

/** An absolute path without `..`, a line break or a NUL. */
export const pathPattern =
  "/(?:(?!\\.\\.?(?:/|$))[^/\\u0000-\\u001f]+(?:/+(?!\\.\\.?(?:/|$))[^/\\u0000-\\u001f]+)*/?)?";

export const variablePattern = "[A-Za-z_][A-Za-z0-9_.-]{0,1023}";

/** Of an OCI annotation or label. */
export const labelPattern = "[A-Za-z0-9][A-Za-z0-9._/-]{0,1023}";

/** Name or number of a user, and perhaps of a group. */
export const userPattern = "[A-Za-z0-9_][A-Za-z0-9_.-]{0,255}(?::[A-Za-z0-9_][A-Za-z0-9_.-]{0,255})?";

/** hostname(7): at most 64 on Linux. */
export const hostnamePattern = "[A-Za-z0-9](?:[A-Za-z0-9.-]{0,62}[A-Za-z0-9])?";

/** signal(7) by name or number. */
export const signalPattern = "(?:SIG)?[A-Z][A-Z0-9]{1,9}(?:[+-][0-9]{1,2})?|[1-9][0-9]?";

/** Calendar expressions of systemd.time(7) have these characters; systemd judges the rest. */
export const calendarPattern = "[A-Za-z0-9*][A-Za-z0-9 *,./:~@_+-]{0,255}";

export const devicePattern = "/dev/[A-Za-z0-9._/-]{1,200}(?::/dev/[A-Za-z0-9._/-]{1,200})?(?::[rwm]{1,3})?";

/** capabilities(7), Linux 6.x. */
export const capabilities = [
  "AUDIT_CONTROL",
  "AUDIT_READ",
  "AUDIT_WRITE",
  "BLOCK_SUSPEND",
  "BPF",
  "CHECKPOINT_RESTORE",
  "CHOWN",
  "DAC_OVERRIDE",
  "DAC_READ_SEARCH",
  "FOWNER",
  "FSETID",
  "IPC_LOCK",
  "IPC_OWNER",
  "KILL",
  "LEASE",
  "LINUX_IMMUTABLE",
  "MAC_ADMIN",
  "MAC_OVERRIDE",
  "MKNOD",
  "NET_ADMIN",
  "NET_BIND_SERVICE",
  "NET_BROADCAST",
  "NET_RAW",
  "PERFMON",
  "SETFCAP",
  "SETGID",
  "SETPCAP",
  "SETUID",
  "SYSLOG",
  "SYS_ADMIN",
  "SYS_BOOT",
  "SYS_CHROOT",
  "SYS_MODULE",
  "SYS_NICE",
  "SYS_PACCT",
  "SYS_PTRACE",
  "SYS_RAWIO",
  "SYS_RESOURCE",
  "SYS_TIME",
  "SYS_TTY_CONFIG",
  "WAKE_ALARM",
] as const;
