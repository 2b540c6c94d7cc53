// SPDX-License-Identifier: Apache-2.0
/** Trees whose initramfs boots only what is signed (ostree-prepare-root(1), `composefs.enabled=signed`). */
import { Keyfile } from "../formats/index.ts";
import type { DirNode } from "../ostree/index.ts";
import { composeError } from "./errors.ts";
import { lookup, readText } from "./tree.ts";
import type { Treefile } from "./treefile/model.ts";

/** Whether the tree says that its root must be signed; its /etc may have been moved to /usr/etc. */
export function isRootSigned(tree: DirNode): boolean {
  const paths = ["etc", "usr/etc", "usr/lib"].map((directory) => `${directory}/ostree/prepare-root.conf`);
  const path = paths.find((name) => lookup(tree, name) !== undefined);
  if (path === undefined) return false;
  return Keyfile.parse(readText(tree, path) ?? "", path).get("composefs", "enabled") === "signed";
}

const bindingKeys = "etc/ostree/initramfs-root-binding.key";
const dracutModule = "usr/lib/dracut/modules.d/99atomic-signed-root";

/** Ends a compose whose tree no machine would boot. Called before the initramfs is made. */
export function requireRootKeys(tree: DirNode, { format }: Pick<Treefile, "format">): void {
  if (!isRootSigned(tree)) return;
  if ((readText(tree, bindingKeys) ?? "").trim() === "")
    throw composeError(
      "root-key",
      "prepare-root.conf wants the root signed, and the tree has no key for its initramfs",
      {
        hint: `add-files: [[root.key, /${bindingKeys}]]`,
      },
    );
  if (format === "deb" && lookup(tree, dracutModule) === undefined)
    throw composeError("root-key", "Debian's ostree-prepare-root cannot verify signatures", {
      hint: `add-files: [[system/dracut/99atomic-signed-root, /${dracutModule}]]`,
    });
}
