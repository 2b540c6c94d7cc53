// SPDX-License-Identifier: Apache-2.0
import { gearError } from "../../errors.ts";
import type { Secret } from "../../model.ts";
import { secretName } from "./container-file.ts";
import type { QuadletScene } from "./scene.ts";

/** @throws gear-unsupported for what an instance needs and cannot have */
export function planNotes(scene: QuadletScene): void {
  const { application, instances, notes } = scene;
  notes.add(
    "the files go to /etc/containers/systemd, with their directories; systemctl daemon-reload makes units of them",
  );
  for (const secret of application.secrets) notes.add(secretNote(scene, secret));
  if (application.tenant !== undefined) {
    notes.add(`the tenant ${application.tenant} is left out, with its categories, users and journal`);
  }
  if (application.hostVersion !== undefined) notes.add(`host-version ${application.hostVersion} is left out`);
  notes.add(
    "podman auto-update takes an image back whose unit does not start, and nothing else: there are no generations",
  );
  for (const { id, container, links } of instances) {
    if (container.sockets.length > 0) {
      throw gearError("unsupported", `${container.name}: Quadlet has no sockets`, { hint: "--units writes them" });
    }
    if (container.schedule !== undefined) notes.add(`${id}: its .timer goes to /etc/systemd/system`);
    for (const { from, to } of links) {
      notes.add(
        `${id}: its link at ${from.address}:${from.port} is a name here: it must connect to ${to.instance}:${to.containerPort}`,
      );
    }
  }
}

function secretNote(scene: QuadletScene, { name, source }: Secret): string {
  const create = `podman secret create ${secretName(scene, name)}`;
  if (source.kind === "file") return `secret ${name} must be there: ${create} ${source.path}`;
  const path = `/etc/credstore.encrypted/${source.name}`;
  return `secret ${name} must be there: systemd-creds decrypt ${path} - | ${create} -`;
}
