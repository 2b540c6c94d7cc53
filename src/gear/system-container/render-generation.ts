// SPDX-License-Identifier: Apache-2.0
import { join } from "node:path";
import { lstatIfExists, type ProgressListener } from "../../base/index.ts";
import type { ContainerImage } from "../../ostree/index.ts";
import { gearError } from "../errors.ts";
import type { Name } from "../name.ts";
import type { AskedPermission } from "../permission.ts";
import { checkConfig } from "./checked-config.ts";
import { type ImageExports, parseObject, readExports, type Template } from "./exports.ts";
import { type BroughtFile, readHostFiles } from "./host-files.ts";
import type { SystemGeneration } from "./model.ts";
import { generateConfig, type GivenConfig, type Json, stateDirectories } from "./runtime-config.ts";
import type { SystemStore } from "./store.ts";
import { tmpfilesDirectories, tmpfilesPermissions } from "./tmpfiles.ts";
import { completeUnit, generateUnit, unitPermissions } from "./unit.ts";
import { containerVariables, expandTemplate, placeNames } from "./variables.ts";

export interface GenerationRequest {
  readonly name: Name;
  readonly image: string;
  readonly values: Readonly<Record<string, string>>;
  /** Names of those that were given now, and so must have a use. */
  readonly given: readonly string[];
  readonly runtime: string;
  readonly hostNetwork: boolean;
  /** The one that counts. */
  readonly before: SystemGeneration | undefined;
  readonly progress: ProgressListener;
  readonly signal?: AbortSignal | undefined;
}

/** What a generation has besides its checkout. */
export interface Rendering {
  readonly generation: SystemGeneration;
  readonly config: Json | undefined;
  readonly files: readonly BroughtFile[];
  readonly warnings: readonly string[];
}

/** Renders what an image says of itself, or what is usual where it says nothing. @param rootfs where it was checked out */
export function renderGeneration(
  store: SystemStore,
  request: GenerationRequest,
  image: ContainerImage,
  number: number,
  rootfs: string,
): Rendering {
  const scene = new Scene(store, request, image, number, rootfs);
  const files = readHostFiles(rootfs, scene.exported.manifest, scene.variables, scene.used);
  const runtime = renderRuntime(scene);
  const unit = renderUnit(scene);
  const tmpfiles = renderTmpfiles(scene, runtime.directories);
  refuseUnused(request.given, scene.used);
  const brought = files.map(({ path }): AskedPermission => ({ permission: "host-files", what: path }));
  const generation: SystemGeneration = {
    name: request.name,
    number,
    image: request.image,
    digest: image.digest,
    id: image.id,
    commit: image.commit,
    created: Date.now(),
    values: { ...request.values, UUID: scene.variable("UUID") },
    runtime: request.runtime,
    hostNetwork: request.hostNetwork,
    unit: unit.text,
    tmpfiles: tmpfiles.text,
    hostFiles: files.map(({ path, link, mode, sha256 }) => ({ path, link, mode, sha256 })),
    ownDirectories: [...new Set([...(request.before?.ownDirectories ?? []), ...tmpfiles.ownDirectories])],
    asked: [...runtime.asked, ...unit.asked, ...tmpfiles.asked, ...brought],
  };
  return { generation, config: runtime.config, files, warnings: runtime.warnings };
}

/** The image, its variables, and what on the host is the container's own. */
class Scene {
  readonly request: GenerationRequest;
  readonly image: ContainerImage;
  readonly number: number;
  readonly exported: ImageExports;
  readonly stopSignal: string;
  readonly variables: ReadonlyMap<string, string>;
  /** Variables that something has. */
  readonly used = new Set<string>();
  /** Where its directory is. */
  readonly directory: string;
  readonly given: GivenConfig;
  readonly #root: string;

  constructor(store: SystemStore, request: GenerationRequest, image: ContainerImage, number: number, rootfs: string) {
    this.#root = store.root;
    [this.request, this.image, this.number] = [request, image, number];
    this.exported = readExports(rootfs);
    const { name, runtime, hostNetwork } = request;
    this.directory = store.ownDirectory(name, number);
    this.stopSignal = signalOf(image.config.execution["StopSignal"]);
    const { directory, stopSignal } = this;
    const forced = { name, directory, runtime, image: request.image, id: image.id, stopSignal };
    this.variables = containerVariables(forced, this.exported.manifest.defaultValues, request.values);
    this.given = { name, rootfs, stateDirectory: this.variable("STATE_DIRECTORY"), hostNetwork };
  }

  get hasService(): boolean {
    return !this.exported.manifest.noContainerService;
  }

