// SPDX-License-Identifier: Apache-2.0
import { dirname } from "node:path";
import type { SystemdUnit } from "../../formats/index.ts";
import type { QuadletFile } from "./quadlet-file.ts";

/** What podman build takes for something to fetch (buildah's TempDirForURL). */
export const isUrl = (text: string): boolean => /^(?:https?:\/\/|git:\/\/|github\.com\/)/.test(text);

/**
 * `SetWorkingDirectory=`: `yaml`, `file` and `unit` have the service run beside what they name (handleSetWorkingDirectory).
 * @returns the context of a build that another value is
 */
export function setWorkingDirectory(file: QuadletFile, service: SystemdUnit): string | undefined {
  const value = file.filled("SetWorkingDirectory");
  if (value === undefined) return undefined;
  const named = beside(file, value.toLowerCase());
  const context = named === undefined ? buildContext(file, value) : undefined;
  const path = named ?? (context!.startsWith("/") || isUrl(context!) ? undefined : file.path);
  if (path === undefined) return context;
  // What [Service] says itself stays, and is the context then.
  if (file.filled("WorkingDirectory", "Service") !== undefined) return undefined;
  service.add("Service", "WorkingDirectory", dirname(file.resolve(path)));
  return context;
}

function beside(file: QuadletFile, word: string): string | undefined {
  if (word === "unit") return file.path;
  if (word === "yaml") {
    if (file.kind !== "kube") throw wrongKind(file, word, ".kube");
    const [manifest, ...others] = file.words("Yaml");
    if (others.length > 0) {
      throw file.error(
        "SetWorkingDirectory=yaml is only supported when a single Yaml key is provided",
        "SetWorkingDirectory",
      );
    }
    return manifest;
  }
  if (word !== "file") return undefined;
  if (file.kind !== "build") throw wrongKind(file, word, ".build");
  const path = file.text("File");
  if (path === undefined) throw file.error("no File key specified", "SetWorkingDirectory");
  return path;
}

function buildContext(file: QuadletFile, value: string): string {
  if (file.kind === "build") return value;
  throw file.error(`unsupported value for WorkingDirectory: ${value}`, "SetWorkingDirectory");
}

const wrongKind = (file: QuadletFile, word: string, kind: string) =>
  file.error(`SetWorkingDirectory=${word} is only supported in ${kind} files`, "SetWorkingDirectory");
