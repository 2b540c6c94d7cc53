// SPDX-License-Identifier: Apache-2.0
/** Commit -> container image, as ostree-rs-ext makes it (container/encapsulate.rs). */
import { type ProgressListener, silent, stage } from "../../base/index.ts";
import {
  encodeImageConfig,
  encodeManifest,
  type OciDigest,
  type OciObject,
  ociTypes,
  type OciManifest,
} from "../../formats/index.ts";
import { ostreeError } from "../errors.ts";
import type { Checksum, Commit } from "../model.ts";
import type { Repo } from "../repo.ts";
import { commitObjects, type PlacedObjects } from "./commit-objects.ts";
import { commitLayer, contentLayer } from "./export-layer.ts";
import { goArchitecture, imageLabels } from "./image-layout.ts";
import type { OciLayout } from "./oci-layout.ts";
import { type WrittenLayer, writeLayer } from "./write-layer.ts";

/** Content that is to be a layer. */
export interface LayerPlan {
  /** What the history calls it. */
  readonly name: string;
  /** Packages in it; none in a layer that is kept free for others. */
  readonly components: readonly string[];
  readonly objects: readonly Checksum[];
}

export interface EncapsulateOptions {
  /** Content in none of them goes with the commit; default: all. */
  readonly plan?: (objects: PlacedObjects) => readonly LayerPlan[];
  readonly labels?: ReadonlyMap<string, string>;
  /** Keys of the commit's metadata that become labels: each must be there, or may be. */
  readonly metadataLabels?: { readonly required: readonly string[]; readonly optional: readonly string[] };
  /** What a container of it runs; default: what the commit says. */
  readonly command?: readonly string[];
  /** The member `config` of the image's configuration, which labels and command are added to. */
  readonly execution?: OciObject;
  /** Go's name; default: this machine's. */
  readonly architecture?: string;
  /** 2: every layer has the directories that its files stand in. */
  readonly formatVersion?: 1 | 2;
  readonly tag?: string;
}

export interface Encapsulated {
  readonly digest: OciDigest;
  readonly manifest: OciManifest;
}

/** Writes an image with a commit in it into a layout. Same commit and options, same digest. */
export async function encapsulate(
  repo: Repo,
  commit: Checksum,
  layout: OciLayout,
  options: EncapsulateOptions = {},
  progress: ProgressListener = silent,
): Promise<Encapsulated> {
  const content = repo.loadCommit(commit);
  const written = await stage(
    progress,
    "encapsulate",
    "Write layers",
    () => writeLayers(repo, commit, layout, options, progress),
    (layers) => `${layers.length} layers, ${(totalSize(layers) / 1e6).toFixed(1)} MB`,
  );
  const labels = imageLabelsOf(commit, content, written.at(-1)!.diffId, options);
  const created = new Date(Number(content.timestamp) * 1000).toISOString().replace(/\.\d+Z$/, "Z");
  const command = options.command ?? containerCommand(content);
  const architecture = options.architecture ?? goArchitecture();
  const config = encodeImageConfig({
    architecture,
    os: "linux",
    created,
    execution: { ...options.execution, ...(command === undefined ? {} : { Cmd: command }) },
    labels,
    diffIds: written.map(({ diffId }) => diffId),
    history: written.map(({ name }) => ({ createdBy: name })),
  });
  const manifest: OciManifest = {
    mediaType: ociTypes.manifest,
    config: layout.writeDocument(config, ociTypes.config),
    layers: written.map(({ descriptor, annotations }) => ({ ...descriptor, ...(annotations && { annotations }) })),
    annotations: labels,
  };
  const entry = layout.writeDocument(encodeManifest(manifest), ociTypes.manifest);
  layout.setManifest({ ...entry, platform: { architecture, os: "linux" } }, options.tag);
  return { digest: entry.digest, manifest };
}

interface NamedLayer extends WrittenLayer {
  readonly name: string;
  readonly annotations?: ReadonlyMap<string, string>;
}

function totalSize(layers: readonly WrittenLayer[]): number {
  return layers.reduce((sum, { descriptor }) => sum + descriptor.size, 0);
}

