// SPDX-License-Identifier: Apache-2.0
/**
 * Credentials of registries from where `podman login` and `docker login` keep them: containers-auth.json(5), with helpers
 * (github.com/docker/docker-credential-helpers). An engine's API does not read the user's files: it is told.
 */
import { homedir } from "node:os";
import { join } from "node:path";
import { isErrno, readIfExists, run } from "../../base/index.ts";
import { gearError } from "../errors.ts";
import { Answer } from "./answer.ts";

export type Credentials =
  | { readonly username: string; readonly password: string }
  /** An OAuth token that the registry's token server takes. */
  | { readonly identityToken: string };

/** A file of credentials is small; a larger one is something else. */
const fileLimit = 1 << 20;
const helperMs = 30_000;

/**
 * Undefined where nobody has logged in.
 * @param repository in full: `quay.io/example/app`
 * @param authFile instead of the places that are looked at
 */
export async function findCredentials(
  repository: string,
  authFile: string | undefined,
  environment: NodeJS.ProcessEnv = process.env,
): Promise<Credentials | undefined> {
  const named = authFile ?? (environment["REGISTRY_AUTH_FILE"] || undefined);
  if (named !== undefined) return inFile(repository, readNamed(named), named);
  for (const path of places(environment)) {
    const bytes = readable(path);
    const found = bytes === undefined ? undefined : await inFile(repository, bytes, path);
    if (found !== undefined) return found;
  }
  return undefined;
}

/** In the order of containers/image, `getAuthFilePaths`; of root without a session, the first is below /run. */
function places(environment: NodeJS.ProcessEnv): readonly string[] {
  const runtime = environment["XDG_RUNTIME_DIR"] || undefined;
  const home = environment["HOME"] || homedir();
  const config = environment["XDG_CONFIG_HOME"] || join(home, ".config");
  const docker = environment["DOCKER_CONFIG"] || join(home, ".docker");
  return [
    runtime === undefined
      ? `/run/containers/${process.getuid?.() ?? 0}/auth.json`
      : join(runtime, "containers/auth.json"),
    join(config, "containers/auth.json"),
    join(docker, "config.json"),
  ];
}

function readNamed(path: string): Buffer {
  const bytes = readIfExists(path);
  if (bytes !== undefined) return bytes;
  throw gearError("credentials", `${path}: there is no such file of credentials`);
}

/** A place that is another user's is not ours to read. */
function readable(path: string): Buffer | undefined {
  try {
    return readIfExists(path);
  } catch (error) {
    if (isErrno(error, "EACCES", "ENOTDIR", "EISDIR")) return undefined;
    throw error;
  }
}

async function inFile(repository: string, bytes: Buffer, path: string): Promise<Credentials | undefined> {
  const file = new Answer(parse(bytes, path));
  const host = repository.slice(0, repository.indexOf("/"));
  const helper = file.text("credHelpers", host);
  if (helper !== "") return fromHelper(helper, serverName(host));
  const auths = file.members("auths");
  const key = scopes(repository).find((scope) => auths.has(scope));
  const entry = key === undefined ? undefined : auths.get(key);
  const token = entry?.text("identitytoken") ?? "";
  if (token !== "") return { identityToken: token };
  const encoded = entry?.text("auth") ?? "";
  if (encoded !== "") return decode(encoded, path);
  const store = file.text("credsStore");
  return store === "" ? undefined : fromHelper(store, serverName(host));
}

function parse(bytes: Buffer, path: string): unknown {
  try {
    if (bytes.length > fileLimit) throw new Error(`${bytes.length} bytes`);
    return JSON.parse(bytes.toString("utf8"));
  } catch (cause) {
    throw gearError("credentials", `${path} is no file of credentials (containers-auth.json)`, { cause });
  }
}

/** Docker Hub's login is by the address of its first index. */
function serverName(host: string): string {
  return host === "docker.io" ? "https://index.docker.io/v1/" : host;
}

/** The repository, its namespaces, the host, and the forms that docker has written hosts in. */
function scopes(repository: string): readonly string[] {
  const parts = repository.split("/");
  const namespaces = parts.map((_, index) => parts.slice(0, parts.length - index).join("/"));
  const host = parts[0]!;
  const hosts = host === "docker.io" ? [serverName(host), "index.docker.io", "registry-1.docker.io"] : [];
  const addresses = [host, ...hosts].flatMap((name) => [
    `https://${name}`,
    `https://${name}/`,
    `https://${name}/v1/`,
    `https://${name}/v2/`,
  ]);
  return [...namespaces, ...hosts, ...addresses];
}

/** `USER:PASSWORD`; docker once padded it with NUL. */
function decode(encoded: string, path: string): Credentials {
  const text = Buffer.from(encoded, "base64").toString("utf8");
  const cut = text.indexOf(":");
  if (cut < 1) throw gearError("credentials", `${path}: an entry's auth is not USER:PASSWORD in base64`);
  return { username: text.slice(0, cut), password: text.slice(cut + 1).replace(/\0+$/, "") };
}

async function fromHelper(name: string, server: string): Promise<Credentials | undefined> {
  if (!/^[\w][\w.-]*$/.test(name))
    throw gearError("credentials", `${JSON.stringify(name.slice(0, 80))} is no name of a credential helper`);
  const program = `docker-credential-${name}`;
  const { code, stdout } = await run(program, ["get"], {
    input: server,
    accept: [0, 1],
    signal: AbortSignal.timeout(helperMs),
  });
  if (code !== 0) {
    // The protocol's one way to say so (docker-credential-helpers, `ErrCredentialsNotFound`).
    if (/credentials not found/i.test(stdout)) return undefined;
    throw gearError("credentials", `${program}: ${stdout.trim().slice(0, 300)}`);
  }
  const answer = new Answer(parse(Buffer.from(stdout), program));
  const [username, secret] = [answer.text("Username"), answer.text("Secret")];
  return username === "<token>" ? { identityToken: secret } : { username, password: secret };
}

/** The header X-Registry-Auth of the Docker API: JSON in base64 for URLs. */
export function registryAuth(credentials: Credentials, repository: string): string {
  const host = repository.slice(0, repository.indexOf("/"));
  const auth = "identityToken" in credentials ? { identitytoken: credentials.identityToken } : credentials;
  const text = Buffer.from(JSON.stringify({ ...auth, serveraddress: serverName(host) })).toString("base64");
  return text.replaceAll("+", "-").replaceAll("/", "_");
}
