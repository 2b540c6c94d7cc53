// SPDX-License-Identifier: Apache-2.0
/** What the verbs of `atomic gear` that change or show applications have in common. */
import type { Engine, EngineKind, Generation, Name, ServiceManager, Surroundings } from "../../../gear/index.ts";
import type { Invocation, OptionDeclaration } from "../../command.ts";
import { initiator } from "../../initiator.ts";
import { hostDeployments } from "./host-deployments.ts";

export const unchangedOption: OptionDeclaration = {
  name: "unchanged-exit-77",
  help: "Exit with 77 when nothing had to be done",
};

export async function applicationName(invocation: Invocation): Promise<Name> {
  const { parseName } = await import("../../../gear/index.ts");
  return parseName(invocation.args[0]!, "an application");
}

/** The application that is named, and its generation that runs. */
export async function runningGeneration(
  invocation: Invocation,
): Promise<{ readonly application: Name; readonly generation: Generation | undefined }> {
  const application = await applicationName(invocation);
  const { currentGeneration, GenerationStore } = await import("../../../gear/index.ts");
  const store = new GenerationStore(invocation.value("root"));
  store.requireRecord(application);
  return { application, generation: currentGeneration({ store }, application) };
}

/** Connects to systemd and to the engine that the application runs on. */
export async function openSurroundings(invocation: Invocation, application: Name): Promise<Surroundings & Disposable> {
  const { currentGeneration, GenerationStore } = await import("../../../gear/index.ts");
  const store = new GenerationStore(invocation.value("root"));
  return connectSurroundings(invocation, currentGeneration({ store }, application)?.engine ?? "podman");
}

export async function connectSurroundings(
  invocation: Invocation,
  kind: EngineKind,
): Promise<Surroundings & Disposable> {
  const { connectSystemd, GenerationStore, systemClock, systemJournal } = await import("../../../gear/index.ts");
  const store = new GenerationStore(invocation.value("root"));
  const services = await connectSystemd();
  try {
    const engine = await openEngine(services, kind);
    const dispose = () => {
      engine[Symbol.dispose]();
      services[Symbol.dispose]();
    };
    const { progress } = invocation;
    const known = { store, services, engine, clock: systemClock, journal: systemJournal, progress };
    return { ...known, host: await hostDeployments(), [Symbol.dispose]: dispose };
  } catch (error) {
    services[Symbol.dispose]();
    throw error;
  }
}

/** Podman has no daemon: its API is a socket that systemd may have, but is not told to listen on. */
export async function openEngine(services: ServiceManager, kind: EngineKind): Promise<Engine> {
  const { connectEngine, gearError } = await import("../../../gear/index.ts");
  try {
    return await connectEngine({ kind });
  } catch (error) {
    if (!gearError.is(error, "engine-connection") || kind !== "podman") throw error;
    const { result } = await services.start("podman.socket").catch(() => ({ result: "failed" }));
    if (result !== "done") throw error;
    return connectEngine({ kind });
  }
}

/** Who asks, for the history. @param show what others may read of a word */
export function who(show?: (word: string) => string): { readonly by: string; readonly command: string } {
  const { agent, commandLine } = initiator(show);
  return { by: agent, command: commandLine };
}

/** A signal that comes with the first Ctrl-C or SIGTERM, so that what was begun is taken back; the second ends the program. */
export async function interruption({ progress }: Invocation): Promise<Disposable & { readonly signal: AbortSignal }> {
  const { gearError } = await import("../../../gear/index.ts");
  const controller = new AbortController();
  const ends = process.listeners("SIGINT");
  const interrupt = () => {
    if (controller.signal.aborted) process.exit(130);
    progress({
      type: "note",
      text: "Interrupted: going back. A second time ends at once; the next command then goes back.",
    });
    controller.abort(gearError("interrupted", "interrupted; nothing was changed"));
  };
  for (const end of ends) process.off("SIGINT", end);
  process.on("SIGINT", interrupt);
  process.on("SIGTERM", interrupt);
  return {
    signal: controller.signal,
    [Symbol.dispose]() {
      process.off("SIGINT", interrupt);
      process.off("SIGTERM", interrupt);
      for (const end of ends) process.on("SIGINT", end);
    },
  };
}
