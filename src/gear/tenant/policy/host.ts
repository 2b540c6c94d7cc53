// SPDX-License-Identifier: Apache-2.0
import { lstatSync, mkdtempSync, readFileSync, realpathSync, rmSync, type Stats } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { getXattr, run } from "../../../base/index.ts";
import { gearError } from "../../errors.ts";
import { labelXattr, readLabel } from "../label.ts";
import { policyDialect } from "./distribution/index.ts";
import { parsePortTypes, portType } from "./port-types.ts";
import type { PolicyHost } from "./render-policy.ts";

/** The running host, as its policy and its files' labels are. */
export async function thisPolicyHost(): Promise<PolicyHost> {
  const dialect = policyDialect();
  const ranges = parsePortTypes((await extractModule("base")) ?? "");
  if (ranges.length === 0) throw gearError("bad-policy", "the system's policy names no ports", { hint: "semodule -B" });
  return { dialect, portType: (port) => portType(ranges, port), fileType };
}

/** A module of the loaded policy in CIL (semodule(8), --extract); `undefined` where there is none of the name. */
export async function extractModule(name: string): Promise<string | undefined> {
  // It writes into the current directory.
  const cwd = mkdtempSync(join(tmpdir(), "atomic-policy-"));
  try {
    const { code } = await run("semodule", ["--cil", "--extract", name], { cwd, accept: [0, 1] });
    return code === 0 ? readFileSync(join(cwd, `${name}.cil`), "utf8") : undefined;
  } finally {
    rmSync(cwd, { recursive: true });
  }
}

function fileType(path: string): ReturnType<PolicyHost["fileType"]> {
  // What is mounted is what a symlink leads to.
  const real = realpathSync(path);
  const type = readLabel(getXattr(real, labelXattr))?.split(":")[2];
  if (type === undefined)
    throw gearError("bad-policy", `${path} has no SELinux label`, { hint: `restorecon -v ${path}` });
  return { type, class: className(lstatSync(real)) };
}

function className(stat: Stats): string {
  if (stat.isDirectory()) return "dir";
  if (stat.isCharacterDevice()) return "chr_file";
  if (stat.isBlockDevice()) return "blk_file";
  return stat.isSocket() ? "sock_file" : "file";
}
