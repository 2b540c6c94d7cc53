// SPDX-License-Identifier: Apache-2.0
import { AtomicError } from "../../base/index.ts";
import type { GVariantValue } from "../../formats/index.ts";

/** An error as it goes over D-Bus: a name that programs compare and a text for people. */
export interface BusError extends Error {
  readonly busName: string;
}

export function busError(busName: string, text: string): BusError {
  return Object.assign(new Error(text), { busName });
}

export function isBusError(error: unknown): error is BusError {
  return error instanceof Error && "busName" in error;
}

/** Names of D-Bus's own errors, and those of rpm-ostree (its rpmostreed-errors.cxx). */
export const busErrors = {
  unknownMethod: "org.freedesktop.DBus.Error.UnknownMethod",
  unknownObject: "org.freedesktop.DBus.Error.UnknownObject",
  unknownInterface: "org.freedesktop.DBus.Error.UnknownInterface",
  unknownProperty: "org.freedesktop.DBus.Error.UnknownProperty",
  readOnly: "org.freedesktop.DBus.Error.PropertyReadOnly",
  invalidArgs: "org.freedesktop.DBus.Error.InvalidArgs",
  accessDenied: "org.freedesktop.DBus.Error.AccessDenied",
  notSupported: "org.freedesktop.DBus.Error.NotSupported",
  failed: "org.projectatomic.rpmostreed.Error.Failed",
  updateInProgress: "org.projectatomic.rpmostreed.Error.UpdateInProgress",
  invalidRefspec: "org.projectatomic.rpmostreed.Error.InvalidRefspec",
} as const;

/** What this program does not have, said so that the user knows that it was not done. */
export function notSupported(what: string): BusError {
  return busError(busErrors.notSupported, `Atomic does not support ${what}`);
}

/** For arguments that name packages to add to a version. */
export function refuseLayered(packages: GVariantValue | undefined): void {
  if (Array.isArray(packages) && packages.length > 0) throw notSupported("layering packages on the host");
}

export function asBusError(error: unknown): BusError {
  if (isBusError(error)) return error;
  return busError(busErrors.failed, errorText(error));
}

/** One line for a client: the message and what helps. */
export function errorText(error: unknown): string {
  if (error instanceof AtomicError)
    return error.hint === undefined ? error.message : `${error.message} (${error.hint})`;
  return error instanceof Error ? error.message : String(error);
}
