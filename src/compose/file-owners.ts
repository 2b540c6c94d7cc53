// SPDX-License-Identifier: Apache-2.0
import type { AtomicError } from "../base/index.ts";
import { composeError } from "./errors.ts";

/** Where a package puts a file: as the package has it, and where it comes to lie when /lib is a link to usr/lib. */
export interface FilePlace {
  readonly one: { readonly name: string };
  readonly written: string;
  readonly real: string;
}

/** Who brought a file into the tree, by its real path. */
export class FileOwners<Place extends FilePlace> extends Map<string, Place> {
  /** @param difference what is there, and what was to come there; @param owner of what was there from the start */
  conflict({ one, written, real }: FilePlace, difference: string, owner?: string): AtomicError {
    const other = owner ?? this.get(real)?.one.name ?? this.#ownerBelow(real);
    return composeError("file-conflict", `${written} is in ${other} and in ${one.name} (${difference})`, {
      hint: `add one of the two to exclude-packages, or [${one.name}, ${written}] to remove-from-packages`,
    });
  }

  #ownerBelow(real: string): string {
    for (const [path, { one }] of this) if (path.startsWith(`${real}/`)) return one.name;
    return "another package";
  }
}
