// SPDX-License-Identifier: Apache-2.0
/**
 * containers-policy.json(5): what images must be signed by. skopeo enforces it; here it is only seen whether it asks for
 * anything at all (ostree-rs-ext, `container_policy_is_default_insecure`).
 */
import { existsSync } from "node:fs";
import { homedir } from "node:os";
import { readIfExists } from "../../base/index.ts";
import { policyPlaces, policyRequirements } from "../../formats/index.ts";
import { ostreeError } from "../errors.ts";
import { formatImage, type ImageReference } from "./image-reference.ts";

/** The policy that counts, in the order of containers/image; skopeo is told of it, so that both mean the same file. */
export function findPolicy(): string {
  const places = policyPlaces(process.env, homedir());
  // One that is named counts whether it is there or not.
  const found = places.length === 1 ? places[0] : places.find((path) => existsSync(path));
  if (found !== undefined) return found;
  throw ostreeError("image-policy", `there is no ${places.join(", ")}`, {
    hint: "install containers-common (golang-github-containers-common), or write one: containers-policy.json(5)",
  });
}

/** Throws `ostree-image-policy` unless the policy asks for a signature of this very image. */
export function requireSigningPolicy(image: ImageReference, path: string): void {
  const bytes = readIfExists(path);
  if (bytes === undefined) throw ostreeError("image-policy", `${path} cannot be read`);
  const requirements = policyRequirements(bytes, image, path);
  if (requirements === undefined) throw ostreeError("image-policy", `${path} has no default`);
  if (!requirements.every((type) => type === "insecureAcceptAnything")) return;
  throw ostreeError(
    "image-policy",
    `${path} takes ${formatImage(image)} without a signature (insecureAcceptAnything)`,
    {
      hint: "say in it who signs the image, or do without: ostree-unverified-registry:, ostree-unverified-image:",
    },
  );
}
