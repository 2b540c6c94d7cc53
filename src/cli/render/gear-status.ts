// SPDX-License-Identifier: Apache-2.0
import type { ApplicationStatus, HostPort, InstanceStatus } from "../../gear/index.ts";
import type { Style } from "../command.ts";
import { formatBytes, paint } from "../style.ts";
import { formatAge, formatTime } from "./columns.ts";
import { hostName, short } from "./gear-change.ts";

/** @param now milliseconds since the epoch, for ages on a terminal */
export function renderStatus(statuses: readonly ApplicationStatus[], style: Style, now: number): string {
  if (statuses.length === 0) return "No applications. `atomic gear deploy FILE` makes one.";
  return statuses.map((status) => renderApplication(status, style, now)).join("\n\n");
}

function renderApplication(status: ApplicationStatus, style: Style, now: number): string {
  const { application, generation, tenant, deployedBy, message, instances } = status;
  const head = `${application}  ${generation === undefined ? "nothing runs" : `generation ${generation}`}`;
  const owner = tenant === undefined ? "" : `  tenant ${tenant}`;
  const when =
    status.deployedAt === undefined ? "" : `  deployed ${time(status.deployedAt, style, now)} by ${deployedBy}`;
  return [
    `${paint(style, "bold", head)}${owner}${when}`,
    ...(message === undefined ? [] : [`  "${message}"`]),
    ...trouble(status).map((line) => paint(style, "red", `  ${line}`)),
    ...hostLines(status),
    ...table(instances.map((instance) => instanceRow(instance, style, now))),
  ].join("\n");
}

function trouble({ application, change, edited, failure, state }: ApplicationStatus): string[] {
  return [
    ...(change === undefined
      ? []
      : [
          `a ${change.kind} to ${change.to ?? "nothing"} is under way, or was ended in the middle: \`atomic gear recover ${application}\``,
        ]),
    ...(state === "failed" ? ["this generation did not come through, and was left as it is"] : []),
    ...(failure === undefined ? [] : [`the last change did not come through: ${failure}`]),
    ...edited.map((name) => `${name} is not as it was deployed`),
  ];
}

function hostLines({ hosts }: ApplicationStatus): string[] {
  if (hosts === undefined) return [];
  const known = hosts.known.map(({ host, generation, proven }) => {
    return `${hostName(host)} (generation ${generation}${proven ? "" : ", not yet healthy there"})`;
  });
  const { waiting } = hosts;
  return [
    ...(known.length === 0 ? [] : [`  goes with the host: ${known.join(", ")}`]),
    ...(waiting === undefined
      ? []
      : [`  generation ${waiting.generation} waits for the host ${hostName(waiting.host)}`]),
  ];
}

function instanceRow(instance: InstanceStatus, style: Style, now: number): string[] {
  const { id, image, pinned, state, subState, since, restarts, health, memoryBytes, ports } = instance;
  const bad = state === "failed" || health === "unhealthy";
  const words = [`${state} (${subState})`, ...(health === undefined ? [] : [health])].join(", ");
  const facts = [
    ...(since === undefined || state !== "active" ? [] : [time(since, style, now)]),
    ...(restarts === 0 ? [] : [`${restarts} restart${restarts === 1 ? "" : "s"}`]),
    ...(memoryBytes === undefined ? [] : [formatBytes(memoryBytes)]),
    ...ports.map(portText),
  ];
  const digest = pinned === undefined ? "" : ` (${short(pinned)})`;
  return [id, bad ? paint(style, "red", words) : words, facts.join(", "), `${image}${digest}`];
}

function portText({ address, port, protocol }: HostPort): string {
  const place =
    address === undefined ? `${port}` : address.includes(":") ? `[${address}]:${port}` : `${address}:${port}`;
  return protocol === "tcp" ? `port ${place}` : `port ${place}/${protocol}`;
}

const time = (at: number, style: Style, now: number) =>
  style.terminal ? formatAge(at / 1000, now / 1000) : formatTime(at / 1000);

export function renderList(statuses: readonly ApplicationStatus[], style: Style, now: number): string {
  if (statuses.length === 0) return "No applications. `atomic gear deploy FILE` makes one.";
  const rows = statuses.map(({ application, generation, state, instances, deployedAt, tenant }) => {
    const up = instances.filter((instance) => instance.state === "active").length;
    return [
      application,
      generation === undefined ? "-" : String(generation),
      state ?? "failed",
      `${up}/${instances.length}`,
      tenant ?? "-",
      deployedAt === undefined ? "-" : time(deployedAt, style, now),
    ];
  });
  const head = ["APPLICATION", "GENERATION", "STATE", "UP", "TENANT", "DEPLOYED"];
  return table([head, ...rows], 0).join("\n");
}

/** Columns as wide as their widest cell; colours take no width. */
function table(rows: readonly (readonly string[])[], indent = 2): string[] {
  const width = (cell: string) => cell.replace(/\p{Cc}\[\d+m/gu, "").length;
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => width(row[column] ?? ""))));
  return rows.map((row) => {
    const cells = row.map((cell, column) => cell + " ".repeat(widths[column]! - width(cell)));
    return `${" ".repeat(indent)}${cells.join("  ")}`.trimEnd();
  });
}
