// SPDX-License-Identifier: Apache-2.0
/** An error as it goes over D-Bus: a name that programs compare and a text for people. */
export interface ErrorReply extends Error {
  readonly busName: string;
}

export function errorReply(busName: string, text: string): ErrorReply {
  return Object.assign(new Error(text), { busName });
}

export function isErrorReply(error: unknown): error is ErrorReply {
  return error instanceof Error && "busName" in error;
}

/** Names of D-Bus's own errors. */
export const standardErrors = {
  unknownMethod: "org.freedesktop.DBus.Error.UnknownMethod",
  unknownObject: "org.freedesktop.DBus.Error.UnknownObject",
  unknownInterface: "org.freedesktop.DBus.Error.UnknownInterface",
  unknownProperty: "org.freedesktop.DBus.Error.UnknownProperty",
  readOnly: "org.freedesktop.DBus.Error.PropertyReadOnly",
  invalidArgs: "org.freedesktop.DBus.Error.InvalidArgs",
  accessDenied: "org.freedesktop.DBus.Error.AccessDenied",
  notSupported: "org.freedesktop.DBus.Error.NotSupported",
} as const;
