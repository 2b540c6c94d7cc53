// SPDX-License-Identifier: Apache-2.0
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { findProgram, getXattr, listDirectory, run, unlessErrno } from "../../base/index.ts";
import { labelLevel } from "./categories.ts";
import { readLabel } from "./label.ts";

/**
 * Levels of processes, of the engines' containers (running or not) and of their volumes: what podman or docker chose by
 * chance must not become a tenant's.
 * @param root where /proc and /var are; the engines are asked only about the real one
 */
export async function levelsInUse(root = "/"): Promise<Set<string>> {
  const labels = [...processLabels(root), ...volumeLabels(root)];
  if (root === "/") for (const engine of ["podman", "docker"]) labels.push(...(await containerLabels(engine)));
  return new Set(labels.flatMap((label) => labelLevel(label) ?? []));
}

function processLabels(root: string): string[] {
  const pids = listDirectory(join(root, "proc")).filter((name) => /^\d+$/.test(name));
  return pids.flatMap((pid) => processLabel(join(root, "proc", pid)) ?? []);
}

/** The label of a process; `undefined` when it has ended, or the kernel has no labels. */
export function processLabel(directory: string): string | undefined {
  const read = () => readFileSync(join(directory, "attr/current"), "utf8");
  return unlessErrno(["ENOENT", "ESRCH", "EINVAL"], read)?.replace(/[\0\n]+$/, "");
}

const volumeDirectories = ["var/lib/containers/storage/volumes", "var/lib/docker/volumes"];

function volumeLabels(root: string): string[] {
  const volumes = volumeDirectories.map((path) => join(root, path));
  const paths = volumes.flatMap((path) => listDirectory(path).map((name) => join(path, name, "_data")));
  return paths.flatMap(
    (path) => unlessErrno(["ENOENT", "ENOTDIR"], () => readLabel(getXattr(path, "security.selinux"))) ?? [],
  );
}

async function containerLabels(engine: string): Promise<string[]> {
  if (findProgram(engine) === undefined) return [];
  const list = await run(engine, ["container", "ls", "--all", "--quiet", "--no-trunc"], { accept: [0, 1, 125] });
  const ids = list.code === 0 ? list.stdout.split("\n").filter((id) => /^[0-9a-f]{64}$/.test(id)) : [];
  if (ids.length === 0) return [];
  // One may have been removed since: the others are printed all the same.
  const args = ["container", "inspect", "--format", "{{.ProcessLabel}}", ...ids];
  return (await run(engine, args, { accept: [0, 1, 125] })).stdout.split("\n");
}
