// SPDX-License-Identifier: Apache-2.0
import type { EngineKind } from "../engine/model.ts";
import type { RenderedFile } from "../generation/model.ts";
import { placeUnit } from "../generation/place-units.ts";
import type { Plan } from "../plan/model.ts";
import { render } from "../unit/index.ts";
import type { Export } from "./model.ts";

/**
 * A host's part of a plan as the units that `gear deploy` would have written, and the files that they use.
 * @param directory where the files will lie, absolute
 */
export function exportUnits(plan: Plan, host: string, engine: EngineKind, directory: string): Export {
  const { units, files, images } = render(plan, host, { engine, pins: new Map(), tenant: undefined });
  const placed = [...units].map(([name, text]): [string, RenderedFile] => [
    name,
    { content: placeUnit(text, directory, 1), mode: 0o644 },
  ]);
  const { tenant } = plan.application;
  return {
    files: new Map([...placed, ...[...files].map(([path, file]): [string, RenderedFile] => [path.slice(1), file])]),
    notes: [
      "the units go to /etc/systemd/system (systemctl link does it), and are enabled by name",
      ...images.map(({ reference }) => `image ${reference} must be there: ${engine} pull ${reference}`),
      ...(tenant === undefined ? [] : [`the tenant ${tenant} is left out, with its categories, users and journal`]),
    ],
  };
}
