// SPDX-License-Identifier: Apache-2.0
import type { Secret } from "../../model.ts";
import { isActivated } from "../../unit/instance-kind.ts";
import { secretName } from "./container-file.ts";
import type { QuadletScene } from "./scene.ts";

/** What the plan says that Quadlet cannot be told, and what must be there first. */
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
    if (isActivated(container))
      notes.add(`${id}: its .timer or .socket goes to /etc/systemd/system, and is enabled there`);
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
