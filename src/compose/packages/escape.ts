// SPDX-License-Identifier: Apache-2.0
import type { PackageId } from "../../packages/index.ts";

/**
 * Ref of an imported package: `atomic/deb/NAME/VERSION_ARCH`. What a ref may not hold is escaped as rpm-ostree does in
 * its `rpmostree/pkg` refs: letters, digits, `.` and `-` stay, `_` is doubled, all else becomes `_XX` (hexadecimal).
 */
export function packageRef({ name, version, architecture }: PackageId): string {
  return `atomic/deb/${escape(name)}/${escape(version)}_${escape(architecture)}`;
}

/** rpm-ostree's own: `rpmostree/pkg/NAME/[EPOCH:]VERSION-RELEASE.ARCH`, an epoch of 0 left out. */
export function rpmPackageRef({ name, version, architecture }: PackageId): string {
  return `rpmostree/pkg/${escape(name)}/${escape(version)}.${escape(architecture)}`;
}

function escape(text: string): string {
  return text.replaceAll(/[^A-Za-z0-9.-]/g, (char) =>
    char === "_" ? "__" : `_${char.charCodeAt(0).toString(16).toUpperCase().padStart(2, "0")}`,
  );
}
