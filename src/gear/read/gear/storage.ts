// SPDX-License-Identifier: Apache-2.0
import type { Mount, Secret, SecretUse, Volume } from "../../model.ts";
import { type Name, parseName } from "../../name.ts";
import {
  called,
  either,
  entries,
  type Entry,
  flag,
  list,
  mapped,
  nothing,
  optional,
  record,
  required,
  type Shape,
  size,
  syntax,
  text,
} from "../shape/index.ts";
import { namePattern, variablePattern } from "../value/index.ts";
import { labels, name, path } from "./words.ts";

const longVolume = record("volume", {
  path: optional(path, "Directory of the host; the engine keeps it without one"),
  labels: optional(labels, "Labels of the engine's volume", []),
});

export const volumes: Shape<Volume[]> = mapped(
  entries(
    name,
    either(
      mapped(nothing, (): Omit<Volume, "name"> => ({ path: undefined, labels: [] })),
      mapped(path, (directory): Omit<Volume, "name"> => ({ path: directory, labels: [] })),
      longVolume,
    ),
    "a map of names to nothing, a directory of the host, or a map of path and labels",
  ),
  named,
);

const credential = text("the name of a credential", "[A-Za-z0-9_.-]{1,255}");

const longSecret = record(
  "secret",
  {
    file: optional(path, "File of the host that has the value"),
    credential: optional(credential, "Name of a credential of systemd-creds(1)"),
  },
  { exactlyOne: ["file", "credential"] },
);

export const secrets: Shape<Secret[]> = mapped(
  entries(
    name,
    either(
      mapped(path, (file): Omit<Secret, "name"> => ({ source: { kind: "file", path: file } })),
      mapped(longSecret, (value): Omit<Secret, "name"> => {
        if (value.file !== undefined) return { source: { kind: "file", path: value.file } };
        return { source: { kind: "credential", name: value.credential ?? "" } };
      }),
    ),
    "a map of names to a file of the host, or a map of file or credential",
  ),
  named,
);

/** The key of a map becomes the name of what it leads to. */
export function named<T extends object>(all: readonly Entry<T>[]): (T & { name: Name })[] {
  return all.map(({ name: key, value }) => ({ name: parseName(key, "a gear file"), ...value }));
}

const variable = text("the name of a variable", variablePattern);

const longSecretUse = record(
  "secret-use",
  {
    secret: required(name, "Name of the secret"),
    file: optional(path, "Where the container finds it; /run/secrets/NAME without it"),
    environment: optional(variable, "Variable that has the value, in place of a file"),
  },
  { atMostOne: ["file", "environment"] },
);

const secretUse: Shape<SecretUse> = either(
  mapped(name, (used): SecretUse => ({ name: used, target: { kind: "file", path: undefined } })),
  mapped(longSecretUse, ({ secret, file, environment }): SecretUse => {
    if (environment === undefined) return { name: secret, target: { kind: "file", path: file } };
    return { name: secret, target: { kind: "environment", variable: environment } };
  }),
);

export const secretUses: Shape<SecretUse[]> = list(secretUse, "a list of names of secrets");

const longMount = record(
  "mount",
  {
    volume: optional(name, "Name of a volume of this file"),
    bind: optional(path, "Directory or file of the host"),
    tmpfs: optional(either(nothing, size), "Memory, of at most this size"),
    target: required(path, "Where the container finds it"),
    "read-only": optional(flag, "Whether the container can only read it", false),
  },
  { exactlyOne: ["volume", "bind", "tmpfs"] },
);

const noColon = "/(?!\\.\\.?(?:/|:|$))[^/:\\u0000-\\u001f]+(?:/+(?!\\.\\.?(?:/|:|$))[^/:\\u0000-\\u001f]+)*/?";

const mount: Shape<Mount> = either(
  syntax("SOURCE:TARGET[:ro]", `(?:${namePattern}|${noColon}):${noColon}(?::(?:ro|rw))?`, shortMount),
  mapped(longMount, (value): Mount => {
    const { volume, bind, tmpfs, target } = value;
    const readOnly = value["read-only"];
    if (volume !== undefined) return { source: { kind: "volume", name: volume }, target, readOnly };
    if (bind !== undefined) return { source: { kind: "bind", path: bind }, target, readOnly };
    return { source: { kind: "tmpfs", size: tmpfs ?? undefined }, target, readOnly };
  }),
);

export const mounts: Shape<Mount[]> = called(
  "a list of mounts, each data:/var/lib/db, /srv/site:/var/www:ro or a map",
  list(mount, "a list of mounts"),
);

function shortMount(written: string): Mount | undefined {
  const form = new RegExp(
    `^(?:(?<volume>${namePattern})|(?<bind>${noColon})):(?<target>${noColon})(?::(?<access>ro|rw))?$`,
    "u",
  );
  const { volume, bind, target, access } = form.exec(written)?.groups ?? {};
  if (target === undefined) return undefined;
  const source =
    volume === undefined
      ? ({ kind: "bind", path: bind ?? "" } as const)
      : ({ kind: "volume", name: parseName(volume, "a volume") } as const);
  return { source, target, readOnly: access === "ro" };
}
