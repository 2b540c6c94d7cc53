// SPDX-License-Identifier: Apache-2.0
import { readFileSync } from "node:fs";
import { setTimeout as wait } from "node:timers/promises";
import { run, unlessErrno } from "../../base/index.ts";
import type { EngineKind } from "../engine/model.ts";
import { gearError } from "../errors.ts";

export interface ContainerOfEngine {
  readonly engine: EngineKind;
  /** Its name or id in the engine. */
  readonly container: string;
}

/**
 * The process id of a container's first process. It is waited for: a unit's ExecStartPost= runs as soon as the engine's
 * program has been started. Throws `gear-no-namespace` when it has none within `timeoutMs`.
 */
export async function containerProcess({ engine, container }: ContainerOfEngine, timeoutMs: number): Promise<number> {
  const known = engine === "podman" ? childOfConmon(process.env["MAINPID"]) : undefined;
  if (known !== undefined) return known;
  const deadline = Date.now() + timeoutMs;
  for (;;) {
    const args = ["container", "inspect", "--format", "{{.State.Pid}}", "--", container];
    // 125 (podman-inspect(1)) or 1: there is no such container, yet.
    const { code, stdout } = await run(engine, args, { accept: [0, 1, 125] });
    const pid = code === 0 ? Number(stdout.trim()) : 0;
    if (Number.isInteger(pid) && pid > 0) return pid;
    if (Date.now() >= deadline)
      throw gearError("no-namespace", `${container} does not run in ${engine} after ${timeoutMs / 1000} s`);
    await wait(100);
  }
}

/**
 * The one child of podman's conmon, which is the main process of a unit that called this (systemd.exec(5), MAINPID) and the
 * parent of the container's first process: podman need not be started to say so.
 */
function childOfConmon(mainPid: string | undefined): number | undefined {
  if (mainPid === undefined || !/^[1-9]\d*$/.test(mainPid)) return undefined;
  const task = `/proc/${mainPid}/task/${mainPid}`;
  const read = (name: string) => unlessErrno(["ENOENT", "ESRCH"], () => readFileSync(`${task}/${name}`, "utf8").trim());
  if (read("comm") !== "conmon") return undefined;
  const children = read("children")?.split(" ") ?? [];
  return children.length === 1 && children[0] !== "" ? Number(children[0]) : undefined;
}
