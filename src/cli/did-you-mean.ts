// SPDX-License-Identifier: Apache-2.0

import { editDistance } from "../base/index.ts";

/** The candidate that `word` most likely stands for; `undefined` when none is near. */
export function nearest(word: string, candidates: Iterable<string>): string | undefined {
  const reach = Math.max(1, Math.floor(word.length / 3));
  let best: { readonly text: string; readonly far: number } | undefined;
  for (const text of candidates) {
    const far = text.startsWith(word) ? 0.5 : editDistance(word, text);
    if (far <= reach && (best === undefined || far < best.far)) best = { text, far };
  }
  return best?.text;
}
