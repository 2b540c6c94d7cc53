// SPDX-License-Identifier: Apache-2.0
import type { YamlNode } from "../../../formats/index.ts";
import { defaultApplication } from "../../defaults.ts";
import type { Application } from "../../model.ts";
import { applicationName } from "../application-name.ts";
import { Faults, Place } from "../faults.ts";
import type { Deployment, ParsedFile, ReadOptions } from "../kind.ts";
import { deepest } from "../locate.ts";
import { deployment, keys } from "./deployment.ts";
import { foldKeys } from "./fold-keys.ts";
import { randomId } from "./random-id.ts";

/**
 * Reads geard's deployment JSON: what is wanted, and, in a file that geard wrote, what has been deployed.
 * @throws gear-bad-file with all that is wrong, each with file, line and column
 */
export function readGeard(file: ParsedFile, options: ReadOptions): Deployment {
  const faults = new Faults();
  const place = new Place(faults);
  requireJson(file, place);
  const [document] = file.documents;
  const root = foldKeys(document!, keys, place);
  const read = deployment.read(root, place);
  faults.raise();
  if (read === undefined) throw new Error("a deployment was refused without a reason");
  const application = { ...defaultApplication, name: applicationName(file, options), containers: read.Containers };
  tellNamesTwice(application, root, faults);
  tellBadLinks(application, root, faults);
  faults.raise();
  return {
    application,
    // `Describe` passes over an instance that is on no host: it has not been deployed.
    previous: read.Instances.filter(({ On }) => On !== "").map(({ Id, From, On, Ports }) => ({
      id: Id,
      from: From,
      host: On,
      ports: Ports,
    })),
    naming: { prefix: read.IdPrefix, numbered: "always", random: read.RandomizeIds ? randomId : undefined },
  };
}

/** JSON is YAML, whose reader has the places; that it is JSON and nothing more, the engine's own parser is asked. */
function requireJson({ path, text }: ParsedFile, place: Place): void {
  try {
    JSON.parse(text);
  } catch (error) {
    const { message } = error as Error;
    const [, line = "1", column = "1"] = /\(line (\d+) column (\d+)\)/.exec(message) ?? [];
    place.fault({ file: path, line: Number(line), column: Number(column) }, message);
  }
}

function tellNamesTwice({ containers }: Application, root: YamlNode, faults: Faults): void {
  containers.forEach(({ name }, index) => {
    if (containers.findIndex((other) => other.name === name) === index) return;
    tell(faults, root, ["Containers", index, "Name"], `container ${name} is given twice`);
  });
}

/** links.go `OrderLinks` and `exposePorts`: links lead to public ports alone. */
function tellBadLinks({ containers }: Application, root: YamlNode, faults: Faults): void {
  const byName = new Map(containers.map((container) => [container.name, container]));
  containers.forEach(({ name, links }, index) =>
    links.forEach(({ to, ports }, place) => {
      const of = ["Containers", index, "Links", place];
      const target = byName.get(to);
      const missing = ports.find((port) => !target?.ports.some((one) => one.container === port.target));
      if (target === undefined) tell(faults, root, [...of, "To"], `target ${to} not found for source ${name}`);
      else if (target.ports.length === 0) {
        tell(faults, root, of, `target ${to} has no public ports to link to from ${name}`);
      } else if (missing) {
        tell(faults, root, of, `target port ${missing.target} on ${to} is not found, cannot link from ${name}`);
      }
    }),
  );
}

function tell(faults: Faults, root: YamlNode, path: readonly (string | number)[], message: string): void {
  const found = deepest(root, path);
  new Place(faults, found.path).fault(found.at, message);
}
