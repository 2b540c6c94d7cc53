// SPDX-License-Identifier: Apache-2.0
import { lstatSync, readdirSync, readFileSync, readlinkSync } from "node:fs";
import { join } from "node:path";

export type Node =
  | { readonly type: "dir"; names(): readonly string[] }
  | { readonly type: "link"; readonly target: string }
  | { readonly type: "file"; content(): Buffer };

/** A tree of files on disk, or one that a crash could have left. */
export interface TreeView {
  /** What is at a path without following a link at its end; its parents are directories. */
  at(path: string): Node | undefined;
}

export function diskView(root: string): TreeView {
  return {
    at(path) {
      const full = join(root, path);
      const stat = lstatSync(full, { throwIfNoEntry: false });
      if (stat === undefined) return undefined;
      if (stat.isSymbolicLink()) return { type: "link", target: readlinkSync(full) };
      if (stat.isDirectory()) return { type: "dir", names: () => readdirSync(full).sort() };
      return { type: "file", content: () => readFileSync(full) };
    },
  };
}

/** Follows all links of a path inside of the tree, as a boot loader or ostree-prepare-root does; "" is the root. */
export function resolve(view: TreeView, path: string): string | undefined {
  const todo = path.split("/").filter((name) => name !== "");
  let done: string[] = [];
  for (let links = 0; todo.length > 0;) {
    const name = todo.shift()!;
    if (name === ".") continue;
    if (name === "..") {
      done.pop();
      continue;
    }
    const node = view.at([...done, name].join("/"));
    if (node === undefined) return undefined;
    if (node.type !== "link") {
      done.push(name);
      continue;
    }
    if (++links > 40) return undefined;
    if (node.target.startsWith("/")) done = [];
    todo.unshift(...node.target.split("/").filter((part) => part !== ""));
  }
  return done.join("/");
}

/** Content of the file that a path leads to; undefined: there is none. */
export function readThrough(view: TreeView, path: string): Buffer | undefined {
  const place = resolve(view, path);
  const node = place === undefined ? undefined : view.at(place);
  return node?.type === "file" ? node.content() : undefined;
}

/** All files and links below a directory: path relative to it, and content or `-> target`. */
export function listFiles(view: TreeView, directory: string): Map<string, string> {
  const files = new Map<string, string>();
  const visit = (inner: string): void => {
    const node = view.at(join(directory, inner));
    if (node?.type === "dir") for (const name of node.names()) visit(join(inner, name));
    else if (node?.type === "link") files.set(inner, `-> ${node.target}`);
    else if (node?.type === "file") files.set(inner, node.content().toString("latin1"));
  };
  visit("");
  return files;
}
