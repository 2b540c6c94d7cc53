// SPDX-License-Identifier: Apache-2.0
import type { CollectionRef } from "../../../ostree/index.ts";
import { cliError } from "../../errors.ts";

/** Arguments that are pairs of a collection's ID and a ref. */
export async function collectionRefs(words: readonly string[]): Promise<CollectionRef[]> {
  if (words.length < 2) throw cliError("usage", "At least one COLLECTION-ID REF pair must be specified");
  if (words.length % 2 === 1) throw cliError("usage", "Only complete COLLECTION-ID REF pairs may be specified");
  const { checkCollectionRef } = await import("../../../ostree/index.ts");
  const refs: CollectionRef[] = [];
  for (let index = 0; index < words.length; index += 2) {
    refs.push(checkCollectionRef(words[index]!, words[index + 1]!));
  }
  return refs;
}
