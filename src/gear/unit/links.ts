// SPDX-License-Identifier: Apache-2.0
/** What has an instance's links applied when its container has started: `atomic gear link apply`. */
import { gearError } from "../errors.ts";
import { linksDirectory } from "../generation/installed.ts";
import type { RenderedFile } from "../generation/model.ts";
import { encodeLinks, plannedLinks } from "../link/index.ts";
import type { Instance } from "../plan/model.ts";
import { instanceKind } from "./instance-kind.ts";
import { atomicPath } from "./programs.ts";
import type { Scene } from "./settings.ts";
import type { Entry } from "./unit-file.ts";
import { instanceName } from "./unit-names.ts";

/** Also one that others lead to: they go to its container's address, which each start may change. */
const isLinked = ({ container, links, ports }: Instance): boolean =>
  container.network.kind === "own" && (links.length > 0 || ports.some(({ shared }) => shared !== undefined));

const linksPath = (scene: Scene, { id }: Instance): string => `${linksDirectory}${instanceName(scene.application, id)}`;

/** File of the generation that says its links, by path; none for an instance without. */
export function linkFiles(scene: Scene, instance: Instance): [path: string, file: RenderedFile][] {
  if (!isLinked(instance)) return [];
  const { container } = instance;
  if (scene.engine === "docker" && instanceKind(scene, instance) !== "service") {
    throw gearError("unsupported", `${container.name}: links of a container that Docker runs to its end`);
  }
  const links = plannedLinks(instance, (id) => instanceName(scene.application, id));
  return [[linksPath(scene, instance), { content: encodeLinks(links), mode: 0o600 }]];
}

/** @param key ExecStartPost, or ExecStart of what runs to its end */
export function applyLinksEntries(scene: Scene, instance: Instance, key: string): Entry[] {
  if (!isLinked(instance)) return [];
  const name = instanceName(scene.application, instance.id);
  const options = `--engine=${scene.engine} --container=${name} --file=%GENERATION%${linksPath(scene, instance)}`;
  return [[key, `${atomicPath} gear link apply ${options} ${name}`]];
}

export function releaseLinksEntries(scene: Scene, instance: Instance): Entry[] {
  if (!isLinked(instance)) return [];
  return [["ExecStopPost", `-${atomicPath} gear link release ${instanceName(scene.application, instance.id)}`]];
}
