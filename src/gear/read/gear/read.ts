// SPDX-License-Identifier: Apache-2.0
import type { YamlNode } from "../../../formats/index.ts";
import type { Container } from "../../model.ts";
import { inconsistencies, type Inconsistency } from "../consistency.ts";
import { Faults, Place } from "../faults.ts";
import type { Deployment } from "../kind.ts";
import { deepest } from "../locate.ts";
import { application } from "./application.ts";

/**
 * Reads a gear file.
 * @throws gear-bad-file with all that is wrong, each with file, line, column and the path of its key
 */
export function readGear(root: YamlNode): Deployment {
  const faults = new Faults();
  const read = application.read(root, new Place(faults));
  faults.raise();
  if (read === undefined) throw new Error("a gear file was refused without a reason");
  for (const found of inconsistencies(read)) tell(found, root, faults);
  faults.raise();
  return { application: read, files: faults.files };
}

/** Keys of the file for the parts of the model. */
const keys: Record<Inconsistency["part"], keyof Container | "volumes"> = {
  links: "links",
  after: "after",
  mounts: "volumes",
  secrets: "secrets",
  network: "network",
  ports: "ports",
};

function tell({ container, part, index, name, message, hint }: Inconsistency, root: YamlNode, faults: Faults): void {
  const { at, path } = deepest(root, ["containers", container, keys[part], [index, name]]);
  new Place(faults, path).fault(at, message, hint);
}
