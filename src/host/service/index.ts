// SPDX-License-Identifier: Apache-2.0
export { introspectInterface, type InterfaceDeclaration } from "./interface.ts";
export * from "./rpmostree1.ts";
export { HostService, type ServiceOptions } from "./service.ts";
