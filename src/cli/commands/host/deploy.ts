// SPDX-License-Identifier: Apache-2.0
import { defineCommand, type Invocation } from "../../command.ts";
import { renderDeployed } from "../../render/host-change.ts";
import type { DeployRequest, Sysroot } from "../../../host/index.ts";
import { deployReport, openForChange, rebootOption, stateRootOption, sysrootOption } from "./shared.ts";

export default defineCommand({
  path: ["host", "deploy"],
  summary: "Deploy a certain version, commit or ref",
  description:
    "REVISION is a ref or commit in the host's repository, else a version or commit of the branch that the host follows, which is downloaded. The new deployment takes over /etc, kernel arguments and origin.",
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
    sysrootOption,
    stateRootOption,
    { name: "karg", value: "ARG", repeat: true, help: "Use these kernel arguments instead of the present ones" },
    { name: "karg-append", value: "ARG", repeat: true, help: "Add a kernel argument" },
    { name: "origin", value: "REFSPEC", help: "Where updates come from, from now on (REMOTE:REF)" },
    { name: "no-merge", help: "Take the version's own /etc, without local changes" },
    { name: "retain", help: "Keep all other deployments" },
    { name: "not-as-default", help: "Put it behind the present default" },
    { name: "stage", help: "Make it the default at shutdown (default on a running host)" },
    { name: "no-stage", help: "Make it the default at once" },
    { name: "lock-finalization", help: "Stage it, but let nothing come of it before it is unlocked" },
    rebootOption,
  ],
  json: true,
  async run(invocation) {
    const sysroot = await openForChange(invocation);
    const { deploy } = await import("../../../host/index.ts");
    const rev = await findRevision(sysroot, invocation);
    const deployed = await deploy(sysroot, await deployRequest(sysroot, rev, invocation), invocation.progress);
    return deployReport(sysroot, deployed, invocation);
  },
  render: renderDeployed,
});

/** What is in the repository needs no network. */
async function findRevision(sysroot: Sysroot, invocation: Invocation): Promise<string> {
  const words = invocation.args[0]!;
  const { fetchRevision, hostError, originRefspec } = await import("../../../host/index.ts");
  const known = /=/.test(words) ? undefined : tryRevision(sysroot, words);
  if (known !== undefined) return known;
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
  const stateroot = invocation.value("stateroot");
  const origin = invocation.value("origin");
  const kernelArgs = await kernelArguments(sysroot, invocation);
  const retain = { all: invocation.flag("retain"), notDefault: invocation.flag("not-as-default") };
  return {
    rev,
    ...(stateroot === undefined ? {} : { stateroot }),
    ...(origin === undefined ? {} : { origin }),
    ...(kernelArgs === undefined ? {} : { kernelArgs }),
    merge: !invocation.flag("no-merge"),
    retain,
    stage: stages(sysroot, invocation),
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
