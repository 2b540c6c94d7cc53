// SPDX-License-Identifier: Apache-2.0
/** A host's part of a plan as systemd units of our own, which need no Quadlet: podman 4.3 has none, and Docker never had. */
import { gearError } from "../errors.ts";
import type { Rendered, RenderedFile, RenderedInstance } from "../generation/model.ts";
import type { Instance, Plan } from "../plan/model.ts";
import {
  applicationSlice,
  applicationTarget,
  healthyService,
  instanceSocket,
  instanceTimer,
} from "./companion-units.ts";
import { givenFiles } from "./given-files.ts";
import { instanceService } from "./instance-service.ts";
import { instanceKind } from "./instance-kind.ts";
import { linkFiles } from "./links.ts";
import { hostPorts } from "./network.ts";
import { needsHealthyUnit } from "./order.ts";
import type { RenderSettings, Scene } from "./settings.ts";
import { healthyUnit, instanceName, serviceUnit, sliceUnit, socketUnit, targetUnit, timerUnit } from "./unit-names.ts";

/** @throws gear-unsupported for what the engine cannot do, by name */
export function render(plan: Plan, host: string, settings: RenderSettings): Rendered {
  const { application } = plan;
  const instances = plan.instances.filter((instance) => instance.host === host);
  const scene: Scene = { ...settings, application, instances };
  const units = new Map<string, string>();
  const files = new Map<string, RenderedFile>();
  for (const instance of instances) addInstance(scene, instance, units, files);
  if (instances.length > 0) {
    units.set(sliceUnit(application), applicationSlice(scene));
    units.set(targetUnit(application), applicationTarget(scene));
  }
  return {
    application: application.name,
    tenant: application.tenant,
    units,
    files,
    start: [...units].flatMap(([name, text]) => (text.includes("\n[Install]\n") ? [name] : [])),
    images: [...new Set(instances.map(({ container }) => container.image))].map((reference) => ({
      reference,
      pinned: settings.pins.get(reference),
    })),
    ports: instances.flatMap((instance) => hostPorts(scene, instance)),
    instances: instances.map((instance) => renderedInstance(scene, instance)),
  };
}

function addInstance(
  scene: Scene,
  instance: Instance,
  units: Map<string, string>,
  files: Map<string, RenderedFile>,
): void {
  const { application } = scene;
  const { id, container } = instance;
  checkKind(scene, instance);
  const given = givenFiles(scene, instance);
  for (const [path, file] of [...given.files, ...linkFiles(scene, instance)]) files.set(path, file);
  units.set(serviceUnit(application, id), instanceService(scene, instance, given));
  if (needsHealthyUnit(scene, instance)) units.set(healthyUnit(application, id), healthyService(scene, instance));
  if (container.sockets.length > 0) units.set(socketUnit(application, id), instanceSocket(scene, instance));
  if (container.schedule !== undefined) units.set(timerUnit(application, id), instanceTimer(scene, instance));
}

function checkKind(scene: Scene, instance: Instance): void {
  const { container } = instance;
  const { name, ready, sockets } = container;
  const refuse = (what: string) => gearError("unsupported", `${name} ${what}`);
  if (instanceKind(scene, instance) !== "service") {
    if (sockets.length > 0) throw refuse("has sockets and runs to its end");
    if (ready !== "started") throw refuse(`runs to its end and would be ready before (ready: ${ready})`);
  } else if (
    sockets.length > 0 &&
    scene.instances.some((other) => other !== instance && other.container === container)
  ) {
    throw refuse("has several instances on one host, which would listen on the same sockets");
  }
}

function renderedInstance({ application }: Scene, { id, container }: Instance): RenderedInstance {
  return {
    id,
    unit: serviceUnit(application, id),
    container: instanceName(application, id),
    image: container.image,
    hasHealthCheck: container.health !== undefined && container.health !== "none",
  };
}
