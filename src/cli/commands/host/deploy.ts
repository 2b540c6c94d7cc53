// SPDX-License-Identifier: Apache-2.0
import { defineCommand, type Invocation } from "../../command.ts";
import type { DeployRequest, DeployRevisionRequest, Sysroot } from "../../../host/index.ts";
import { cliError } from "../../errors.ts";
import { type DeployReport, renderDeployed } from "../../render/host-change.ts";
import { renderUpdate, type UpdateReport } from "../../render/host-upgrade.ts";
import {
  deployReport,
  heedDriver,
  hostOptions,
  namedStateroot,
  openForChange,
  refuseBoth,
  unchangedOption,
  updateOptions,
  updateReport,
  updateRequest,
} from "./shared.ts";

type Deployed = { readonly driver: string } | DeployReport | UpdateReport;

/** Of a host's branch, as rpm-ostree's `deploy` has them. */
const branchOptions = [
  "preview",
  "cache-only",
  "download-only",
  "skip-branch-check",
  "disallow-downgrade",
  "unchanged-exit-77",
];

/** Of a deployment that is made from nothing, or unlike the present one. */
const freeOptions = ["karg", "karg-append", "origin", "no-merge", "retain", "not-as-default"];

export default defineCommand({
  path: ["host", "deploy"],
  summary: "Deploy a certain version, commit or ref",
  description:
    "REVISION is a version or commit of the branch that the host follows, which is downloaded, or a ref or commit in the host's repository. The new deployment takes over /etc, kernel arguments and origin; the next upgrade follows the branch again.",
  examples: [
    { command: "atomic host deploy 13.1", text: "A version of the branch that the host follows:" },
    {
      command:
        "atomic host deploy --sysroot /mnt --stateroot debian --karg root=LABEL=root --karg rw --origin site:debian/13 debian/13",
      text: "The first deployment of a new system root:",
    },
  ],
  arguments: [{ name: "REVISION" }],
  options: [
    ...hostOptions,
    { name: "preview", help: "Show what would change" },
    { name: "skip-branch-check", help: "Take a commit of another branch, too" },
    { name: "disallow-downgrade", help: "Refuse a commit that is older than the present one" },
    { name: "register-driver", value: "NAME", help: "From now on NAME drives the updates; REVISION may be empty" },
    unchangedOption,
    { name: "karg", value: "ARG", repeat: true, help: "Use these kernel arguments instead of the present ones" },
    { name: "karg-append", value: "ARG", repeat: true, help: "Add a kernel argument" },
    { name: "origin", value: "REFSPEC", help: "Where updates come from, from now on (REMOTE:REF)" },
    { name: "no-merge", help: "Take the version's own /etc, without local changes" },
    { name: "retain", help: "Keep all other deployments" },
    { name: "not-as-default", help: "Put it behind the present default" },
    ...updateOptions,
  ],
  json: true,
  async run(invocation): Promise<Deployed> {
    refuseBoth(invocation, "preview", "reboot");
    const sysroot = await openForChange(invocation, "deploy");
    const driver = invocation.value("register-driver");
    if (driver === undefined) await heedDriver(sysroot, invocation);
    else await register(sysroot, driver);
    const [revision = ""] = invocation.args;
    if (driver !== undefined && revision === "") return { driver };
    const known = tryRevision(sysroot, revision);
    return (await isOfBranch(sysroot, revision, known, invocation))
      ? deployOfBranch(sysroot, revision, invocation)
      : deployFreely(sysroot, known, invocation);
  },
  render(data, style) {
    if ("driver" in data) return `Updates are driven by ${data.driver}.`;
    return "mode" in data ? renderUpdate(data, style) : renderDeployed(data);
  },
  exitCode: (data, invocation) => ("mode" in data && !data.changed && invocation.flag("unchanged-exit-77") ? 77 : 0),
});

async function register(sysroot: Sysroot, driver: string): Promise<void> {
  const { registerUpdateDriver } = await import("../../../host/index.ts");
  registerUpdateDriver(sysroot, driver);
}

/** Whether to look for the revision in the branch that the host follows: not for refs, nor where there is no such branch. */
async function isOfBranch(
  sysroot: Sysroot,
  revision: string,
  known: string | undefined,
  invocation: Invocation,
): Promise<boolean> {
  const [ofBranch, free] = [branchOptions, freeOptions].map((names) => names.find((name) => invocation.flag(name)));
  if (ofBranch !== undefined && free !== undefined)
    throw cliError("usage", `--${ofBranch} and --${free} do not go together`);
  if (ofBranch !== undefined) return true;
  if (free !== undefined) return false;
  const { followsRemote } = await import("../../../host/index.ts");
  return followsRemote(sysroot, invocation.value("stateroot")) && (known === undefined || known === revision);
}

