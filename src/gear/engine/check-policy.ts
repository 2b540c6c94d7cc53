// SPDX-License-Identifier: Apache-2.0
import { existsSync } from "node:fs";
import { homedir } from "node:os";
import { readIfExists } from "../../base/index.ts";
import { policyPlaces, policyRequirements, type PolicySubject } from "../../formats/index.ts";
import { gearError } from "../errors.ts";
import type { EngineKind } from "./model.ts";

/**
 * Refuses with `gear-signature-policy` what nobody would verify. Podman verifies what it pulls from a registry, by the policy
 * of its own service; docker verifies nothing, and no API takes a signature along with an image of a directory or archive.
 */
export function checkPolicy(kind: EngineKind, image: PolicySubject): void {
  if (kind === "podman" && image.transport === "docker") return;
  const path = policyPlaces(process.env, homedir()).find((place) => existsSync(place));
  const bytes = path === undefined ? undefined : readIfExists(path);
  // Without a policy docker runs anything; with one, it counts for docker as well.
  if (path === undefined || bytes === undefined) return;
  const required = policyRequirements(bytes, image, path) ?? ["reject"];
  const unmet = required.find((type) => type !== "insecureAcceptAnything");
  if (unmet === undefined) return;
  const reason =
    unmet === "reject"
      ? "refuses it"
      : `asks for a signature (${unmet}), which ${verifier(kind, image)} does not verify`;
  throw gearError("signature-policy", `${image.transport}:${image.name}: ${path} ${reason}`);
}

function verifier(kind: EngineKind, { transport }: PolicySubject): string {
  return transport === "docker" ? kind : `the API of ${kind} for ${transport}:`;
}
