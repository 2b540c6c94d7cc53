// SPDX-License-Identifier: Apache-2.0
/** The same application of many small containers for each program that runs such. */

export interface Shape {
  readonly size: number;
  /** With a health check, every `interval` seconds. */
  readonly health: boolean;
  readonly interval: number;
}

const image = "localhost/box:1";
/** Ends when it is told to, as well-behaved programs do. */
const command = ["sh", "-c", "trap exit TERM; sleep 100000 & wait"];
const check = "test -e /bin/sleep";
const names = ({ size }: Shape) => Array.from({ length: size }, (_, index) => `c${index}`);

export const unitsOf = (shape: Shape) => names(shape).map((name) => `shop-${name}.service`);

/** What is different in another version: a variable of the first container. */
const environment = (name: string, version: string) => (name === "c0" ? { VERSION: version } : { VERSION: "1" });

export function gearFile(shape: Shape, version: string): string {
  const health = shape.health ? { health: { test: check, interval: `${shape.interval}s`, retries: 3 } } : {};
  const containers = names(shape).map((name) => [
    name,
    { image, command, environment: environment(name, version), ...health },
  ]);
  const update = { "min-healthy-time": "0s", "healthy-deadline": "10m", images: "local" };
  return JSON.stringify({ application: "shop", containers: Object.fromEntries(containers), update });
}

export function composeFile(shape: Shape, version: string): string {
  const healthcheck = { test: check, interval: `${shape.interval}s`, retries: 3 };
  const services = names(shape).map((name) => [
    name,
    { image, command, environment: environment(name, version), ...(shape.health ? { healthcheck } : {}) },
  ]);
  return JSON.stringify({ name: "shop", services: Object.fromEntries(services) });
}

/** A Pod for each, as they are units for themselves. */
export function kubeFile(shape: Shape, version: string): string {
  // Podman 4.3 makes one line of the words, and gives that to a shell.
  const exec = { command: check.split(" ") };
  const livenessProbe = { exec, periodSeconds: shape.interval, failureThreshold: 3 };
  const pods = names(shape).map((name) => {
    const env = Object.entries(environment(name, version)).map(([key, value]) => ({ name: key, value }));
    const container = { name: "main", image, command, env, ...(shape.health ? { livenessProbe } : {}) };
    const metadata = { name: `shop-${name}` };
    return JSON.stringify({ apiVersion: "v1", kind: "Pod", metadata, spec: { containers: [container] } });
  });
  return pods.join("\n---\n");
}
