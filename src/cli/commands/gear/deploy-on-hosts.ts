// SPDX-License-Identifier: Apache-2.0
import { basename } from "node:path";
import { statSync } from "node:fs";
import type { EngineKind, HostsReport, Name, PullPolicy } from "../../../gear/index.ts";
import type { Invocation } from "../../command.ts";
import { cliError } from "../../errors.ts";
import { readDeploymentSource, refuseUnsupported } from "./application-file.ts";
import { patience, whoFromHere } from "./hosts-options.ts";
import { interruption } from "./shared.ts";

export interface OnHostsOptions {
  readonly path: string;
  readonly hosts: readonly string[];
  readonly name: Name | undefined;
  readonly engine: EngineKind;
  readonly pull: PullPolicy;
}

/** `atomic gear deploy FILE HOST...` */
export async function deployFileOnHosts(invocation: Invocation, options: OnHostsOptions): Promise<HostsReport> {
  const { deployOnHosts, gearError, kindOf, parseHosts, placeOnHosts } = await import("../../../gear/index.ts");
  const { path, name, engine, pull } = options;
  if (invocation.flag("dry-run")) throw cliError("usage", "--dry-run is of one host: it needs what that host has");
  const hosts = parseHosts(options.hosts);
  if (statSync(path).isDirectory() || kindOf(basename(path)) !== undefined || path.endsWith(".quadlets")) {
    throw gearError("unsupported", `${path}: Quadlet files do not say what runs on which host`);
  }
  const { deployment, source } = await readDeploymentSource(path, name);
  const { application } = deployment;
  await refuseUnsupported(application);
  const generated = application.containers.find(({ security }) => security.selinuxType === "generated");
  if (generated !== undefined) {
    throw gearError(
      "unsupported",
      `${generated.name}: selinux-type: generated is made on the host that it is deployed on`,
    );
  }
  using interrupt = await interruption(invocation);
  return await deployOnHosts({
    hosts,
    engine,
    pull,
    source,
    progress: invocation.progress,
    signal: interrupt.signal,
    application: application.name,
    tenant: application.tenant,
    policy: application.update,
    ...whoFromHere(),
    message: invocation.value("message"),
    patience: patience(invocation),
    place: (facts) => placeOnHosts(deployment, engine, facts),
  });
}
