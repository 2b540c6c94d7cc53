// SPDX-License-Identifier: Apache-2.0
import { either, entries, mapped, nothing, type Shape, text, type Value, written } from "../shape/index.ts";
import { configFile, networkDeclaration, secretFile, service, volume } from "./service.ts";
import { composeName, may, must, specified } from "./shapes.ts";

function orNothing<T>(shape: Shape<T>): Shape<T | null> {
  return either(nothing, shape) as Shape<T | null>;
}

/** A Compose file (compose-spec), `include` and `extends` put in. */
export const file = specified(
  "compose",
  {
    // Obsolete: the specification has none since 2020.
    version: may(written()),
    name: may(text("a name", "[a-z0-9][a-z0-9_-]*")),
    services: must(entries(composeName, service, "a map of services")),
    volumes: may(entries(composeName, orNothing(volume), "a map of volumes"), []),
    networks: may(entries(composeName, orNothing(networkDeclaration), "a map of networks"), []),
    secrets: may(entries(composeName, secretFile, "a map of secrets"), []),
    configs: may(
      entries(
        composeName,
        mapped(configFile, (value, place, node) => {
          const { file: path, content } = value;
          if ((path === undefined) === (content === undefined))
            return place.fault(node.at, "must have file or content");
          return { path, content, at: node.at };
        }),
        "a map of configurations",
      ),
      [],
    ),
  },
  { models: "" },
);

export type ComposeFile = Value<typeof file>;
