// SPDX-License-Identifier: Apache-2.0
/** Shapes that more than one part of the gear file has. */
import type { Variable } from "../../model.ts";
import { type Name, parseName } from "../../name.ts";
import { entries, list, mapped, type Shape, text, written } from "../shape/index.ts";
import { labelPattern, namePattern, pathPattern, variablePattern } from "../value/index.ts";

export const name: Shape<Name> = mapped(text("a name of a-z, 0-9 and -", namePattern), (value) =>
  parseName(value, "a gear file"),
);

export const path = text("an absolute path", pathPattern);

export const strings = list(written(), "a list of strings");

export const environment: Shape<Variable[]> = entries(
  text("the name of a variable", variablePattern),
  written(),
  "a map of variables",
);

export const labels: Shape<Variable[]> = entries(
  text("the name of a label", labelPattern),
  written(),
  "a map of labels",
);