  /** Directories that one of its own stands in: the usual, and what the operator set. The image may not choose. */
  get #parents(): string[] {
    const { values } = this.request;
    const set = placeNames.flatMap((key) => values[key] ?? []);
    return ["/run", "/var/lib", "/etc", ...set];
  }

  variable(name: string): string {
    return this.variables.get(name)!;
  }

  expand({ text, path, hasVariables }: Template): string {
    return hasVariables ? expandTemplate(text, path, this.variables, this.used) : text;
  }

  /** One of its name that is not there yet, or was made for it. */
  isOwn(path: string): boolean {
    const { before, name } = this.request;
    if (!this.#parents.some((parent) => path === `${parent}/${name}`)) return false;
    return before?.ownDirectories.includes(path) === true || lstatIfExists(join(this.#root, path)) === undefined;
  }
}

interface RenderedRuntime {
  readonly config: Json | undefined;
  readonly asked: readonly AskedPermission[];
  /** Of the host, which have to be there before it starts. */
  readonly directories: readonly string[];
  readonly warnings: readonly string[];
}

function renderRuntime(scene: Scene): RenderedRuntime {
  const { config: template } = scene.exported;
  if (!scene.hasService) return { config: undefined, asked: [], directories: [], warnings: [] };
  if (template === undefined) return usualRuntime(scene);
  const { name, image } = scene.request;
  const given = parseObject(scene.expand(template), template.path);
  const { config, asked, ownDirectories, unknown } = checkConfig(given, { name, isOwn: (path) => scene.isOwn(path) });
  const warnings =
    unknown.length === 0 ? [] : [`${image}: what its configuration has is left out: ${unknown.join(", ")}`];
  return { config, asked, directories: ownDirectories, warnings };
}

/** With its volumes in directories below one of its name. */
function usualRuntime(scene: Scene): RenderedRuntime {
  const { image, given, request } = scene;
  const config = generateConfig(image.config, given);
  const states = stateDirectories(image.config.execution["Volumes"], given).map(({ source }) => source);
  if (states.length === 0) return { config, asked: [], directories: [], warnings: [] };
  const top = `${given.stateDirectory}/${request.name}`;
  const what = `directories below ${top} of the host, writable`;
  // An image may name another place for it, such as /etc, where programs of the host look for files.
  const isOwn = scene.isOwn(top) && !top.startsWith("/etc/");
  const asked: AskedPermission[] = isOwn ? [] : [{ permission: "mounts", what }];
  return { config, asked, directories: [top, ...states], warnings: [] };
}

interface RenderedText {
  readonly text: string | undefined;
  readonly asked: readonly AskedPermission[];
}

function renderUnit(scene: Scene): RenderedText {
  if (!scene.hasService) return { text: undefined, asked: [] };
  const { name, image } = scene.request;
  const what = `${name}.service`;
  const template = scene.exported.service;
  if (template === undefined) {
    const { number, stopSignal, variables } = scene;
    const text = generateUnit({ name, image, number, stopSignal, variables });
    return { text: completeUnit(text, what, scene.directory), asked: [] };
  }
  const text = scene.expand(template);
  return { text: completeUnit(text, what, scene.directory), asked: unitPermissions(text, what, scene.variables) };
}

/** What the image says, and lines for directories that its container finds and nothing else makes. */
function renderTmpfiles(
  scene: Scene,
  directories: readonly string[],
): RenderedText & { readonly ownDirectories: readonly string[] } {
  const template = scene.exported.tmpfiles === undefined ? "" : scene.expand(scene.exported.tmpfiles).trimEnd();
  const there = tmpfilesDirectories(template);
  const missing = directories.filter((path) => !there.includes(path));
  // The directory of volumes is nobody's to enter on the host: a container could write a setuid program to one.
  const modeOf = (path: string) => (missing.some((other) => other.startsWith(`${path}/`)) ? "0700" : "0755");
  const lines = [template, ...missing.map((path) => `d ${path} ${modeOf(path)} - - - -`)].filter((line) => line !== "");
  return {
    text: lines.length === 0 ? undefined : `${lines.join("\n")}\n`,
    asked: tmpfilesPermissions(template, (path) => scene.isOwn(path)),
    ownDirectories: [...missing, ...there].filter((path) => scene.isOwn(path)),
  };
}

function signalOf(value: unknown): string {
  return typeof value === "string" && /^(?:SIG)?[A-Z0-9+-]{1,12}$/.test(value) ? value : "SIGTERM";
}

/** A value that nothing has a use for was likely meant for another name. */
function refuseUnused(given: readonly string[], used: ReadonlySet<string>): void {
  const always = ["UUID", ...placeNames, "PIDFILE", "ATOMIC"];
  const unused = given.filter((name) => !used.has(name) && !always.includes(name));
  if (unused.length === 0) return;
  throw gearError("bad-variable", `nothing of the image has the variable ${unused.join(", ")}`, {
    hint: `it has: ${[...used].toSorted().join(", ") || "none"}`,
  });
}
