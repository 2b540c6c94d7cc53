// SPDX-License-Identifier: Apache-2.0
import { resolve } from "node:path";
import type { ChangeReport, Name } from "../../../../gear/index.ts";
import type { Invocation, OptionDeclaration } from "../../../command.ts";
import { cliError } from "../../../errors.ts";
import { readApplicationText } from "../application-file.ts";
import { engineOption } from "../engine-option.ts";
import { refuseLabelOptions } from "../label/options.ts";
import { pullOption } from "../pull-option.ts";
import { connectSurroundings, interruption, who } from "../shared.ts";

export const serviceOptions: readonly OptionDeclaration[] = [
  {
    name: "ports",
    short: "p",
    value: "PORTS",
    repeat: true,
    help: "INTERNAL:EXTERNAL of a service, with commas several; 0 takes a free one of the host",
  },
  {
    name: "volume",
    short: "v",
    value: "VOLUME",
    repeat: true,
    help: "/PATH of the container that outlives it, or HOST:PATH[:ro]",
  },
  { name: "env-file", value: "FILE", repeat: true, help: "File of the host with variables of the services" },
  { name: "isolate", help: "Each service is a tenant of its own, with no capabilities and a read-only root" },
  { name: "start", help: "Start the services, which is done anyway: for scripts written for geard" },
];

/** Deploys an application of one container for each name. */
export async function installServices(invocation: Invocation): Promise<readonly ChangeReport[]> {
  const { parseName } = await import("../../../../gear/index.ts");
  const [, ...words] = invocation.args;
  const names = words.filter((word) => !word.includes("=")).map((word) => parseName(word, "a service"));
  if (names.length === 0) throw cliError("usage", "NAME is missing", { hint: "atomic gear install IMAGE NAME..." });
  const twice = names.find((name, index) => names.indexOf(name) !== index);
  if (twice !== undefined) throw cliError("usage", `${twice} is named twice`);
  refuseLabelOptions(invocation, `${names[0]} is the name of a service`);
  const reports: ChangeReport[] = [];
  for (const name of names) {
    const report = await installService(
      invocation,
      name,
      words.filter((word) => word.includes("=")),
    );
    reports.push(report);
    if (!isDone(report)) break;
  }
  return reports;
}

async function installService(invocation: Invocation, name: Name, variables: readonly string[]): Promise<ChangeReport> {
  const pull = pullOption(invocation, "missing");
  const { deploy, GenerationStore, serviceFile } = await import("../../../../gear/index.ts");
  const isolate = invocation.flag("isolate");
  const list = (option: string) => invocation.values(option);
  const text = serviceFile({
    name,
    image: invocation.args[0]!,
    environment: new Map(
      variables.map((word) => [word.slice(0, word.indexOf("=")), word.slice(word.indexOf("=") + 1)]),
    ),
    environmentFiles: list("env-file").map((path) => resolve(path)),
    ports: list("ports").flatMap((ports) => ports.split(",")),
    volumes: list("volume"),
    isolate,
  });
  const engine = engineOption(invocation);
  const store = new GenerationStore(invocation.value("root"));
  const install = async () => {
    const { progress } = invocation;
    const read = await readApplicationText(text, `${name}.yaml`, { name, engine, store, progress });
    using surroundings = await connectSurroundings(invocation, engine);
    await read.prepare();
    using interrupt = await interruption(invocation);
    // The history and the journal have the command; values may be nobody else's business.
    const asked = who((word) => (variables.includes(word) ? `${word.slice(0, word.indexOf("="))}=...` : word));
    return await deploy(surroundings, { ...read, ...asked, pull, message: undefined, signal: interrupt.signal });
  };
  return isolate ? isolated(invocation, name, install) : install();
}

const isDone = ({ outcome }: ChangeReport): boolean => outcome === "done" || outcome === "unchanged";

/** geard gave each a user and a pair of categories; a tenant has both. */
async function isolated(invocation: Invocation, name: Name, work: () => Promise<ChangeReport>): Promise<ChangeReport> {
  const { connectSystemd, levelsInUse, TenantStore, usersInUse, withOwnTenant } =
    await import("../../../../gear/index.ts");
  const store = new TenantStore(invocation.value("root"));
  const around = { levels: await levelsInUse(store.root), users: usersInUse(store.root) };
  const reload = async () => {
    using services = await connectSystemd();
    await services.daemonReload();
  };
  return withOwnTenant({ store, name, around, reload, work, isDone });
}
