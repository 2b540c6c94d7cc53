// SPDX-License-Identifier: Apache-2.0
/**
 * Files that a container is given: secrets and files of its generation. systemd makes a directory of its own for the unit
 * in /run, ExecStartPre= puts them there and they are mounted from it. So a secret is never on a disk, in the unit, on a command
 * line or in the engine's storage, and a container that is still running does not mind that its generation is removed.
 */
import { createHash } from "node:crypto";
import { quoteUnitLiteral, quoteUnitWord } from "../../formats/index.ts";
import { gearError } from "../errors.ts";
import type { RenderedFile } from "../generation/model.ts";
import type { Mount, Secret, SecretUse } from "../model.ts";
import type { Name } from "../name.ts";
import type { Instance } from "../plan/model.ts";
import type { Scene } from "./settings.ts";
import { instanceName } from "./unit-names.ts";

/** Below /run, as RuntimeDirectory= is. */
export const runtimeDirectory = (scene: Scene, { id }: Instance): string =>
  `atomic/gear/instances/${instanceName(scene.application, id)}`;

/** The directory is root's alone; in the container, whatever user it runs as may read the file, as with podman's secrets. */
const secretMode = 0o444;

export interface GivenFiles {
  /** Of the unit's [Service]. */
  readonly entries: readonly (readonly [key: string, value: string])[];
  readonly mounts: readonly GivenMount[];
  readonly files: ReadonlyMap<string, RenderedFile>;
}

export interface GivenMount {
  readonly source: string;
  readonly target: string;
  readonly readOnly: boolean;
}

type FileSource = Extract<Mount["source"], { kind: "file" }>;

export function givenFiles(scene: Scene, instance: Instance): GivenFiles {
  const directory = runtimeDirectory(scene, instance);
  const entries: [string, string][] = [];
  const mounts: GivenMount[] = [];
  const files = new Map<string, RenderedFile>();
  const install = (mode: number, from: string, name: string, mount: Omit<GivenMount, "source">): void => {
    const to = `/run/${directory}/${name}`;
    entries.push(["ExecStartPre", `/usr/bin/install -m ${octal(mode)} ${quoteUnitWord(from)} ${quoteUnitWord(to)}`]);
    mounts.push({ source: to, ...mount });
  };
  for (const use of instance.container.secrets) {
    entries.push(credentialEntry(secretOf(scene, use)));
    if (use.target.kind === "environment") continue;
    const target = use.target.path ?? `/run/secrets/${use.name}`;
    install(secretMode, `%d/${use.name}`, use.name, { target, readOnly: true });
  }
  for (const { source, target, readOnly } of instance.container.mounts) {
    if (source.kind !== "file") continue;
    const name = digestOf(source);
    files.set(`/mounts/${name}`, { content: source.content, mode: 0o600 });
    install(source.mode, `%GENERATION%/mounts/${name}`, name, { target, readOnly });
  }
  const all = [...new Map(entries.map((entry) => [entry.join("="), entry])).values()];
  if (mounts.length === 0) return { entries: all, mounts, files };
  return {
    entries: [["RuntimeDirectory", directory], ["RuntimeDirectoryMode", "0700"], ...all],
    mounts,
    files,
  };
}

/**
 * `sh -c SCRIPT sh PROGRAM WORD...` puts secrets into the environment of the engine's client, from which `--env NAME` takes
 * them. As in every shell, line breaks at the end are not part of the value.
 */
export function secretsInEnvironment(secrets: readonly SecretUse[]): string | undefined {
  const lines = secrets.flatMap(({ name, target }) => {
    if (target.kind === "file") return [];
    checkVariable(name, target.variable);
    return [`${target.variable}="$(cat "$CREDENTIALS_DIRECTORY/${name}")" || exit; export ${target.variable}`];
  });
  return lines.length === 0 ? undefined : [...lines, 'exec "$@"'].join("; ");
}

/**
 * Variables that the engine's client, which runs as root, goes by itself: its libraries, shell, settings and the engine that it
 * talks to. Whoever writes an application could have it run something else.
 */
const clientVariables =
  /^(?:LD_|GLIBC_|GCONV_|MALLOC_|GO(?:DEBUG|GC|MAXPROCS|MEMLIMIT|TRACEBACK)$|(?:PATH|HOME|IFS|ENV|TMPDIR|PS4)$|BASH|_?CONTAINER|DOCKER_|PODMAN_|STORAGE_|REGISTRY_|NETAVARK|XDG_|DBUS_|NOTIFY_|LISTEN_|CREDENTIALS_)/;

function checkVariable(secret: Name, variable: string): void {
  if (!/^[A-Za-z_][A-Za-z0-9_]*$/.test(variable)) {
    throw gearError("unsupported", `secret ${secret}: ${JSON.stringify(variable)} is no name of a variable`);
  }
  if (clientVariables.test(variable)) {
    throw gearError("unsupported", `secret ${secret}: the variable ${variable} would be the engine's client's, too`, {
      hint: "give the container the secret as a file",
    });
  }
}

/** What names the credential has no `:`, which would separate it from the path: it is a {@link Name}. */
function credentialEntry({ name, source }: Secret): [string, string] {
  if (source.kind === "file") return ["LoadCredential", quoteUnitLiteral(`${name}:${checkPath(source.path)}`)];
  if (!/^[A-Za-z0-9._-]+$/.test(source.name)) {
    throw gearError("unsupported", `secret ${name}: ${JSON.stringify(source.name)} is no name of a credential`);
  }
  // A path that is not absolute is looked for in /etc/credstore.encrypted and its like.
  return ["LoadCredentialEncrypted", quoteUnitLiteral(`${name}:${source.name}`)];
}

function secretOf({ application }: Scene, { name }: { readonly name: Name }): Secret {
  const secret = application.secrets.find((one) => one.name === name);
  if (secret !== undefined) return secret;
  throw gearError("unsupported", `secret ${name} is used and not declared`);
}

/** By content, so that another content is another command line, and the container is restarted. */
function digestOf({ content, mode }: FileSource): string {
  return createHash("sha256").update(`${mode}\0${content}`).digest("hex").slice(0, 32);
}

function checkPath(path: string): string {
  if (path.startsWith("/")) return path;
  throw gearError("unsupported", `${JSON.stringify(path)} is not an absolute path`);
}

const octal = (mode: number): string => (mode & 0o777).toString(8).padStart(4, "0");
