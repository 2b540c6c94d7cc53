// SPDX-License-Identifier: Apache-2.0
import { gearError } from "../errors.ts";
import type { Name } from "../name.ts";
import type { Who } from "./change.ts";
import { type ChangeReport, currentGeneration, deployRendered, refuseAlone } from "./deploy.ts";
import { environmentOf, unitsOfContainer, withEnvironment } from "./environment.ts";
import { withApplication } from "./locked.ts";
import type { Generation } from "./model.ts";
import { type DeployPreview, previewRendered } from "./preview.ts";
import type { Surroundings } from "./surroundings.ts";

export interface EnvironmentChange {
  readonly application: Name;
  /** A container, or one of its instances. */
  readonly container: string;
  readonly set: ReadonlyMap<string, string>;
  /** Names that are the file's again; `all` before others are set. */
  readonly reset: readonly string[] | "all";
}

/**
 * Sets variables over those of the file, as a generation that is watched and gone back from as any other. The next deployment of a file
 * is what that file says.
 */
export function changeEnvironment(
  surroundings: Surroundings,
  request: EnvironmentChange & Who & { readonly message: string | undefined; readonly signal?: AbortSignal },
): Promise<ChangeReport> {
  return withApplication(surroundings, request.application, async () => {
    const current = requireCurrent(surroundings, request.application);
    const { placed, source, policy, hostVersion, withHost } = current;
    const rendered = changed(current, request);
    const known = { placed, source, policy, hostVersion, withHost, pulled: [] };
    return deployRendered(surroundings, { ...request, ...known, kind: "env", rendered });
  });
}

/** What it would change and do. */
export function previewEnvironment(
  surroundings: Pick<Surroundings, "store">,
  request: EnvironmentChange,
): DeployPreview {
  const current = requireCurrent(surroundings, request.application);
  return previewRendered(request.application, current, changed(current, request));
}

function requireCurrent(surroundings: Pick<Surroundings, "store">, application: Name): Generation {
  surroundings.store.requireRecord(application);
  const current = currentGeneration(surroundings, application);
  if (current === undefined) throw gearError("no-generation", `nothing of ${application} runs`);
  refuseAlone(current);
  return current;
}

function changed({ rendered }: Generation, { container, set, reset }: EnvironmentChange): Generation["rendered"] {
  const units = unitsOfContainer(rendered, container);
  const now = environmentOf(rendered, units[0]!);
  const secret = now.find(({ name, value }) => value === undefined && set.has(name));
  if (secret !== undefined) {
    throw gearError("unsupported", `${secret.name} of ${container} is a secret's`, { hint: "change the secret" });
  }
  const before = reset === "all" ? [] : now.filter(({ name, isSet }) => isSet && !reset.includes(name));
  const kept = before.map(({ name, value }): [string, string] => [name, value!]);
  return withEnvironment(rendered, units, new Map([...kept, ...set]));
}
