// SPDX-License-Identifier: Apache-2.0
/** Which package each file of a commit came with, by the database of packages that is in the commit. */
import { type Checksum, type DirNode, findNode, openTree, type Repo } from "../../ostree/index.ts";
import { type PackageFiles, readDpkgStatus, readInstalledFiles } from "../../packages/index.ts";
import { withRpmDatabase } from "../diff/index.ts";

/** Where our composes keep the dpkg database, and where other machines have it. */
const dpkgPlaces = ["usr/lib/sysimage/dpkg", "usr/share/dpkg", "var/lib/dpkg"];

/** The files of each package; none where the commit has no database. */
export function packageFiles(repo: Repo, commit: Checksum): PackageFiles[] {
  const root = openTree(repo, commit);
  return fromDpkg(root) ?? withRpmDatabase(repo, repo.loadCommit(commit), readInstalledFiles) ?? [];
}

function fromDpkg(root: DirNode): PackageFiles[] | undefined {
  const place = dpkgPlaces.find((one) => text(root, `${one}/status`) !== undefined);
  if (place === undefined) return undefined;
  const installed = readDpkgStatus(Buffer.from(text(root, `${place}/status`)!)).filter(
    ({ state }) => state === "installed",
  );
  return installed.map(({ name, architecture, fields }) => {
    // deb-control(5): "name (version)". Packages of several architectures have theirs in the name of the list (dpkg, infodb).
    const source = fields.get("Source")?.split(" ")[0] ?? name;
    const list = text(root, `${place}/info/${name}.list`) ?? text(root, `${place}/info/${name}:${architecture}.list`);
    return { name, source, paths: (list ?? "").split("\n").filter((path) => path.startsWith("/")) };
  });
}

function text(root: DirNode, path: string): string | undefined {
  const node = findNode(root, path);
  if (node?.kind !== "file" || node.source.type !== "object") return undefined;
  return node.source.repo.loadFile(node.source.checksum).content().toString();
}

/** Links that a path may go through: more are a circle (the kernel's limit, path_resolution(7)). */
const linksLimit = 40;

/**
 * Where a path of a package stands in a commit: /etc is at /usr/etc, and directories may be links, as /bin is. The last part
 * is not followed.
 */
export class PathResolver {
  readonly #root: DirNode;
  readonly #directories = new Map<string, string>();

  constructor(root: DirNode) {
    this.#root = root;
  }

  resolve(path: string): string {
    const cut = path.lastIndexOf("/");
    return `${this.#directory(path.slice(0, cut))}${path.slice(cut)}`;
  }

  #directory(path: string, links = 0): string {
    const known = this.#directories.get(path);
    if (known !== undefined) return known;
    const parts: string[] = [];
    const names = path.split("/").filter((name) => name !== "" && name !== ".");
    for (const [index, name] of names.entries()) {
      if (name === "..") {
        parts.pop();
        continue;
      }
      if (parts.length === 0 && name === "etc") parts.push("usr");
      parts.push(name);
      const node = findNode(this.#root, parts.join("/"));
      if (node?.kind !== "file" || node.header.symlink === "" || links >= linksLimit) continue;
      const target = node.header.symlink.startsWith("/")
        ? node.header.symlink
        : `/${[...parts.slice(0, -1), node.header.symlink].join("/")}`;
      return this.#keep(path, this.#directory(`${target}/${names.slice(index + 1).join("/")}`, links + 1));
    }
    return this.#keep(path, parts.map((name) => `/${name}`).join(""));
  }

  #keep(path: string, resolved: string): string {
    this.#directories.set(path, resolved);
    return resolved;
  }
}
