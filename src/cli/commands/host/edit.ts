// SPDX-License-Identifier: Apache-2.0
import { readFileSync } from "node:fs";
import type { HostSpec, Sysroot } from "../../../host/index.ts";
import { defineCommand, type Invocation } from "../../command.ts";
import { editText } from "../../edit-text.ts";
import { renderLayers } from "../../render/host-layers.ts";
import { renderUpdate, type UpdateReport } from "../../render/host-upgrade.ts";
import type { LayersReport } from "./layers.ts";
import {
  deployOptions,
  deployReport,
  hostOptions,
  makeRoomOption,
  namedStateroot,
  openForUpdate,
  staging,
  unchangedOption,
  updateReport,
} from "./shared.ts";

type Report =
  | { readonly kind: "unchanged" }
  | ({ readonly kind: "layers" } & LayersReport)
  | ({ readonly kind: "update" } & UpdateReport);

const heading = `# What this host follows, and what it has of its own. Save it, and one deployment of all that boots next;
# leave it as it is, and nothing happens. Keys: those of rpm-ostree's origin.d.
`;

export default defineCommand({
  path: ["host", "edit"],
  summary: "Edit what the host follows and what it has of its own, as one text",
  description:
    "Opens $EDITOR (or vi) with the branch or image that the host follows, packages, overrides and initramfs. All that changed becomes one deployment, which boots next. A text with a fault is shown again with the fault.",
  examples: [
    { command: "atomic host edit", text: "In an editor:" },
    { command: "atomic host edit --file=host.yaml", text: "As a file says, which may be kept under version control:" },
    { command: "atomic host edit --print >host.yaml", text: "Write such a file:" },
  ],
  options: [
    ...hostOptions,
    { name: "file", short: "f", value: "FILE", help: "Take the text from a file; - is standard input" },
    { name: "print", help: "Only print the text" },
    { name: "cache-only", short: "C", help: "Do not ask the network: use what was downloaded" },
    ...deployOptions,
    makeRoomOption,
    unchangedOption,
  ],
  json: true,
  async run(invocation): Promise<Report | { readonly kind: "print"; readonly text: string }> {
    const {
      formatSpec,
      hostSpec,
      originImage,
      currentDeployment,
      Sysroot: HostSysroot,
    } = await import("../../../host/index.ts");
    if (!invocation.flag("print")) return change(invocation);
    const sysroot = HostSysroot.open(invocation.value("sysroot") ?? "/");
    const { origin } = currentDeployment(sysroot, namedStateroot(invocation).stateroot);
    return { kind: "print", text: formatSpec(hostSpec(origin), originImage(origin) !== undefined) };
  },
  render(report, style) {
    if (report.kind === "print") return report.text.trimEnd();
    if (report.kind === "unchanged") return "No change.";
    return report.kind === "layers" ? renderLayers(report, style) : renderUpdate(report, style);
  },
  exitCode: ({ kind }, invocation) => (kind === "unchanged" && invocation.flag("unchanged-exit-77") ? 77 : 0),
});

async function change(invocation: Invocation): Promise<Report> {
  const { editHost } = await import("../../../host/index.ts");
  const sysroot = await openForUpdate(invocation, "edit");
  const request = {
    ...namedStateroot(invocation),
    ...staging(invocation),
    spec: await wantedSpec(invocation, sysroot),
    cacheOnly: invocation.flag("cache-only"),
    makeRoom: invocation.flag("make-room"),
  };
  const done = await editHost(sysroot, request, invocation.progress);
  if (done.kind === "unchanged") return done;
  if (done.kind === "update")
    return {
      kind: "update",
      ...(await updateReport(sysroot, done, "apply", invocation, `rebase ${request.spec.follows}`)),
    };
  const deployed = done.deployed === undefined ? undefined : await deployReport(sysroot, done.deployed, invocation);
  return { ...done, deployed, dryRun: false };
}

async function wantedSpec(invocation: Invocation, sysroot: Sysroot): Promise<HostSpec> {
  const { currentDeployment, formatSpec, hostSpec, originImage, parseSpec } = await import("../../../host/index.ts");
  const file = invocation.value("file");
  if (file !== undefined)
    return parseSpec(readFileSync(file === "-" ? 0 : file, "utf8"), file === "-" ? "standard input" : file);
  const { origin } = currentDeployment(sysroot, namedStateroot(invocation).stateroot);
  return editUntilRight(heading + formatSpec(hostSpec(origin), originImage(origin) !== undefined), parseSpec);
}

/** A text with a fault is shown again, with the fault on top; one that is left so ends it. */
function editUntilRight(given: string, parse: (text: string, path: string) => HostSpec): HostSpec {
  const name = "host.yaml";
  for (let text = given; ;) {
    const edited = editText(name, text);
    try {
      return parse(edited, name);
    } catch (error) {
      if (edited === text) throw error;
      const told = (error as Error).message.replaceAll("\n", " ");
      text = `# ${told}\n${edited.replace(/^# host\.yaml:.*\n/, "")}`;
    }
  }
}
