// SPDX-License-Identifier: Apache-2.0
import { SystemdUnit } from "../../formats/index.ts";
import type { Name } from "../name.ts";
import type { AskedPermission } from "../permission.ts";
import { requirePlainLines } from "./exports.ts";
import { pidFile } from "./variables.ts";

/** What uses containers of an engine starts after what the host's own services are. */
const engines =
  "podman.service podman-restart.service docker.service containerd.service crio.service kubelet.service".split(" ");

export interface UnitScene {
  readonly name: Name;
  readonly image: string;
  readonly number: number;
  readonly stopSignal: string;
  readonly variables: ReadonlyMap<string, string>;
}

/** A unit for an image that brings none. */
export function generateUnit({ name, image, number, stopSignal, variables }: UnitScene): string {
  const get = (key: string) => variables.get(key)!;
  return `[Unit]
Description=${name}, a system container of ${image.replaceAll("%", "%%")}
StartLimitIntervalSec=600
StartLimitBurst=10

[Service]
Type=exec
WorkingDirectory=${get("DESTDIR")}
ExecStartPre=-${get("EXEC_STARTPRE")}
ExecStart=${get("EXEC_START")}
ExecStop=${get("EXEC_STOP")}
ExecStopPost=-${get("EXEC_STOPPOST")}
Restart=on-failure
RestartSec=1
TimeoutStopSec=30
KillMode=mixed
KillSignal=${stopSignal}
LogExtraFields=ATOMIC_APP=${name}
LogExtraFields=ATOMIC_GENERATION=${number}

[Install]
WantedBy=multi-user.target
`;
}

/**
 * Adds what every system container needs to its unit: a control group for the runtime to divide, and its place in the order.
 * @param text rendered
 */
export function completeUnit(text: string, what: string, directory: string): string {
  const unit = SystemdUnit.parse(text, what);
  if (unit.get("Service", "Delegate") === undefined) unit.add("Service", "Delegate", "yes");
  // One that its image wants after an engine is no part of what that needs.
  const before = ["After", "Requires", "BindsTo"]
    .flatMap((key) => unit.getAll("Unit", key))
    .join(" ")
    .split(/\s+/);
  const later = engines.filter((name) => !before.includes(name));
  if (later.length > 0) unit.add("Unit", "Before", later.join(" "));
  unit.add("Unit", "RequiresMountsFor", directory);
  return unit.toString();
}

/** Settings that reach nothing but the unit itself; any other is asked for. */
const harmless: Readonly<Record<string, RegExp>> = {
  Unit: /^(?:Description|Documentation|StartLimit(?:Interval|IntervalSec|Burst)|Condition\w+|Assert\w+|RequiresMountsFor)$/,
  Service:
    /^(?:Type|Restart(?:Sec)?|Timeout(?:Start|Stop)?Sec|RemainAfterExit|KillMode|KillSignal|SuccessExitStatus|RestartPreventExitStatus|OOMScoreAdjust|Limit\w+|(?:Memory|CPU|IO|Tasks)\w+|Delegate|Nice|SyslogIdentifier|WatchdogSec|NotifyAccess)$/,
};
const waitedFor =
  /^(?:(?:network|network-online|network-pre|nss-lookup|time-sync|local-fs|remote-fs|sysinit|basic)\.target|dbus\.(?:service|socket)|systemd-journald\.socket)$/;

/** What a rendered unit of an image asks of the host beyond running its container. */
export function unitPermissions(text: string, what: string, variables: ReadonlyMap<string, string>): AskedPermission[] {
  requirePlainLines(text, what);
  const unit = SystemdUnit.parse(text, what);
  const entries = unit.sections().flatMap((section) => unit.entries(section).map((entry) => ({ section, ...entry })));
  return entries
    .filter(({ section, key, value }) => !isHarmless(section, key, value, variables))
    .map(({ key, value }) => ({ permission: "host-unit", what: `${key}=${value}` }));
}

/** Values that are lists of units, of which only such can neither pull in what the image likes nor make a circle at boot. */
const harmlessUnits: Readonly<Record<string, RegExp>> = {
  After: /\.(?:service|socket|mount)$/,
  Before: new RegExp(`^(?:${engines.join("|")})$`),
  Wants: waitedFor,
  Requires: waitedFor,
  WantedBy: /^(?:multi-user|default|graphical)\.target$/,
};

function isHarmless(section: string, key: string, value: string, variables: ReadonlyMap<string, string>): boolean {
  if (value === "" || harmless[section]?.test(key) === true) return true;
  const units = section === (key === "WantedBy" ? "Install" : "Unit") ? harmlessUnits[key] : undefined;
  if (units !== undefined) return value.split(/\s+/).every((name) => units.test(name) || isWaitedFor(key, name));
  if (section !== "Service") return false;
  // systemd takes the process in it for the service's, and removes the file: an image's PIDFILE may be that of another.
  if (key === "PIDFile") return value === pidFile(variables.get("NAME")!);
  if (key === "WorkingDirectory") return value === variables.get("DESTDIR");
  const own = ["EXEC_START", "EXEC_STOP", "EXEC_STARTPRE", "EXEC_STOPPOST"].map((name) => variables.get(name));
  return /^Exec(?:Start|StartPre|Stop|StopPost)$/.test(key) && own.includes(value.replace(/^-/, ""));
}

const isWaitedFor = (key: string, name: string) => key === "After" && waitedFor.test(name);
