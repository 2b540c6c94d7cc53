// SPDX-License-Identifier: Apache-2.0
import { quoteUnitLiteral } from "../../../formats/index.ts";
import type { RenderedFile } from "../../generation/model.ts";
import type { Plan } from "../../plan/model.ts";
import { networkName, volumeName } from "../../unit/unit-names.ts";
import { type Entry, unitFile } from "../../unit/unit-file.ts";
import type { Export } from "../model.ts";
import { containerFile } from "./container-file.ts";
import { filesOf } from "./files.ts";
import { planNotes } from "./notes.ts";
import type { QuadletScene } from "./scene.ts";

/**
 * A host's part of a plan as files of podman-systemd.unit(5), with keys that podman 5.4 has.
 * @throws gear-unsupported for what Quadlet cannot do and an instance needs
 */
export function exportQuadlet(plan: Plan, host: string): Export {
  const { application } = plan;
  const instances = plan.instances.filter((instance) => instance.host === host);
  const scene: QuadletScene = { application, instances, notes: new Set() };
  planNotes(scene);
  const files = new Map<string, RenderedFile>();
  const add = (name: string, content: string) => files.set(name, { content, mode: 0o644 });
  const joined = instances.flatMap(({ container: { network } }) =>
    network.kind === "own"
      ? network.networks.length === 0
        ? [undefined]
        : network.networks.map(({ name }) => name)
      : [],
  );
  for (const network of new Set(joined)) {
    const internal = application.networks.find(({ name }) => name === network)?.internal === true;
    const name = networkName(application, network);
    add(
      `${name}.network`,
      unitFile({ Network: [["NetworkName", name], ...(internal ? [["Internal", "true"] as const] : [])] }),
    );
  }
  for (const { name: volume, path, labels } of application.volumes) {
    const name = volumeName(application, volume);
    const labelled = labels.map((label): Entry => ["Label", quoteUnitLiteral(`${label.name}=${label.value}`)]);
    if (path === undefined) add(`${name}.volume`, unitFile({ Volume: [["VolumeName", name], ...labelled] }));
  }
  for (const instance of instances) {
    for (const [name, content] of containerFile(scene, instance)) add(name, content);
    for (const { path, source } of filesOf(scene, instance)) files.set(path, source);
  }
  return { files, notes: [...scene.notes] };
}
