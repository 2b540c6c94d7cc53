// SPDX-License-Identifier: Apache-2.0
import type { Installed, InstallOptions } from "../../../image/index.ts";
import { defineCommand, type Invocation } from "../../command.ts";
import { cliError } from "../../errors.ts";
import { renderInstalled } from "../../render/image-install.ts";
import { sysrootOption } from "../host/shared.ts";

type Release = Pick<InstallOptions, "repo" | "ref" | "commit" | "stateroot" | "remote">;

export default defineCommand({
  path: ["image", "install"],
  summary: "Write the running system's version, or another release, to a disk",
  description:
    "Makes partitions, boot loaders and a root file system with one deployment, as `image build` does, on a whole disk that nobody uses. Without --repo the release is that of the running system, whose branch, remote and keys the machine gets; its /etc and /var it does not.",
  examples: [
    { command: "atomic image install /dev/vdb", text: "From a live system:" },
    {
      command:
        "atomic image install /dev/vdb --wipe --repo repo --ref debian/13/x86_64/container-host --remote-url https://example.org/repo --remote-key keys.asc",
      text: "From a repository, over what is on the disk:",
    },
  ],
  arguments: [{ name: "DISK" }],
  options: [
    sysrootOption,
    { name: "wipe", help: "What is on the disk may go" },
    { name: "repo", value: "REPO", help: "Repository with the release (default: that of the host)" },
    { name: "ref", value: "REF", help: "Which release; the machine follows this branch" },
    { name: "karg", value: "ARG", repeat: true, help: "Add a kernel argument" },
    { name: "stateroot", value: "NAME", help: "Name of the system's state" },
    { name: "remote-name", value: "NAME", help: "Name of the remote; default: as the stateroot" },
    { name: "remote-url", value: "URL", help: "Where releases come from" },
    { name: "remote-key", value: "FILE", help: "OpenPGP keys that releases must be signed with" },
    { name: "no-gpg-verify", help: "Take unsigned releases from the --remote-url" },
    { name: "label", value: "LABEL", help: "Label of the root file system; default: root" },
    { name: "scratch", value: "DIRECTORY", help: "Where the release is laid out first; default: /var/tmp" },
  ],
  json: true,
  async run(invocation): Promise<Installed> {
    const { installToDisk } = await import("../../../image/index.ts");
    const release = invocation.flag("repo") ? givenRelease(invocation) : await hostRelease(invocation);
    const optional = { label: invocation.value("label"), scratch: invocation.value("scratch") };
    return installToDisk(
      {
        ...release,
        disk: invocation.args[0]!,
        wipe: invocation.flag("wipe"),
        kernelArgs: invocation.values("karg"),
        ...(Object.fromEntries(Object.entries(optional).filter(([, value]) => value !== undefined)) as object),
      },
      invocation.progress,
    );
  },
  render: renderInstalled,
});

function givenRelease(invocation: Invocation): Release {
  const [repo, ref, url] = ["repo", "ref", "remote-url"].map((name) => required(invocation, name));
  const stateroot = invocation.value("stateroot") ?? ref!.split("/")[0]!;
  return {
    repo: repo!,
    ref: ref!,
    stateroot,
    remote: { name: invocation.value("remote-name") ?? stateroot, url: url!, ...trust(invocation) },
  };
}

/** A machine that takes releases from the network unchecked is made only for who says so. */
function trust(invocation: Invocation): { gpgKeys?: string } {
  const gpgKeys = invocation.value("remote-key");
  if (gpgKeys !== undefined) return { gpgKeys };
  if (invocation.flag("no-gpg-verify")) return {};
  throw cliError("usage", "nothing to check releases with", {
    hint: "--remote-key=FILE  names the keys that sign them; --no-gpg-verify  takes them unchecked",
  });
}

function required(invocation: Invocation, name: string): string {
  const value = invocation.value(name);
  if (value === undefined) throw cliError("usage", `--${name} is needed`, { hint: "atomic image install --help" });
  return value;
}

/** What the host runs, without what was layered on it, and where that comes from. */
async function hostRelease(invocation: Invocation): Promise<Release> {
  const { baseCommit, currentDeployment, requireRefspec, Sysroot } = await import("../../../host/index.ts");
  const { findRemote, isChecksum, parseRefSpec, remoteKeyringPath, remoteUrl } =
    await import("../../../ostree/index.ts");
  const { existsSync } = await import("node:fs");
  const sysroot = Sysroot.open(invocation.value("sysroot") ?? "/");
  const { repo } = sysroot;
  const deployment = sysroot.booted ?? currentDeployment(sysroot, invocation.value("stateroot"));
  const refspec = requireRefspec(deployment);
  const { remote: name, ref } = isChecksum(refspec) ? { remote: undefined, ref: refspec } : parseRefSpec(refspec);
  const release = {
    repo: repo.path,
    ref: invocation.value("ref") ?? ref,
    commit: baseCommit(repo, deployment.checksum),
    stateroot: invocation.value("stateroot") ?? deployment.stateroot,
  };
  if (invocation.flag("remote-url") || name === undefined) {
    const remoteName = invocation.value("remote-name") ?? release.stateroot;
    return { ...release, remote: { name: remoteName, url: required(invocation, "remote-url"), ...trust(invocation) } };
  }
  const remote = findRemote(repo, name);
  const keys = remoteKeyringPath(repo.path, name);
  if (remote.gpgVerify && !existsSync(keys))
    return { ...release, remote: { name, url: remoteUrl(remote), ...trust(invocation) } };
  return { ...release, remote: { name, url: remoteUrl(remote), ...(remote.gpgVerify ? { gpgKeys: keys } : {}) } };
}
