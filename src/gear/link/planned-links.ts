// SPDX-License-Identifier: Apache-2.0
import type { Instance, InstanceId } from "../plan/model.ts";
import type { InstanceLink } from "./model.ts";

/**
 * An instance's links as its file says them: straight to the container where it runs on the same host, else to the port that
 * its host publishes.
 * @param unitOf an instance's unit without `.service`
 */
export function plannedLinks(instance: Instance, unitOf: (id: InstanceId) => string): InstanceLink[] {
  return instance.links.map(({ from, protocol, to }) => {
    const near = to.host === instance.host;
    if (!near && to.port === undefined) throw new Error(`${to.instance} of ${to.host} has no port for ${instance.id}`);
    const target = near
      ? { host: `@${unitOf(to.instance)}`, port: to.containerPort }
      : { host: to.host, port: to.port! };
    return { from: { ...from, protocol }, to: target };
  });
}