async function deployOfBranch(sysroot: Sysroot, revision: string, invocation: Invocation): Promise<UpdateReport> {
  const { deployRevision, previewRevision } = await import("../../../host/index.ts");
  const request: DeployRevisionRequest = {
    revision,
    ...updateRequest(invocation),
    skipBranchCheck: invocation.flag("skip-branch-check"),
    allowDowngrade: !invocation.flag("disallow-downgrade"),
  };
  const mode = invocation.flag("preview") ? "preview" : request.downloadOnly === true ? "download" : "apply";
  const act = mode === "preview" ? previewRevision : deployRevision;
  return updateReport(
    sysroot,
    await act(sysroot, request, invocation.progress),
    mode,
    invocation,
    `deploy ${revision}`,
  );
}

/** What is in the repository needs no network. */
async function deployFreely(
  sysroot: Sysroot,
  known: string | undefined,
  invocation: Invocation,
): Promise<DeployReport> {
  const { deploy } = await import("../../../host/index.ts");
  const rev = known ?? (await fetchNamed(sysroot, invocation));
  const deployed = await deploy(sysroot, await deployRequest(sysroot, rev, invocation), invocation.progress);
  return deployReport(sysroot, deployed, invocation);
}

async function fetchNamed(sysroot: Sysroot, invocation: Invocation): Promise<string> {
  const { fetchRevision, hostError, originRefspec } = await import("../../../host/index.ts");
  const [words = ""] = invocation.args;
  const stateroot = sysroot.stateroot(invocation.value("stateroot"));
  const origin = sysroot.deployments.find((deployment) => deployment.stateroot === stateroot)?.origin;
  const refspec = invocation.value("origin") ?? originRefspec(origin);
  if (refspec === undefined) throw hostError("no-deployment", `${words} is no ref or commit of ${sysroot.repo.path}`);
  return fetchRevision(sysroot, refspec, words, invocation.progress);
}

function tryRevision({ repo }: Sysroot, words: string): string | undefined {
  if (!/^[\w][-.\w/:]*$/.test(words)) return undefined;
  const checksum = repo.tryResolve(words);
  const here = checksum !== undefined && repo.has(checksum, "commit") && !repo.isPartial(checksum);
  return here ? checksum : undefined;
}

async function deployRequest(sysroot: Sysroot, rev: string, invocation: Invocation): Promise<DeployRequest> {
  const origin = invocation.value("origin");
  const kernelArgs = await kernelArguments(sysroot, invocation);
  const retains = ["retain", "not-as-default"].some((name) => invocation.flag(name));
  const retain = { all: invocation.flag("retain"), notDefault: invocation.flag("not-as-default") };
  return {
    rev,
    ...namedStateroot(invocation),
    ...(origin === undefined ? {} : { origin }),
    ...(kernelArgs === undefined ? {} : { kernelArgs }),
    imageKernelArgs: { since: sysroot.mergeDeployment(sysroot.stateroot(invocation.value("stateroot")))?.checksum },
    merge: !invocation.flag("no-merge"),
    ...(retains ? { retain } : {}),
    stage: stages(sysroot, invocation),
    makeRoom: invocation.flag("make-room"),
    lockFinalization: invocation.flag("lock-finalization"),
  };
}

/** On a running host the default, unless the order of deployments is asked for, which staging does not keep. */
function stages(sysroot: Sysroot, invocation: Invocation): boolean {
  if (invocation.flag("stage") || invocation.flag("lock-finalization")) return true;
  const atOnce = ["no-stage", "retain", "not-as-default"].some((name) => invocation.flag(name));
  return sysroot.booted !== undefined && !atOnce;
}

async function kernelArguments(sysroot: Sysroot, invocation: Invocation): Promise<readonly string[] | undefined> {
  const { appendKernelArg } = await import("../../../host/index.ts");
  const [given, added] = [invocation.values("karg"), invocation.values("karg-append")];
  if (given.length === 0 && added.length === 0) return undefined;
  const present = sysroot.mergeDeployment(sysroot.stateroot(invocation.value("stateroot")))?.kernelArgs ?? [];
  const base = given.length > 0 ? given.reduce(appendKernelArg, [] as readonly string[]) : present;
  return added.reduce(appendKernelArg, base);
}
