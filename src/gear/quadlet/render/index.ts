// SPDX-License-Identifier: Apache-2.0
import { basename } from "node:path";
import { gearError } from "../../errors.ts";
import type { ImageUse, Pins, Rendered } from "../../generation/model.ts";
import { type Name, parseName } from "../../name.ts";
import { imageFields, logFieldEntries } from "../../unit/unit-file.ts";
import { convertQuadlets, type QuadletService } from "../convert/index.ts";
import { installLinks } from "../install.ts";
import type { QuadletFile } from "../quadlet-file.ts";
import type { QuadletSet } from "../quadlet-set.ts";
import { usedImages } from "./images.ts";
import { publishedPorts } from "./host-ports.ts";
import { dependenciesOf, instantiate } from "./instantiate.ts";
import { instancesOf, nameInstances, nameOf } from "./instances.ts";
import { PlacedFiles } from "./placed-files.ts";
import { type PlainUnit, plainUnits } from "./plain-units.ts";

export interface RenderQuadletsOptions {
  readonly application: Name;
  readonly pins?: Pins;
  readonly podman?: string;
  /** What podman's generator warns of, and units that nothing starts. */
  readonly warn?: (message: string) => void;
}

/** The name of an application that has none of its own: that of the directory or file. */
export const quadletApplication = (paths: readonly string[]): Name =>
  parseName(nameOf(basename(paths[0] ?? "").replace(/\.[a-z]+$/, "")), "an application");

/**
 * Renders what was loaded, any number of times: files are as they were when they were first read.
 * @throws gear-bad-file with all files that podman would not accept, each with the line
 */
export function renderQuadlets(set: QuadletSet, options: RenderQuadletsOptions): Rendered {
  const { application, pins = new Map<string, string>(), podman, warn = () => {} } = options;
  if (set.files.length === 0) throw gearError("bad-file", "no Quadlet file");
  const placed = new PlacedFiles(set, pins);
  const {
    services: written,
    failures,
    warnings,
  } = convertQuadlets(set.files, {
    pins,
    anyPodman: true,
    place: placed.place,
    ...(podman === undefined ? {} : { podman }),
  });
  refuseFailures(failures);
  const { services, unused } = instantiate(written);
  const plain = plainUnits(set);
  const both = plain.find(({ name }) => services.some(({ service }) => service === name));
  if (both !== undefined) throw gearError("bad-file", `${both.path}: a Quadlet file makes a unit of this name as well`);
  const { start, idle } = startedUnits(services, plain);
  for (const message of [...warnings, ...unused.map(unusedWarning), ...idle.map(idleWarning)]) warn(message);
  const manifests = (file: QuadletFile) => placed.manifests.get(file) ?? [];
  return {
    application,
    tenant: undefined,
    units: new Map([
      ...services.map((service) => [service.service, unitText(service, set, options)] as const),
      ...plain.map(({ name, text }) => [name, text] as const),
    ]),
    files: placed.files,
    start,
    images: usedImages(set.files, manifests).map((reference): ImageUse => ({ reference, pinned: pins.get(reference) })),
    ports: services.flatMap(({ file, service }) => [
      ...publishedPorts(file, service),
      ...manifests(file).flatMap(({ ports }) => ports.map((port) => ({ ...port, unit: service }))),
    ]),
    instances: nameInstances(services.flatMap((service) => instancesOf(service, set, manifests(service.file)))),
  };
}

/** podman's, and the fields by which the journal is asked for an application (ATOMIC_APP=shop). */
function unitText(
  { file, unit }: QuadletService,
  set: QuadletSet,
  { application, pins }: RenderQuadletsOptions,
): string {
  const component = nameOf(file.parts.name);
  const image = file.kind === "container" ? file.filled("Image") : undefined;
  const fields =
    image === undefined
      ? { ATOMIC_COMPONENT: component }
      : imageFields(component, set.imageReference(image), pins ?? new Map<string, string>());
  const text = unit.copy();
  for (const [key, value] of logFieldEntries({ name: application, tenant: undefined }, fields)) {
    text.add("Service", key, value);
  }
  // The unit's name without `.service`, also of one of several of a template.
  if (file.kind === "container" || file.kind === "kube") text.add("Service", "LogExtraFields", "ATOMIC_INSTANCE=%N");
  return text.toString();
}

function refuseFailures(failures: readonly Error[]): void {
  const [first] = failures;
  if (first === undefined) return;
  throw gearError("bad-file", failures.map(({ message }) => message).join("\n"), { cause: first });
}

/**
 * What [Install] has another unit start, and the containers that are started along, for they have to run as well; and those that
 * nothing starts.
 */
function startedUnits(
  services: readonly QuadletService[],
  plain: readonly PlainUnit[],
): { start: string[]; idle: QuadletService[] } {
  const known = new Map(services.map((one) => [one.service, one]));
  const start = new Set<string>();
  const installed = plain.filter(({ isWanted: wantedBySome }) => wantedBySome);
  const wanted = [
    ...services.filter(isWanted).map(({ service }) => service),
    ...installed.flatMap(({ unit }) => dependenciesOf(unit, startingKeys)),
  ];
  for (let name = wanted.pop(); name !== undefined; name = wanted.pop()) {
    const service = known.get(name);
    if (service === undefined || start.has(name)) continue;
    start.add(name);
    for (const dependency of dependenciesOf(service.unit, startingKeys)) wanted.push(dependency);
  }
  const pulled = new Set(
    [...services, ...plain].flatMap(({ unit }) => dependenciesOf(unit, [...startingKeys, "OnFailure", "OnSuccess"])),
  );
  for (const name of plain.flatMap(({ activates }) => activates)) pulled.add(name);
  const runs = services.filter(({ file }) => ["container", "kube", "pod"].includes(file.kind));
  return {
    start: [
      ...services
        .filter((one) => start.has(one.service) && (runs.includes(one) || isWanted(one)))
        .map(({ service }) => service),
      ...installed.map(({ name }) => name),
    ],
    idle: runs.filter(({ service }) => !start.has(service) && !pulled.has(service)),
  };
}

/** By which a unit starts others with it. */
const startingKeys = ["Wants", "Requires", "BindsTo", "Upholds"];

const isWanted = (service: QuadletService): boolean =>
  [...installLinks(service).keys()].some((link) => /\.(?:wants|requires|upholds)\//.test(link));

const unusedWarning = ({ file }: QuadletService): string =>
  `${file.path}: nothing names an instance of it: DefaultInstance= does, or a link ${file.name.replace("@.", "@NAME.")} to it`;

const idleWarning = ({ file, service }: QuadletService): string =>
  `${file.path}: ${service} is not started: its [Install] names no unit that wants it (WantedBy=multi-user.target), and no other file does`;
