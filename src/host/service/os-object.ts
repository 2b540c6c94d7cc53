// SPDX-License-Identifier: Apache-2.0
import { openSync } from "node:fs";
import { errorReply } from "../../bus/index.ts";
import type { GVariantValue } from "../../formats/index.ts";
import { asChecksum } from "../../ostree/index.ts";
import { noPackageChanges } from "../../packages/index.ts";
import { formatKernelArgs } from "../kernel-args.ts";
import { knownUpdates } from "../images.ts";
import { downloadFromRepository } from "../layers/download-packages.ts";
import { originRefspec } from "../origin.ts";
import { packageDiff } from "../package-diff.ts";
import { busErrors, refuseLayered } from "./bus-error.ts";
import { liveWork } from "./live-work.ts";
import type { Call, Handler, Implementation } from "./object-tree.ts";
import { requiredActions } from "./os-actions.ts";
import { osChanges } from "./os-changes.ts";
import { packageReads } from "./package-reads.ts";
import { osExperimentalInterface, osInterface, servicePath } from "./rpmostree1.ts";
import type { HostService } from "./service.ts";
import { commitDetails, type OsState } from "./state.ts";
import { type Dictionary, diffVariant } from "./variants.ts";

/** The object of a stateroot. Bytes that a path may not have are written `_xx`, as rpm-ostree does. */
export function osPath(name: string): string {
  const escaped = [...Buffer.from(name)].map((byte) => {
    const letter = String.fromCharCode(byte);
    return /[A-Za-z0-9]/.test(letter) ? letter : `_${byte.toString(16).padStart(2, "0")}`;
  });
  return `${servicePath}/${escaped.join("")}`;
}

/** The interfaces of one stateroot's object. */
export function osObject(service: HostService, name: string): readonly Implementation[] {
  const authorize = async (call: Call): Promise<void> => {
    const { member = "", sender = "" } = call.message;
    await service.authorizer.require(sender, requiredActions(call), `OS operation ${member}`);
  };
  return [
    {
      declaration: osInterface,
      methods: { ...osReads(service, name), ...osChanges(service, name) },
      properties: () =>
        osProperties(
          service.state.systems.find((system) => system.name === name),
          name,
        ),
      authorize,
    },
    {
      declaration: osExperimentalInterface,
      methods: {
        Moo: ({ inputs }) => [inputs[0] === true ? "🐄" : "moo"],
        LiveFs: async (call) => [await service.begin(call, liveWork(service, call.inputs[0]))],
        DownloadPackages: downloads(service, name),
      },
      properties: () => ({}),
      authorize,
    },
  ];
}

function osProperties(state: OsState | undefined, name: string): Readonly<Record<string, GVariantValue>> {
  const none: Dictionary = new Map();
  const cached = state?.cachedUpdate ?? none;
  return {
    BootedDeployment: state?.booted ?? none,
    DefaultDeployment: state?.default ?? none,
    RollbackDeployment: state?.rollback ?? none,
    CachedUpdate: cached,
    HasCachedUpdateRpmDiff: cached.has("rpm-diff"),
    Name: name,
  };
}

/** dbus-daemon's limit (max_message_unix_fds); who sends more is disconnected. */
const answeredFiles = 16;

/** The answer is the package files, as open file descriptors. */
function downloads(service: HostService, stateroot: string): Handler {
  return async ({ inputs, answered }) => {
    const [queries, source] = [inputs[0] as readonly string[], String(inputs[1])];
    const repository = /^repo=(.+)$/s.exec(source)?.[1];
    if (repository === undefined) throw errorReply(busErrors.invalidArgs, `Parsing override source '${source}'`);
    if (queries.length > answeredFiles)
      throw errorReply(busErrors.invalidArgs, `More than ${answeredFiles} packages in one answer`);
    const paths = await downloadFromRepository(service.openSysroot(), { stateroot, repository, queries });
    for (const path of paths) answered.add(openSync(path, "r"));
    return [];
  };
}

/** Methods that answer at once and change nothing. */
function osReads(service: HostService, name: string): Record<string, Handler> {
  return {
    GetDeploymentsRpmDiff: async ({ inputs }) => {
      const [from, to] = inputs.map((id) => service.state.deployment(String(id), name));
      return [await rpmDiff(service, from!.checksum, to!.checksum)];
    },
    GetCachedUpdateRpmDiff: async ({ inputs }) => {
      const base = service.state.deployment(String(inputs[0]), name);
      const updates = knownUpdates(service.state.sysroot.repo, base.origin);
      if (updates?.newest === undefined)
        throw errorReply(busErrors.failed, "the deployment has no origin to update from, or it was not asked yet");
      return cachedDiff(service, name, base.checksum, updates.newest, updates.source);
    },
    GetCachedRebaseRpmDiff: async ({ inputs }) => {
      refuseLayered(inputs[1]);
      const base = service.state.deployment("", name);
      return cachedDiff(service, name, base.checksum, String(inputs[0]), String(inputs[0]));
    },
    GetCachedDeployRpmDiff: async ({ inputs }) => {
      refuseLayered(inputs[1]);
      const base = service.state.deployment("", name);
      const refspec = originRefspec(base.origin) ?? "";
      return cachedDiff(service, name, base.checksum, String(inputs[0]), refspec);
    },
    GetDeploymentBootConfig: ({ inputs }) => [bootConfig(service, name, String(inputs[0]), inputs[1] === true)],
    ...packageReads(service, name),
  };
}

async function rpmDiff({ state }: HostService, from: string, to: string): Promise<GVariantValue[]> {
  const diff = await packageDiff(state.sysroot.repo, asChecksum(from), asChecksum(to));
  return diffVariant(diff ?? noPackageChanges);
}

/** Against a commit that was only looked at, of which the repository has the metadata. */
async function cachedDiff(
  service: HostService,
  name: string,
  from: string,
  revision: string,
  refspec: string,
): Promise<readonly [GVariantValue[], Dictionary]> {
  const { repo } = service.state.sysroot;
  const checksum = repo.resolve(revision);
  return [await rpmDiff(service, from, checksum), await commitDetails(repo, name, refspec, checksum)];
}

/** Keys of the boot entry that clients need to edit the kernel arguments. */
function bootConfig({ state }: HostService, name: string, id: string, pending: boolean): Dictionary {
  const { sysroot } = state;
  const wanted = pending && id === "" ? sysroot.pendingAndRollback(name).pending : undefined;
  const { kernelArgs } = wanted ?? state.deployment(id, name);
  return new Map([["options", { type: "s", value: formatKernelArgs(kernelArgs) }]]);
}
