// SPDX-License-Identifier: Apache-2.0
export { authenticateClient } from "./auth.ts";
export { DbusConnection } from "./connection.ts";
export { Descriptors } from "./descriptors.ts";
export { type ErrorReply, errorReply, isErrorReply, standardErrors } from "./error-reply.ts";
export { busError } from "./errors.ts";
export { type Bus, connectBus, connectPeer } from "./message-bus.ts";
export type { SignalListener, SignalRule } from "./signals.ts";
