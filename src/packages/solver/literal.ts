// SPDX-License-Identifier: Apache-2.0
/** Variable v is the literal 2v when true, 2v+1 when false. */
export type Literal = number;
export const positive = (variable: number): Literal => variable * 2;
export const negative = (variable: number): Literal => variable * 2 + 1;
export const negate = (literal: Literal): Literal => literal ^ 1;
export const variableOf = (literal: Literal): number => literal >> 1;
