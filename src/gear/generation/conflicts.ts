// SPDX-License-Identifier: Apache-2.0
import type { Name } from "../name.ts";
import { gearError } from "../errors.ts";
import { checkedUnitName, readUnit } from "./installed.ts";
import { socketHolders, type TakenPort, takenPorts } from "./listening.ts";
import type { HostPort, Rendered } from "./model.ts";
import type { GenerationStore } from "./store.ts";
import type { Surroundings } from "./surroundings.ts";

/**
 * Refuses what could not run beside what there is: units that belong to others, ports that others have or that another
 * application has when it runs. Before anything is changed, and all of it at once.
 * @param own generation that is replaced, whose units and ports are its own
 * @throws gear-conflict
 */
export async function refuseConflicts(
  { store, services }: Pick<Surroundings, "store" | "services">,
  rendered: Rendered,
  own: Rendered | undefined,
  taken: readonly TakenPort[],
): Promise<void> {
  const others = otherApplications(store, rendered.application);
  const found = [
    ...(await unitConflicts({ store, services }, rendered, own, others)),
    ...portConflicts(rendered, own, others, taken),
  ];
  if (found.length === 0) return;
  throw gearError("conflict", [`${rendered.application} cannot run beside what there is`, ...found].join("\n  "), {
    hint: "nothing was changed",
  });
}

/** Ports that a plan of the application cannot have, with who has them. */
export function portsInUse(
  store: GenerationStore,
  application: Name,
): (Omit<HostPort, "unit"> & { readonly by: string })[] {
  const others = [...otherApplications(store, application)].flatMap(([name, { ports }]) =>
    ports.map(({ protocol, address, port }) => ({ protocol, address, port, by: `application ${name}` })),
  );
  const holders = socketHolders();
  const taken = takenPorts().map(({ protocol, address, port, inode }) => {
    return { protocol, address, port, by: holders.get(inode) ?? "another program" };
  });
  return [...others, ...taken];
}

type Others = ReadonlyMap<Name, Rendered>;

/** What the others run, or are about to. */
function otherApplications(store: GenerationStore, application: Name): Others {
  const names = store.applications().filter((name) => name !== application);
  return new Map(
    names.flatMap((name): [Name, Rendered][] => {
      const record = store.record(name);
      const number = record?.change?.to ?? record?.current;
      return number === undefined ? [] : [[name, store.generation(name, number).rendered]];
    }),
  );
}

async function unitConflicts(
  { store, services }: Pick<Surroundings, "store" | "services">,
  rendered: Rendered,
  own: Rendered | undefined,
  others: Others,
): Promise<string[]> {
  const names = [...rendered.units.keys()].map(checkedUnitName);
  const states = new Map((await services.summaries(names)).map(({ loadState }, index) => [names[index]!, loadState]));
  const isOwn = (name: string) => own?.units.has(name) === true && readUnit(store, name) !== undefined;
  const foreign = names.filter((name) => states.get(name) !== "not-found" && !isOwn(name));
  const fragments = new Map((await services.fragments(foreign)).map((path, index) => [foreign[index]!, path]));
  return names.flatMap((name) => {
    const other = [...others].find(([, { units }]) => units.has(name));
    if (other !== undefined) return [`unit ${name} belongs to application ${other[0]}`];
    if (states.get(name) === "masked") return [`unit ${name} is masked`];
    const fragment = fragments.get(name);
    return fragment === undefined ? [] : [`unit ${name} belongs to the host (${fragment})${generatedText(fragment)}`];
  });
}

/** Where systemd keeps what generators make, podman's among them. */
const generatedText = (fragment: string) =>
  fragment.startsWith("/run/systemd/generator")
    ? "; a generator makes it of another file, such as a Quadlet file in /etc/containers/systemd: stop it and move that away"
    : "";

function portConflicts(
  rendered: Rendered,
  own: Rendered | undefined,
  others: Others,
  taken: readonly TakenPort[],
): string[] {
  return rendered.ports.flatMap((wanted, index) => {
    const what = `port ${wanted.port}/${wanted.protocol} of ${wanted.unit}`;
    const twice = rendered.ports.slice(0, index).find((other) => overlaps(wanted, other));
    if (twice !== undefined) return [`${what} is also ${twice.unit}'s`];
    const other = [...others].find(([, { ports }]) => ports.some((port) => overlaps(wanted, port)));
    if (other !== undefined) return [`${what} belongs to application ${other[0]}`];
    if (own?.ports.some((port) => overlaps(wanted, port)) === true) return [];
    const holder = taken.find((port) => overlaps(wanted, port));
    return holder === undefined ? [] : [`${what} is in use${byWhom(holder)}`];
  });
}

/** Who listens on a port of this host, as `nginx (process 812)`; undefined where nobody does. */
export function portHolder(wanted: Omit<HostPort, "unit">): string | undefined {
  const holder = takenPorts().find((port) => overlaps(wanted, port));
  return holder && (socketHolders().get(holder.inode) ?? "another program");
}

function byWhom({ inode }: TakenPort): string {
  const holder = socketHolders().get(inode);
  return holder === undefined ? "" : ` by ${holder}`;
}

function overlaps(
  a: Omit<HostPort, "unit">,
  b: { readonly protocol: string; readonly address: string | undefined; readonly port: number },
): boolean {
  if (a.protocol !== b.protocol || a.port !== b.port) return false;
  return isEvery(a.address) || isEvery(b.address) || a.address === b.address;
}

const isEvery = (address: string | undefined) => address === undefined || address === "0.0.0.0" || address === "::";
