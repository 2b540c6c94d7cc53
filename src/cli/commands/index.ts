// SPDX-License-Identifier: Apache-2.0
import type { Command } from "../command.ts";

type Loader = () => Promise<{ readonly default: Command }>;

/** Every command by the words that call it; each is loaded only when it is called. */
export const commands: Readonly<Record<string, Loader>> = {
  completion: () => import("./completion.ts"),
  doctor: () => import("./doctor.ts"),
  explain: () => import("./explain.ts"),
  "host deploy": () => import("./host/deploy.ts"),
  "host finalize-staged": () => import("./host/finalize-staged.ts"),
  "host init": () => import("./host/init.ts"),
  "host kargs": () => import("./host/kargs.ts"),
  "host pin": () => import("./host/pin.ts"),
  "host rollback": () => import("./host/rollback.ts"),
  "host status": () => import("./host/status.ts"),
  "host unpin": () => import("./host/unpin.ts"),
};

export async function loadCommand(name: string): Promise<Command> {
  const loader = commands[name];
  if (loader === undefined) throw new Error(`no command ${name}`);
  return (await loader()).default;
}
