// SPDX-License-Identifier: Apache-2.0
import { gearError } from "../errors.ts";
import type { Container, Mount } from "../model.ts";
import { csvField } from "../csv-line.ts";
import type { GivenMount } from "./given-files.ts";
import type { Scene } from "./settings.ts";
import { volumeName } from "./unit-names.ts";

export function mountWords(scene: Scene, container: Container, given: readonly GivenMount[]): string[] {
  const own = container.mounts.flatMap((mount) => mountFields(scene, mount));
  // They are for this container alone; Docker's --mount cannot say that.
  const label = scene.engine === "podman" ? ["relabel=private"] : [];
  const files = given.map(({ source, target, readOnly }) => [...bind(source, target, readOnly), ...label]);
  return [...own, ...files].map((fields) => `--mount=${fields.map(csvField).join(",")}`);
}

/** Fields of one `--mount`; none for a file of the generation, which is among the given ones. */
function mountFields(scene: Scene, { source, target, readOnly }: Mount): string[][] {
  if (!target.startsWith("/")) throw gearError("unsupported", `${JSON.stringify(target)} is not an absolute path`);
  switch (source.kind) {
    case "file":
      return [];
    case "bind":
      return [bind(source.path, target, readOnly)];
    case "tmpfs": {
      const size = source.size === undefined ? [] : [`tmpfs-size=${source.size}`];
      return [["type=tmpfs", `dst=${target}`, ...size, ...ending(readOnly)]];
    }
    case "volume": {
      const volume = scene.application.volumes.find(({ name }) => name === source.name);
      if (volume === undefined) throw gearError("unsupported", `volume ${source.name} is mounted and not declared`);
      if (volume.path !== undefined) return [bind(volume.path, target, readOnly)];
      const name = volumeName(scene.application, volume.name);
      return [["type=volume", `src=${name}`, `dst=${target}`, ...ending(readOnly)]];
    }
  }
}

function bind(source: string, target: string, readOnly: boolean): string[] {
  if (!source.startsWith("/")) throw gearError("unsupported", `${JSON.stringify(source)} is not an absolute path`);
  return ["type=bind", `src=${source}`, `dst=${target}`, ...ending(readOnly)];
}

const ending = (readOnly: boolean): string[] => (readOnly ? ["readonly"] : []);
