// SPDX-License-Identifier: Apache-2.0
import { gearError } from "../../errors.ts";
import type { Application, Container } from "../../model.ts";
import type { Name } from "../../name.ts";

export interface Scene {
  readonly application: Application;
  readonly volumeSize: string;
  readonly notes: Set<string>;
}

/** An object of Kubernetes' API; what is undefined in it is left out. */
export interface Manifest {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: Metadata;
  readonly [key: string]: unknown;
}

export interface Metadata {
  readonly name: string;
  readonly namespace?: string | undefined;
  readonly labels?: Readonly<Record<string, string>> | undefined;
}

/** `APPLICATION-NAME`, as gear calls units; DNS labels of RFC 1123, which Kubernetes' names are too. */
export function objectName({ application }: Scene, name: Name | string): string {
  const whole = `${application.name}-${name}`;
  if (whole.length <= 63) return whole;
  throw gearError("unsupported", `${whole} is too long a name for Kubernetes: 63 characters are the most`);
}

export function metadata(scene: Scene, name: string, container?: Container): Metadata {
  const { application } = scene;
  const labels = container ? selector(scene, container) : { "app.kubernetes.io/part-of": application.name };
  return { name, namespace: application.tenant, labels };
}

/** The labels by which Services and workloads find the Pods of a container. */
export function selector({ application }: Scene, { name }: Container): Record<string, string> {
  return { "app.kubernetes.io/name": name, "app.kubernetes.io/part-of": application.name };
}

/** The value without the keys that are undefined, at every depth. */
export function without(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(without);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).flatMap(([key, inner]) => (inner === undefined ? [] : [[key, without(inner)]])),
  );
}

/** `undefined` for an empty list, which is left out. */
export function some<T>(items: readonly T[]): readonly T[] | undefined {
  return items.length === 0 ? undefined : items;
}

/** Kubernetes counts seconds; a part of one is the next whole one. */
export function seconds(milliseconds: number): number {
  return Math.max(1, Math.ceil(milliseconds / 1000));
}

/** `$(NAME)` in commands, arguments and variables stands for a variable, and `$$` for `$` (k8s.io/third_party/forked/golang/expansion). */
export function literal(text: string): string {
  return text.replaceAll(/\$(?=[$(])/g, "$$$$");
}
