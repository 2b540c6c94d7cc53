// SPDX-License-Identifier: Apache-2.0
import type { ApplicationStatus, Engine } from "../../../gear/index.ts";
import type { Invocation } from "../../command.ts";
import { openEngine } from "./shared.ts";

/** The status of the applications that are named, or of all. It is told as far as it is known where no engine answers. */
export async function readStatus(invocation: Invocation): Promise<readonly ApplicationStatus[]> {
  const { applicationStatus, connectSystemd, currentGeneration, gearError, GenerationStore, parseName } =
    await import("../../../gear/index.ts");
  const store = new GenerationStore(invocation.value("root"));
  const named = invocation.args.map((name) => parseName(name, "an application"));
  const applications = named.length > 0 ? named : store.applications();
  using services = await connectSystemd();
  using engines = new DisposableStack();
  const known = new Map<string, Engine | undefined>();
  const statuses: ApplicationStatus[] = [];
  for (const application of applications) {
    const current = currentGeneration({ store }, application);
    const kind = current?.engine ?? "podman";
    // Nothing but health is asked of it, and podman's has to be started first.
    const isAsked = current?.rendered.instances.some(({ hasHealthCheck }) => hasHealthCheck) === true;
    if (isAsked && !known.has(kind)) {
      const engine = await openEngine(services, kind).catch((error: unknown) => {
        if (!gearError.is(error, "engine-connection")) throw error;
        invocation.progress({ type: "warning", text: `health is not known: ${error.message}` });
        return undefined;
      });
      known.set(kind, engine === undefined ? undefined : engines.use(engine));
    }
    statuses.push(await applicationStatus({ store, services, engine: known.get(kind) }, application));
  }
  return statuses;
}
