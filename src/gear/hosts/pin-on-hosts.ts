// SPDX-License-Identifier: Apache-2.0
import { AtomicError } from "../../base/index.ts";
import { gearError } from "../errors.ts";
import type { Pins } from "../generation/model.ts";
import type { PullPolicy } from "../generation/pin-images.ts";
import { checkPin, checkSameImage, isUnsure } from "./check-answers.ts";
import { everyHost } from "./each-host.ts";
import type { HostSession } from "./session.ts";

export interface PinnedOnHosts {
  readonly pins: Pins;
  /** Pins of images that a host did not have before, by its name. */
  readonly pulled: ReadonlyMap<string, readonly string[]>;
}

/**
 * Has every host's images in its storage. A reference is looked up by the first host that runs it; the others bring the digest that
 * it found, so that a tag that moves in the middle is the same image everywhere. An image without a digest all have by its name.
 * @param wanted references by host
 */
export async function pinOnHosts(
  sessions: readonly HostSession[],
  wanted: ReadonlyMap<string, readonly string[]>,
  pull: PullPolicy,
): Promise<PinnedOnHosts> {
  const pins = new Map<string, string>();
  const pulled = new Map<string, readonly string[]>();
  const taken = new Set<string>();
  const firsts = sessions.map((session) => {
    const references = (wanted.get(session.host.name) ?? []).filter((reference) => !taken.has(reference));
    for (const reference of references) taken.add(reference);
    return { session, references };
  });
  const bring = async (session: HostSession, references: readonly string[], how: PullPolicy) => {
    if (references.length === 0) return new Map<string, unknown>();
    const { name } = session.host;
    const found = await session.request("pin", { references, pull: how });
    pulled.set(name, [...(pulled.get(name) ?? []), ...found.pulled.map(String)]);
    return found.pins;
  };
  await everyHost(firsts, async ({ session, references }) => {
    const found = await bring(session, references, pull);
    for (const reference of references)
      pins.set(reference, checkPin(session.host.name, reference, found.get(reference)));
  });
  await everyHost(firsts, async ({ session, references }) => {
    const others = (wanted.get(session.host.name) ?? []).filter((reference) => !references.includes(reference));
    const isByName = (reference: string) => isUnsure(reference, pins.get(reference)!);
    const named = others.filter(isByName);
    const digests = new Set(
      others.filter((reference) => !isByName(reference)).map((reference) => pins.get(reference)!),
    );
    try {
      await bring(session, [...digests], pull === "never" ? "never" : "missing");
      const found = await bring(session, named, "never");
      for (const reference of named)
        checkSameImage(session.host.name, reference, pins.get(reference)!, found.get(reference));
    } catch (error) {
      explainMissing(error);
    }
  });
  return { pins, pulled };
}

function explainMissing(error: unknown): never {
  if (!gearError.is(error, "no-image", "engine", "bad-image")) throw error;
  throw new AtomicError(error.code, error.message, {
    cause: error,
    hint: "an image that comes from no registry has to be the same on all hosts: podman image scp, or save and load",
  });
}
