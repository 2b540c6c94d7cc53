// SPDX-License-Identifier: Apache-2.0
/**
 * Which unit waits for which. For each dependency the dependent has After= and Requires= of the provider, and WantedBy= of it,
 * which enabling makes the provider's Wants=:
 *
 * - Requires= + After=: it does not start before the other is up, nor when that failed; a stop or restart of the other one by
 *   anybody, its own Restart= among them, stops or restarts it, too, in this order (systemd.unit(5)).
 * - Wants= backwards: whenever the provider starts, so does the dependent. Without, a dependent that was stopped with it, or
 *   whose start was given up because the provider's first attempt failed, would stay dead after the second succeeded.
 *
 * BindsTo= would stop it on each crash of the other one, and Upholds= would start it again when somebody stopped it on purpose.
 */
import { gearError } from "../errors.ts";
import type { Container } from "../model.ts";
import type { Instance } from "../plan/model.ts";
import { instanceKind, isActivated } from "./instance-kind.ts";
import type { Scene } from "./settings.ts";
import { healthyUnit, serviceUnit } from "./unit-names.ts";

/** Units of the host that an instance waits for. What it depends on that has no instance here cannot be waited for. */
export function providersOf(scene: Scene, { container }: Instance): string[] {
  return container.after.flatMap(({ on, condition }) => {
    const providers = scene.instances.filter((other) => other.container.name === on);
    for (const provider of providers) checkCondition(scene, container, provider, condition);
    return providers.map((provider) =>
      condition === "healthy" && needsHealthyUnit(scene, provider)
        ? healthyUnit(scene.application, provider.id)
        : serviceUnit(scene.application, provider.id),
    );
  });
}

/** Whether its start also starts others, which require it. */
export function isWaitedFor(scene: Scene, instance: Instance): boolean {
  const unit = serviceUnit(scene.application, instance.id);
  const wanting = scene.instances.filter(({ container }) => !isActivated(container));
  return needsHealthyUnit(scene, instance) || wanting.some((other) => providersOf(scene, other).includes(unit));
}

/**
 * Whether somebody waits for its health while its own start does not. Who waits for less is not held up: it may be what makes
 * the instance healthy.
 */
export function needsHealthyUnit({ application }: Scene, { container }: Instance): boolean {
  return (
    container.ready !== "healthy" &&
    application.containers.some(({ after }) =>
      after.some(({ on, condition }) => on === container.name && condition === "healthy"),
    )
  );
}

function checkCondition(scene: Scene, dependent: Container, provider: Instance, condition: string): void {
  const { name, health, schedule } = provider.container;
  const what = `${dependent.name} starts after ${name} is ${condition}`;
  if (condition === "healthy" && health === "none") {
    throw gearError("unsupported", `${what}, and its health check is turned off`);
  }
  if (condition === "healthy" && instanceKind(scene, provider) !== "service") {
    throw gearError("unsupported", `${what}, and it runs to its end`);
  }
  if (schedule !== undefined) {
    throw gearError("unsupported", `${what}, and it runs by a schedule`, {
      hint: "give the dependent a schedule of its own, or the other one none",
    });
  }
}
