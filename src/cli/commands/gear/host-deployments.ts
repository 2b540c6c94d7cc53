// SPDX-License-Identifier: Apache-2.0
import { lstatIfExists } from "../../../base/index.ts";
import type { HostDeployments } from "../../../gear/index.ts";

/** Deployments of the host, for applications that go with it; undefined where the machine was not booted from one. */
export async function hostDeployments(): Promise<HostDeployments | undefined> {
  if (lstatIfExists("/run/ostree-booted") === undefined) return undefined;
  const { commitVersion, deploymentId, Sysroot } = await import("../../../host/index.ts");
  const sysroot = Sysroot.open("/");
  const { booted, staged, deployments } = sysroot;
  const described = ({ checksum }: (typeof deployments)[number]) => ({
    checksum,
    version: commitVersion(sysroot.repo, checksum),
  });
  const next = staged ?? deployments[0];
  const isOther = next !== undefined && booted !== undefined && deploymentId(next) !== deploymentId(booted);
  return {
    booted: booted && described(booted),
    next: isOther && next.checksum !== booted.checksum ? described(next) : undefined,
    kept: deployments.map(described),
  };
}
