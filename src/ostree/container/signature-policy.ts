// SPDX-License-Identifier: Apache-2.0
/**
 * containers-policy.json(5): what images must be signed by. skopeo enforces it; here it is only seen whether it asks for
 * anything at all (ostree-rs-ext, `container_policy_is_default_insecure`).
 */
import { existsSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { readIfExists } from "../../base/index.ts";
import { asObject, type OciJson, type OciObject, parseOciObject } from "../../formats/index.ts";
import { ostreeError } from "../errors.ts";
import { formatImage, type ImageReference, splitPathAndTag } from "./image-reference.ts";

/** The policy that counts, in the order of containers/image; skopeo is told of it, so that both mean the same file. */
export function findPolicy(): string {
  const override = process.env["CONTAINERS_POLICY_JSON"];
  if (override !== undefined && override !== "") return override;
  const config = process.env["XDG_CONFIG_HOME"] ?? join(homedir(), ".config");
  const places = [config, "/etc", "/usr/share"].map((directory) => join(directory, "containers/policy.json"));
  const found = places.find((path) => existsSync(path));
  if (found !== undefined) return found;
  throw ostreeError("image-policy", `there is no ${places.join(", ")}`, {
    hint: "install containers-common (golang-github-containers-common), or write one: containers-policy.json(5)",
  });
}

/** Throws `ostree-image-policy` unless the policy asks for a signature of this very image. */
export function requireSigningPolicy(image: ImageReference, path: string): void {
  const bytes = readIfExists(path);
  if (bytes === undefined) throw ostreeError("image-policy", `${path} cannot be read`);
  const requirements = requirementsFor(image, parseOciObject(bytes, path), path);
  if (!requirements.every((one) => asObject(one, path)["type"] === "insecureAcceptAnything")) return;
  throw ostreeError(
    "image-policy",
    `${path} takes ${formatImage(image)} without a signature (insecureAcceptAnything)`,
    {
      hint: "say in it who signs the image, or do without: ostree-unverified-registry:, ostree-unverified-image:",
    },
  );
}

/** The most specific scope that is there, else the transport's "", else the default. */
function requirementsFor(image: ImageReference, policy: OciObject, path: string): readonly OciJson[] {
  const transports = asObject(policy["transports"] ?? {}, path);
  const scopes = asObject(transports[image.transport] ?? {}, path);
  const scope = [...scopesOf(image), ""].find((one) => Object.hasOwn(scopes, one));
  const found = scope === undefined ? policy["default"] : scopes[scope];
  if (Array.isArray(found)) return found as readonly OciJson[];
  throw ostreeError("image-policy", `${path} has no default`);
}

function scopesOf(image: ImageReference): string[] {
  return image.transport === "docker" ? registryScopes(image.name) : pathScopes(splitPathAndTag(image.name).path);
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