async function writeLayers(
  repo: Repo,
  commit: Checksum,
  layout: OciLayout,
  { plan, formatVersion = 1 }: EncapsulateOptions,
  progress: ProgressListener,
): Promise<NamedLayer[]> {
  const { objects, directories } = commitObjects(repo, commit);
  const planned = plan?.(objects) ?? [];
  const rest: PlacedObjects = new Map(objects);
  const how = { parents: formatVersion === 2 ? directories : undefined };
  const chunks = planned.map((chunk) => ({ ...chunk, objects: take(rest, chunk.objects) }));
  const { subject } = repo.loadCommit(commit);
  const jobs: (() => Promise<NamedLayer>)[] = [
    async () => ({
      ...(await writeLayer(layout, commitLayer(repo, commit, rest, how))),
      name: subject === "" ? `ostree export of commit ${commit}` : subject,
    }),
    ...chunks.map((chunk) => async () => ({
      ...(await writeLayer(layout, contentLayer(repo, chunk.objects, how))),
      name: chunk.name,
      annotations: new Map([[imageLabels.components, chunk.components.toSorted().join(",")]]),
    })),
  ];
  return runSome(jobs, (done) =>
    progress({ type: "steps", task: "encapsulate", done, total: jobs.length, unit: "layers" }),
  );
}

function take(from: PlacedObjects, checksums: readonly Checksum[]): PlacedObjects {
  const taken: PlacedObjects = new Map();
  for (const checksum of checksums) {
    const object = from.get(checksum);
    if (object === undefined) throw new Error(`${checksum} is planned for two layers`);
    from.delete(checksum);
    taken.set(checksum, object);
  }
  return taken;
}

/** Layers at a time: zlib compresses in threads of its own, which wait for us to read. */
const parallelLayers = 4;

async function runSome<T>(jobs: readonly (() => Promise<T>)[], onDone: (done: number) => void): Promise<T[]> {
  const results: T[] = [];
  let [next, done] = [0, 0];
  const work = async () => {
    for (let index = next++; index < jobs.length; index = next++) {
      results[index] = await jobs[index]!();
      onDone(++done);
    }
  };
  // Nothing may write any more when the caller hears of a failure.
  const ends = await Promise.allSettled(Array.from({ length: parallelLayers }, work));
  const failed = ends.find((end) => end.status === "rejected");
  if (failed !== undefined) throw failed.reason;
  return results;
}

/** `commit_meta_to_labels` and what `build_oci` adds. */
function imageLabelsOf(
  commit: Checksum,
  { metadata }: Commit,
  finalLayer: OciDigest,
  { labels, metadataLabels }: EncapsulateOptions,
): ReadonlyMap<string, string> {
  const text = (key: string) => {
    const value = metadata.get(key);
    return value?.type === "s" ? String(value.value) : undefined;
  };
  const found = new Map<string, string>();
  const copy = (key: string, label = key) => {
    const value = text(key);
    if (value !== undefined) found.set(label, value);
    return value !== undefined;
  };
  for (const key of metadataLabels?.required ?? []) {
    if (!copy(key)) throw ostreeError("image-content", `Could not find commit metadata key: ${key}`);
  }
  for (const key of metadataLabels?.optional ?? []) copy(key);
  const bootable = metadata.get(imageLabels.bootable);
  if (bootable?.type === "b") {
    found.set(imageLabels.bootable, String(bootable.value));
    found.set(imageLabels.bootc, "1");
  }
  copy(imageLabels.linux);
  copy("version", imageLabels.version);
  found.set(imageLabels.commit, commit);
  for (const [key, value] of labels ?? []) found.set(key, value);
  return found.set(imageLabels.finalLayer, finalLayer);
}

/** OSTREE_COMMIT_META_CONTAINER_CMD */
function containerCommand({ metadata }: Commit): readonly string[] | undefined {
  const command = metadata.get("ostree.container-cmd");
  return command?.type === "as" ? (command.value as readonly string[]) : undefined;
}
