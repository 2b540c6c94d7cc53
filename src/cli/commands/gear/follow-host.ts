// SPDX-License-Identifier: Apache-2.0
import type { Followed, HostCheck } from "../../../gear/index.ts";
import { defineCommand, type Invocation } from "../../command.ts";
import { hostDeployments } from "./host-deployments.ts";
import { rootOption } from "./root-option.ts";
import { openSurroundings, who } from "./shared.ts";

export default defineCommand({
  path: ["gear", "follow-host"],
  hidden: true,
  summary: "Bring the generations into place that go with the host (run by the system when it boots)",
  options: [{ name: "check", help: "Instead, see whether they are healthy with it (run when it is up)" }, rootOption],
  json: true,
  async run(invocation): Promise<readonly (Followed | HostCheck)[]> {
    return invocation.flag("check") ? checkAll(invocation) : followAll(invocation);
  },
  render: (found) => found.map(lineOf).join("\n"),
  exitCode: (found) => (found.some((one) => "problem" in one && one.problem !== undefined) ? 1 : 0),
});

function lineOf(found: Followed | HostCheck): string {
  if ("from" in found) {
    const before = found.from === found.to ? "units of another were in place" : `before it was ${found.from}`;
    return `${found.application}: generation ${found.to} goes with this host; ${before}.`;
  }
  const { application, generation, problem } = found;
  return `${application}: generation ${generation} ${problem === undefined ? "is healthy" : `is not healthy: ${problem}`}`;
}

/** One that cannot be read does not keep the others from it. */
async function followAll(invocation: Invocation): Promise<Followed[]> {
  const { followHost, GenerationStore, systemClock, systemctlManager, systemJournal } =
    await import("../../../gear/index.ts");
  const booted = (await hostDeployments())?.booted;
  if (booted === undefined) return [];
  const store = new GenerationStore(invocation.value("root"));
  const surroundings = { store, booted, manager: systemctlManager, clock: systemClock, journal: systemJournal };
  const found: Followed[] = [];
  const failures: unknown[] = [];
  for (const application of store.applications()) {
    try {
      const followed = await followHost(surroundings, { application, ...who() });
      if (followed !== undefined) found.push(followed);
    } catch (error) {
      failures.push(error);
    }
  }
  if (failures.length > 0) throw failures[0];
  return found;
}

async function checkAll(invocation: Invocation): Promise<HostCheck[]> {
  const { checkWithHost, GenerationStore } = await import("../../../gear/index.ts");
  const store = new GenerationStore(invocation.value("root"));
  const bound = store.applications().filter((application) => store.record(application)?.hosts !== undefined);
  const checked = await Promise.all(
    bound.map(async (application) => {
      using surroundings = await openSurroundings(invocation, application);
      return await checkWithHost(surroundings, { application, ...who() });
    }),
  );
  const found = checked.filter((one) => one !== undefined);
  await tellHost(found);
  return found;
}

/** What the host is given up for, `atomic host health list` and `status` shall know. */
async function tellHost(checks: readonly HostCheck[]): Promise<void> {
  const failed = checks.filter(({ problem }) => problem !== undefined);
  if (failed.length === 0) return;
  const { readHealthReport, writeHealthReport } = await import("../../../host/index.ts");
  const run = "/run";
  const others = readHealthReport(run)?.checks ?? [];
  const own = failed.map(({ application, problem }) => {
    return { name: `application ${application}`, kind: "required" as const, problem: problem! };
  });
  writeHealthReport(run, { healthy: false, checks: [...others, ...own] });
}
