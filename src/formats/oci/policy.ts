// SPDX-License-Identifier: Apache-2.0
/** containers-policy.json(5): what images must be signed by. Who pulls enforces it; this says what it asks for. */
import { join } from "node:path";
import { asList, asObject, asText, type OciJson, optional, parseOciObject } from "./json.ts";

/** An image as the policy names it. */
export interface PolicySubject {
  /** Of containers-transports(5). */
  readonly transport: string;
  /** What follows the transport: `quay.io/example/os:1` in full, `/srv/image:tag`. */
  readonly name: string;
}

/** Where the policy is looked for, in the order of containers/image (`defaultPolicyPath`). */
export function policyPlaces(
  environment: Readonly<Record<string, string | undefined>>,
  home: string,
): readonly string[] {
  const override = environment["CONTAINERS_POLICY_JSON"];
  if (override !== undefined && override !== "") return [override];
  const config = environment["XDG_CONFIG_HOME"] ?? join(home, ".config");
  return [config, "/etc", "/usr/share"].map((directory) => join(directory, "containers/policy.json"));
}

/**
 * The types of what is asked for (`insecureAcceptAnything`, `reject`, `signedBy`, ...), all of which must hold; undefined where
 * the policy says nothing, which refuses.
 */
export function policyRequirements(
  bytes: Uint8Array,
  image: PolicySubject,
  what: string,
): readonly string[] | undefined {
  const policy = parseOciObject(bytes, what);
  const transports = optional(policy, "transports", what, asObject) ?? {};
  const scopes = optional(transports, image.transport, what, asObject) ?? {};
  // The most specific scope that is there, else the transport's "", else the default.
  const scope = [...scopesOf(image), ""].find((one) => Object.hasOwn(scopes, one));
  const found: OciJson | undefined = scope === undefined ? policy["default"] : scopes[scope];
  if (found === undefined) return undefined;
  return asList(found, what).map((one) => asText(asObject(one, what)["type"], `${what}: type`));
}

function scopesOf({ transport, name }: PolicySubject): string[] {
  if (transport === "docker") return registryScopes(name);
  const cut = name.indexOf(":");
  return pathScopes(cut < 0 ? name : name.slice(0, cut));
}

/** From the tag by way of every namespace to the host, then its domains (`policyTransportsScope`, docker). */
function registryScopes(name: string): string[] {
  const [repository = ""] = name.split("@");
  const untagged = repository.replace(/:[^:/]*$/, "");
  const parts = untagged.split("/");
  const namespaces = parts.map((_, index) => parts.slice(0, parts.length - index).join("/"));
  const labels = (parts[0] ?? "").replace(/:\d+$/, "").split(".");
  const domains = labels.slice(1).map((_, index) => `*.${labels.slice(index + 1).join(".")}`);
  return [name, ...namespaces, ...domains];
}

function pathScopes(path: string): string[] {
  const parts = path.split("/");
  return parts.map((_, index) => parts.slice(0, parts.length - index).join("/") || "/");
}
