// SPDX-License-Identifier: Apache-2.0
import { composeError } from "../errors.ts";
import type { Values } from "./merge.ts";

/** What a key's kind does not say (treefile.rs `validate_config`, `validate_base_config`). */
export function validate(values: Values, path: string): void {
  const refuse = (text: string, hint?: string) => {
    throw composeError("treefile-value", `${path}: ${text}`, hint === undefined ? {} : { hint });
  };
  if (values.has("apt") && values.has("repos")) {
    refuse("both repos and apt are given", "a tree is made of RPM packages (repos) or of Debian packages (apt)");
  }
  const suffix = values.get("automatic-version-suffix");
  if (suffix !== undefined && Buffer.byteLength(suffix as string) !== 1) {
    refuse(`automatic-version-suffix must be one ASCII character, not ${JSON.stringify(suffix)}`);
  }
  for (const name of ["releasever", "basearch"]) {
    if (Object.hasOwn((values.get("repovars") ?? {}) as object, name)) {
      refuse(`repovars: ${name} is filled in by itself`, `its value is that of the key ${name}`);
    }
  }
  if (((values.get("selinux-label-version") ?? 0) as number) > 1) refuse("selinux-label-version must be 0 or 1");
  if (values.has("apt")) return;
  for (const [, target = ""] of (values.get("add-files") ?? []) as string[][]) {
    if (!deployed.test(target)) refuse(`add-files: ${target} is no place that a deployment keeps: use /usr or /etc`);
  }
}

/** treefile.rs `add_files_path_is_valid`. */
const deployed = /^\/*(?:usr\/(?!local\/)|etc\/|bin\/|sbin\/|lib\/|lib64\/)/;

/** treefile.rs `print_deprecation_warnings`. */
export function deprecations(values: Values, path: string): string[] {
  const found: string[] = [];
  const place = values.get("boot-location");
  if (place !== undefined && place !== "modules") {
    found.push(`${path}: boot-location: ${String(place)} is deprecated, use modules`);
  }
  if (((values.get("initramfs-args") ?? []) as string[]).length > 0) {
    found.push(`${path}: initramfs-args is deprecated, put a file into /etc/dracut.conf.d`);
  }
  if (values.get("cliwrap") === true) found.push(`${path}: cliwrap is deprecated`);
  return found;
}
