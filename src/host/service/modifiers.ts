// SPDX-License-Identifier: Apache-2.0
/** What a client asks of `UpdateDeployment` (`deploy_transaction_execute`). */
import { errorReply } from "../../bus/index.ts";
import type { RemoteReplacement } from "../../compose/index.ts";
import type { GVariantValue } from "../../formats/index.ts";
import type { LayerChange } from "../layers/import-change.ts";
import { busErrors, notSupported } from "./bus-error.ts";
import { Options } from "./options.ts";

const layeringModifiers = {
  "install-packages": "as",
  "uninstall-packages": "as",
  "install-local-packages": "ah",
  // The one name is in the interface's documentation, the other is what clients send and the daemon reads.
  "install-local-fileoverride-packages": "ah",
  "install-fileoverride-local-packages": "ah",
  "install-fileoverride-packages": "as",
  "enable-modules": "as",
  "disable-modules": "as",
  "install-modules": "as",
  "uninstall-modules": "as",
  "override-remove-packages": "as",
  "override-reset-packages": "as",
  "override-replace-packages": "as",
  "override-replace-local-packages": "ah",
  treefile: "s",
};

/** What becomes of the host. */
export interface UpdateWish {
  readonly refspec?: string | undefined;
  readonly revision?: string | undefined;
  readonly customOrigin?: { readonly url: string; readonly description: string } | undefined;
  /** What is to be layered, or no longer. */
  readonly layers?: LayerChange | undefined;
  /** Package files, as indices of the file descriptors that come with the call. */
  readonly files?: PackageFiles | undefined;
  /** Stay with the present version. */
  readonly keepsBase?: boolean;
  readonly options: Options;
}

/** What `UpdateDeployment` was given. */
export function readModifiers(modifiers: GVariantValue | undefined, options: Options): UpdateWish {
  const wish = new Options(modifiers, {
    "set-refspec": "s",
    "set-revision": "s",
    "custom-origin": "(ss)",
    ...layeringModifiers,
  });
  const refused = wish.asked(refusedModifiers);
  if (refused.length > 0) throw notSupported(refused.join(", "));
  const files = filesOf(wish);
  const [url, description] = wish.list("custom-origin");
  return {
    refspec: wish.text("set-refspec"),
    revision: wish.text("set-revision"),
    customOrigin: url === undefined || description === undefined ? undefined : { url, description },
    layers: layersOf(wish, files),
    files,
    options,
  };
}

/** rpm-ostree's daemon does none of it either: modules have gone from it, and of names there are `install` and `treefile`. */
const refusedModifiers = [
  "enable-modules",
  "disable-modules",
  "install-modules",
  "uninstall-modules",
  "install-fileoverride-packages",
  "override-replace-packages",
];

export interface PackageFiles {
  readonly install: readonly number[];
  /** Whether files of those win over the base's. */
  readonly forceReplaceFiles: boolean;
  readonly override: readonly number[];
}

function filesOf(wish: Options): PackageFiles | undefined {
  const list = (name: string) => wish.list(name) as readonly unknown[] as readonly number[];
  const install = list("install-local-packages");
  const forced = [...list("install-local-fileoverride-packages"), ...list("install-fileoverride-local-packages")];
  if (install.length > 0 && forced.length > 0) throw notSupported("package files of both kinds in one change");
  const files = {
    install: [...install, ...forced],
    forceReplaceFiles: forced.length > 0,
    override: list("override-replace-local-packages"),
  };
  return files.install.length + files.override.length === 0 ? undefined : files;
}

function layersOf(wish: Options, files: PackageFiles | undefined): LayerChange | undefined {
  const change = {
    install: wish.list("install-packages"),
    uninstall: wish.list("uninstall-packages"),
    overrideRemove: wish.list("override-remove-packages"),
    overrideReset: wish.list("override-reset-packages"),
    overrideReplaceFrom: remoteOverridesOf(wish.text("treefile")),
  };
  return files === undefined && Object.values(change).every((list) => list.length === 0) ? undefined : change;
}

/** `rpm-ostree override replace --from` sends a treefile with this key alone (its RemoteOverrideReplace). */
function remoteOverridesOf(treefile: string | undefined): RemoteReplacement[] {
  if (treefile === undefined) return [];
  const bad = () => errorReply(busErrors.invalidArgs, "treefile: not understood");
  const parsed = parseObject(treefile);
  if (parsed === undefined) throw bad();
  const { "ex-override-replace": list = [], ...rest } = parsed;
  const other = Object.keys(rest).find((key) => rest[key] !== null);
  if (other !== undefined) throw notSupported(`treefile: ${other}`);
  if (!Array.isArray(list)) throw bad();
  return list.map((one: { from?: { repo?: unknown }; packages?: unknown } | null) => {
    const { from, packages } = one ?? {};
    if (typeof from?.repo !== "string" || !Array.isArray(packages)) throw bad();
    if (packages.some((name) => typeof name !== "string")) throw bad();
    return { repository: from.repo, packages: packages as string[] };
  });
}

function parseObject(text: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}
