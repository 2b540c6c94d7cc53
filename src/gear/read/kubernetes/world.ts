// SPDX-License-Identifier: Apache-2.0
import type { Secret, Volume } from "../../model.ts";
import type { Name } from "../../name.ts";
import type { KubernetesObject } from "./kinds.ts";
import type { Source } from "./source.ts";

type Path = readonly (string | number)[];

/** What the objects of a file share: ConfigMaps that they take values of, and what is made of what they refer to. */
export class World {
  readonly application: Name;
  readonly #configMaps: ReadonlyMap<string, ReadonlyMap<string, string>>;
  readonly #secrets = new Map<Name, Secret>();
  readonly #volumes = new Map<Name, Volume>();

  constructor(application: Name, objects: readonly KubernetesObject[]) {
    this.application = application;
    this.#configMaps = new Map(
      objects.flatMap((object) =>
        object.kind === "ConfigMap"
          ? [[object.value.metadata.name, new Map(object.value.data.map(({ name, value }) => [name, value]))]]
          : [],
      ),
    );
  }

  get secrets(): readonly Secret[] {
    return [...this.#secrets.values()];
  }

  get volumes(): readonly Volume[] {
    return [...this.#volumes.values()];
  }

  /** The name without that of the application before it, which units' names begin with anyway. */
  plain(name: string): string {
    const prefix = `${this.application}-`;
    return name.startsWith(prefix) && name !== prefix ? name.slice(prefix.length) : name;
  }

  configMap(name: string, source: Source, path: Path): ReadonlyMap<string, string> | undefined {
    const found = this.#configMaps.get(name);
    if (found === undefined) source.fault(path, `no ConfigMap of the file is called ${name}`);
    return found;
  }

  /** The secret that is the value at a key: a credential of systemd called NAME.KEY. */
  secret(object: string, key: string, source: Source, path: Path): Name {
    const plain = this.plain(object);
    const name = source.name(
      path,
      key === "value" ? plain : `${plain}-${key.toLowerCase().replaceAll(/[^a-z0-9]+/g, "-")}`,
    );
    const credential = `${object}.${key}`;
    const other = this.#secrets.get(name)?.source;
    if (other?.kind === "credential" && other.name !== credential) {
      source.fault(path, `two secrets would be called ${name}: ${other.name} and ${credential}`);
    }
    this.#secrets.set(name, { name, source: { kind: "credential", name: credential } });
    return name;
  }

  volume(word: string, directory: string | undefined, source: Source, path: Path): Name {
    const name = source.name(path, this.plain(word));
    const other = this.#volumes.get(name);
    if (other && other.path !== directory) source.fault(path, `two volumes would be called ${name}`);
    this.#volumes.set(name, { name, path: directory, labels: [] });
    return name;
  }
}
