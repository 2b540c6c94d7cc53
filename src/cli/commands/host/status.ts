// SPDX-License-Identifier: Apache-2.0
import { queryJson } from "../../../formats/index.ts";
import type { Status, Sysroot } from "../../../host/index.ts";
import type { PackageDiff } from "../../../packages/index.ts";
import { defineCommand, type Invocation } from "../../command.ts";
import { cliError } from "../../errors.ts";
import { renderHostStatus } from "../../render/host-status.ts";
import { openSysroot, sysrootOption } from "./shared.ts";

export default defineCommand({
  path: ["host", "status"],
  summary: "Show what is deployed, what runs and what boots next",
  description:
    "Lists the deployments in boot order. The one that runs is marked. `--json` prints the keys of rpm-ostree's status.",
  examples: [
    { command: "atomic host status", text: "On a host:" },
    { command: "atomic host status --json --booted", text: "The running deployment, for programs:" },
  ],
  options: [
    sysrootOption,
    { name: "advisories", short: "a", help: "List the advisories of an update one by one" },
    {
      name: "jsonpath",
      short: "J",
      value: "EXPRESSION",
      help: "Print what this JSONPath finds: $.deployments[0].version",
    },
    { name: "booted", short: "b", help: "Show the booted deployment only" },
    { name: "pending-exit-77", help: "Exit with 77 when another deployment than the booted one boots next" },
  ],
  json: true,
  async run(invocation): Promise<Status | View> {
    const query = invocation.value("jsonpath");
    if (query !== undefined && invocation.flag("json"))
      throw cliError("usage", "Cannot specify both --json and --jsonpath");
    const sysroot = await openSysroot(invocation);
    const status = await readStatus(sysroot, invocation);
    if (invocation.flag("json")) return status;
    const found = query === undefined ? {} : { found: queryJson(status, query) };
    const live = query === undefined ? await liveDiff(sysroot, status) : undefined;
    return { status, advisories: invocation.flag("advisories"), ...found, ...(live === undefined ? {} : { live }) };
  },
  render(data, style) {
    if (!("status" in data)) return renderHostStatus(data, style, Date.now() / 1000);
    if (data.found !== undefined) return JSON.stringify(data.found, undefined, 2);
    return renderHostStatus(data.status, style, Date.now() / 1000, data);
  },
  exitCode: (data, invocation) => (invocation.flag("pending-exit-77") && isPending(data) ? 77 : 0),
});

/** What is shown as text. */
interface View {
  readonly status: Status;
  /** What a JSONPath expression leads to. */
  readonly found?: readonly unknown[];
  /** Whether advisories are told one by one. */
  readonly advisories: boolean;
  /** Packages that were applied to the running system. */
  readonly live?: PackageDiff;
}

/** As `print_live_pkgdiff`: nothing where a commit is gone, or does not tell its packages. */
async function liveDiff({ repo }: Sysroot, { deployments }: Status): Promise<PackageDiff | undefined> {
  const booted = deployments.find((deployment) => deployment["live-replaced"] !== undefined);
  if (booted === undefined) return undefined;
  const { packageDiff } = await import("../../../host/index.ts");
  const { asChecksum } = await import("../../../ostree/index.ts");
  return packageDiff(repo, asChecksum(booted.checksum), asChecksum(booted["live-replaced"]!));
}

async function readStatus(sysroot: Sysroot, invocation: Invocation): Promise<Status> {
  const { statusWithSignatures } = await import("../../../host/index.ts");
  const all = await statusWithSignatures(sysroot);
  if (!invocation.flag("booted")) return all;
  sysroot.requireBooted();
  return { ...all, deployments: all.deployments.filter(({ booted }) => booted) };
}

function isPending(data: Status | View): boolean {
  const { deployments } = "status" in data ? data.status : data;
  return deployments.some(({ booted }) => booted) && deployments[0]?.booted === false;
}
