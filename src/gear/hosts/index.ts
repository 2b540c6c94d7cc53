// SPDX-License-Identifier: Apache-2.0
export { type AgentOptions, serveHost } from "./agent.ts";
export { deployOnHosts, type HostsRequest } from "./deploy-on-hosts.ts";
export { eachHost, type HostOutcomes } from "./each-host.ts";
export { type Host, parseHost, parseHosts } from "./host-name.ts";
export type * from "./model.ts";
export { type Connect } from "./participant.ts";
export { placeOnHosts } from "./place-on-hosts.ts";
export { rollbackOnHosts, type HostsRollback } from "./rollback-on-hosts.ts";
export { HostSession } from "./session.ts";
export { withoutControls } from "./without-controls.ts";
export { settleOnHosts, type Settlement } from "./settle-on-hosts.ts";
