// SPDX-License-Identifier: Apache-2.0
/** What a file uses that others of the set describe: images, networks, volumes, pods. */
import { quoteUnitWord, type SystemdUnit } from "../../formats/index.ts";
import type { Conversion, KnownFile } from "./conversion.ts";
import { formatCsvLine, parseCsvLine } from "../csv-line.ts";
import type { PodmanCommand } from "./podman-command.ts";
import type { QuadletFile } from "./quadlet-file.ts";
import { requireService } from "./service.ts";

/** A file of the set with what converts the one that names it. */
export interface Using {
  readonly file: QuadletFile;
  readonly service: SystemdUnit;
  readonly conversion: Conversion;
}

/** The image that a key names: a reference, pinned where it is known to what, or what an `.image` or `.build` file makes. */
export function imageSource(using: Using, image: string, key = "Image"): string {
  if (!/\.(?:build|image)$/.test(image)) return using.conversion.pins.get(image) ?? image;
  const found = using.conversion.known.get(image);
  if (found === undefined) throw using.file.error(`requested Quadlet image ${image} was not found`, key);
  return useResource(using, found, key);
}

export function addNetworks(using: Using, command: PodmanCommand): void {
  const { file, conversion } = using;
  for (const network of file.all("Network")) {
    const [, name = "", options] = /^([^:]*)(:.*)?$/s.exec(network) ?? [];
    const shared = name.endsWith(".container");
    if (!shared && !name.endsWith(".network")) {
      command.add("--network", network);
      continue;
    }
    const found = conversion.known.get(name);
    if (found === undefined) throw file.error(`requested Quadlet unit ${name} was not found`, "Network");
    if (shared && options !== undefined) {
      throw file.error("extra options are not supported when joining another container's network", "Network");
    }
    const resource = useResource(using, found, "Network");
    command.add("--network", shared ? `container:${resource}` : resource + (options ?? ""));
  }
}

/** `Volume=[SOURCE:]TARGET[:OPTIONS]` */
export function addVolumes(using: Using, command: PodmanCommand): void {
  for (const volume of using.file.all("Volume")) {
    const [first = "", target, ...options] = volume.split(":");
    const plain = target === undefined || first === "";
    const words = plain ? [target ?? first] : [storageSource(using, first, "Volume", false), target, ...options];
    command.add("-v", words.join(":"));
  }
}

/** `Mount=type=...,source=...`; an error for a source that must be and is not. */
export function addMounts(using: Using, command: PodmanCommand): void {
  for (const mount of using.file.args("Mount", using.conversion.warn)) command.add("--mount", mountWord(using, mount));
}

function mountWord(using: Using, mount: string): string {
  const fields = parseCsvLine(mount);
  if (fields === undefined) throw using.file.error(`incorrect mount format: ${mount}`, "Mount");
  const typeAt = fields.findIndex((field) => /^type=[^=]*$/.test(field));
  const type = typeAt < 0 ? "volume" : fields[typeAt]!.slice("type=".length);
  if (!["volume", "bind", "glob", "image", "artifact"].includes(type)) return mount;
  const others = fields.filter((_, index) => index !== typeAt);
  const at = others.findLastIndex((field) => /^(?:source|src)(?:=|$)/.test(field));
  const source = mountSource(using, type, others[at]);
  if (source !== undefined) others[at] = `source=${source}`;
  return formatCsvLine([`type=${type}`, ...others]);
}

function mountSource(using: Using, type: string, field: string | undefined): string | undefined {
  const { file, conversion } = using;
  const source = field?.split("=").slice(1).join("=");
  if (field !== undefined && !field.includes("=")) {
    throw file.error("source parameter does not include a value", "Mount");
  }
  if (source) {
    const resolved = storageSource(using, source, "Mount", true);
    return type === "image" ? (conversion.pins.get(resolved) ?? resolved) : resolved;
  }
  // A volume without a name is made for the container alone.
  if (type !== "volume") throw file.error(`source parameter is required for mount type ${type}`, "Mount");
  return undefined;
}

/** A path of the host, which must be mounted before, a volume, or what another file of the set makes (handleStorageSource). */
function storageSource(using: Using, written: string, key: string, images: boolean): string {
  const { file, service, conversion } = using;
  const source = written.startsWith(".") ? file.resolve(written) : written;
  if (source.startsWith("/")) {
    // systemd takes `\x20` for `x20` here, so that a space must stand for itself.
    service.add("Unit", "RequiresMountsFor", quoteUnitWord(source));
    return source;
  }
  if (!(images ? /\.(?:volume|artifact|image)$/ : /\.(?:volume|artifact)$/).test(source)) return source;
  const found = conversion.known.get(source);
  if (found === undefined) throw file.error(`requested Quadlet source ${source} was not found`, key);
  return useResource(using, found, key);
}

export function addPod(using: Using, command: PodmanCommand): void {
  const { file, conversion, service } = using;
  const name = file.filled("Pod");
  if (name === undefined) return;
  if (!name.endsWith(".pod")) throw file.error(`pod ${name} is not Quadlet based`, "Pod");
  const pod = conversion.known.get(name);
  if (pod === undefined) throw file.error(`quadlet pod unit ${name} does not exist`, "Pod");
  command.add("--pod", pod.resource ?? "");
  requireService(service, pod.service, "BindsTo");
  // Nothing can be wanted of a template that has no instance.
  if (file.parts.instance === "" || file.boolean("StartWithPod") === false) return;
  pod.containers.push(conversion.known.get(file.name)!.service);
}

function useResource({ file, service }: Using, found: KnownFile, key: string): string {
  if (found.resource === undefined) throw file.error(`cannot get the resource name of ${found.file.name}`, key);
  requireService(service, found.service);
  return found.resource;
}
