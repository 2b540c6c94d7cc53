// SPDX-License-Identifier: Apache-2.0
/**
 * Ref of an imported package: `atomic/deb/NAME/VERSION_ARCH`. What a ref may not hold is escaped as rpm-ostree does in
 * its `rpmostree/pkg` refs: letters, digits, `.` and `-` stay, `_` is doubled, all else becomes `_XX` (hexadecimal).
 */
export function packageRef(id: {
  readonly name: string;
  readonly version: string;
  readonly architecture: string;
}): string {
  return `atomic/deb/${escape(id.name)}/${escape(id.version)}_${escape(id.architecture)}`;
}

function escape(text: string): string {
  return text.replaceAll(/[^A-Za-z0-9.-]/g, (char) =>
    char === "_" ? "__" : `_${char.charCodeAt(0).toString(16).toUpperCase().padStart(2, "0")}`,
  );
}
