// SPDX-License-Identifier: Apache-2.0
/** A field as RFC 4180 has it: both engines read `--mount` so, and podman options that take several values (pflag's StringSlice). */
export const csvField = (text: string): string => (/[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text);
