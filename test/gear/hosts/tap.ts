// SPDX-License-Identifier: Apache-2.0
/**
 * Stands in the place of `ssh` between the coordinator and the real one, to break at one message what is else never broken on
 * demand. ATOMIC_TAP is `HOST REQUEST ACTION`:
 *
 *     kill         the coordinator is killed before the request is passed on
 *     kill-passed  the coordinator is killed, and the request is passed on, as what ssh has been given is
 *     cut          ssh is killed instead of passing the request on
 *     cut-answered ssh is killed when the request has been answered, before that is passed on
 */
import { spawn } from "node:child_process";
import { createInterface } from "node:readline";

const words = process.argv.slice(2);
const host = words[words.indexOf("--") + 1];
const [at, request, action] = (process.env["ATOMIC_TAP"] ?? "").split(" ");
const ssh = spawn("/usr/bin/ssh", words, { stdio: ["pipe", "pipe", "inherit"] });
ssh.stdin.on("error", () => {});
process.stdout.on("error", () => {});
let watched: number | undefined;
createInterface({ input: process.stdin })
  .on("line", (line) => {
    const message = JSON.parse(line) as { id: number; request: string };
    const isMeant = host === at && message.request === request;
    if (isMeant && action!.startsWith("kill")) process.kill(process.ppid, "SIGKILL");
    if (isMeant && action === "cut") ssh.kill("SIGKILL");
    if (isMeant && action === "cut-answered") watched = message.id;
    if (!isMeant || action === "kill-passed" || action === "cut-answered") ssh.stdin.write(`${line}\n`);
  })
  .on("close", () => ssh.stdin.end());
createInterface({ input: ssh.stdout }).on("line", (line) => {
  const { id, result } = JSON.parse(line) as { id?: number; result?: unknown };
  if (watched !== undefined && id === watched && result !== undefined) ssh.kill("SIGKILL");
  else process.stdout.write(`${line}\n`);
});
ssh.on("close", (code) => process.exit(code ?? 255));
