// SPDX-License-Identifier: Apache-2.0
import { AtomicError } from "../../base/index.ts";
import { type ErrorReply, errorReply, isErrorReply, standardErrors } from "../../bus/index.ts";
import type { GVariantValue } from "../../formats/index.ts";

/** Names of D-Bus's own errors, and those of rpm-ostree (its rpmostreed-errors.cxx). */
export const busErrors = {
  ...standardErrors,
  failed: "org.projectatomic.rpmostreed.Error.Failed",
  updateInProgress: "org.projectatomic.rpmostreed.Error.UpdateInProgress",
  invalidRefspec: "org.projectatomic.rpmostreed.Error.InvalidRefspec",
} as const;

/** What this program does not have, said so that the user knows that it was not done. */
export function notSupported(what: string): ErrorReply {
  return errorReply(busErrors.notSupported, `Atomic does not support ${what}`);
}

/** For arguments that name packages to add to a version. */
export function refuseLayered(packages: GVariantValue | undefined): void {
  if (Array.isArray(packages) && packages.length > 0) throw notSupported("layering packages on the host");
}

export function asBusError(error: unknown): ErrorReply {
  if (isErrorReply(error)) return error;
  return errorReply(busErrors.failed, errorText(error));
}

/** One line for a client: the message and what helps. */
export function errorText(error: unknown): string {
  if (error instanceof AtomicError)
    return error.hint === undefined ? error.message : `${error.message} (${error.hint})`;
  return error instanceof Error ? error.message : String(error);
}
