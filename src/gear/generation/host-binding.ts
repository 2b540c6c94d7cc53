// SPDX-License-Identifier: Apache-2.0
/**
 * Which generation of an application goes with which deployment of the host, so that both are changed and gone back to as one.
 *
 * For each deployment of the host that it has run on, the record has the generation that ran there last; what is deployed, updated
 * or gone back to while a deployment of the host runs is that one's from then on. One more generation may wait for a host that has
 * not been booted yet. What runs is decided once in a boot, before anything of the application starts, by nothing but the record and
 * the deployment that was booted. Gear never boots a machine: that a host that is not healthy is left is the host's own decision,
 * which counts its attempts. So the two of them cannot go round in circles.
 */
import { gearError } from "../errors.ts";
import { satisfiesHostVersion } from "../host-version.ts";
import type { Name } from "../name.ts";
import type { HostBinding, HostBindings, HostDeployment, HostDeployments } from "./model.ts";

export const noBindings: HostBindings = { known: [], waiting: undefined };

/** Has a generation go with a deployment of the host from now on. */
export function bind(bindings: HostBindings, binding: HostBinding): HostBindings {
  const others = bindings.known.filter(({ host }) => host.checksum !== binding.host.checksum);
  return { ...bindings, known: [...others, binding] };
}

export const bindingOf = ({ known }: HostBindings, { checksum }: HostDeployment): HostBinding | undefined =>
  known.find(({ host }) => host.checksum === checksum);

/** Generations that a host may come back to, or that wait for one. */
export function generationsBound({ known, waiting }: HostBindings): ReadonlySet<number> {
  const numbers = known.map(({ generation }) => generation);
  return new Set(waiting === undefined ? numbers : [...numbers, waiting.generation]);
}

/** Without those of deployments that the host does not keep any more. */
export function withoutGoneHosts(bindings: HostBindings, hosts: HostDeployments | undefined): HostBindings {
  if (hosts?.booted === undefined) return bindings;
  const kept = new Set(hosts.kept.map(({ checksum }) => checksum));
  return { ...bindings, known: bindings.known.filter(({ host }) => kept.has(host.checksum)) };
}

/**
 * The generation that goes with the host that was booted: the one that ran there last; on a host that was never booted the one that
 * waits for it, or for any whose version its file asks for; else the one that ran on the host before.
 * @param versionOf what a generation's file says of the host
 */
export function chooseGeneration(
  bindings: HostBindings,
  current: number,
  booted: HostDeployment,
  versionOf: (generation: number) => string | undefined,
): number {
  const { waiting } = bindings;
  const known = bindingOf(bindings, booted);
  if (known !== undefined) return known.generation;
  if (waiting === undefined) return lastGood(bindings, current);
  const wanted = versionOf(waiting.generation);
  const isMeant = waiting.host.checksum === booted.checksum;
  return isMeant || (wanted !== undefined && satisfiesHostVersion(wanted, booted.version))
    ? waiting.generation
    : lastGood(bindings, current);
}

/** What runs, unless it has failed with its host: then the last that was healthy with another one. */
function lastGood({ known }: HostBindings, current: number): number {
  if (!known.some(({ generation, failure }) => generation === current && failure !== undefined)) return current;
  return known.findLast(({ generation, proven }) => proven && generation !== current)?.generation ?? current;
}

/** The record after the choice: on a host that is new to it, a generation has to prove itself; what failed with another host is forgotten. */
export function bindingsAfter(bindings: HostBindings, booted: HostDeployment, generation: number): HostBindings {
  const known = bindings.known.filter(
    ({ host, failure }) => failure === undefined || host.checksum === booted.checksum,
  );
  const waiting = bindings.waiting?.generation === generation ? undefined : bindings.waiting;
  const next = { known, waiting };
  if (bindingOf(next, booted) !== undefined) return next;
  return bind(next, { host: booted, generation, proven: false, failure: undefined });
}

/**
 * The host that a generation is to run on, the present one or that which boots next; undefined where it goes with none.
 * @throws gear-other-host
 */
export function requireHost(
  { host: hosts }: { readonly host?: HostDeployments | undefined },
  request: { readonly application: Name; readonly hostVersion?: string | undefined; readonly withHost?: boolean },
): HostDeployment | undefined {
  const { application, hostVersion, withHost = false } = request;
  if (hostVersion === undefined && !withHost) return undefined;
  const refuse = (what: string, hint: string) => gearError("other-host", `${application}: ${what}`, { hint });
  if (hosts?.booted === undefined) {
    throw refuse(
      "this machine was not booted from a deployment, so that no version of it is known",
      "leave host-version out",
    );
  }
  const { booted, next } = hosts;
  const fits = (host: HostDeployment) => hostVersion === undefined || satisfiesHostVersion(hostVersion, host.version);
  if (!withHost && fits(booted)) return booted;
  const wanted = `it is for a host of version ${hostVersion}`;
  const later = "atomic host upgrade, and then deploy it with --with-host";
  if (!withHost) {
    const isNext = next !== undefined && fits(next);
    const hint = isNext ? `${hostText(next)} boots next: deploy it with --with-host` : later;
    throw refuse(`${wanted}, and this is ${hostText(booted)}`, hint);
  }
  if (next === undefined) throw refuse("no other version of the host boots next", later);
  if (!fits(next)) throw refuse(`${wanted}, and ${hostText(next)} boots next`, "atomic host status");
  return next;
}

export const hostText = ({ version, checksum }: HostDeployment): string => version ?? checksum.slice(0, 12);
