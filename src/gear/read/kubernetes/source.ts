// SPDX-License-Identifier: Apache-2.0
import type { YamlMap, YamlPosition } from "../../../formats/index.ts";
import { type Name, parseName } from "../../name.ts";
import { type Faults, Place } from "../faults.ts";
import { deepest } from "../locate.ts";

/** An object's document, for what is wrong between it and others. */
export class Source {
  readonly node: YamlMap;
  /** `Deployment/web`, with which the path of a fault begins. */
  readonly title: string;
  readonly #faults: Faults;

  constructor(node: YamlMap, title: string, faults: Faults) {
    this.node = node;
    this.title = title;
    this.#faults = faults;
  }

  fault(path: readonly (string | number)[], message: string, hint?: string): undefined {
    const { at, place } = this.#find(path);
    return place.fault(at, message, hint);
  }

  unsupported(path: readonly (string | number)[], message: string, hint?: string): undefined {
    const { at, place } = this.#find(path);
    return place.unsupported(at, message, hint);
  }

  /** The word as a name; where it is none, that is told, and what comes of it is thrown away. */
  name(path: readonly (string | number)[], word: string): Name {
    if (/^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/.test(word)) return parseName(word, this.title);
    this.fault(path, `${word} is no name here: it must be 1 to 63 characters of a-z, 0-9 and -`);
    return parseName("x", this.title);
  }

  #find(path: readonly (string | number)[]): { at: YamlPosition; place: Place } {
    const found = deepest(this.node, path);
    return { at: found.at, place: new Place(this.#faults, [this.title, ...found.path]) };
  }
}
