// SPDX-License-Identifier: Apache-2.0
import { type CachedUpdate, readAdvisoryRow } from "../../host/index.ts";
import type { DeploymentStatus, SignatureTuple, Status } from "../../host/index.ts";
import type { PackageDiff } from "../../packages/index.ts";
import type { Style } from "../command.ts";
import { paint } from "../style.ts";
import { renderAdvisories, securitySummary } from "./advisories.ts";
import { formatAge, formatTime, keyLines, shortChecksum } from "./columns.ts";
import { healthLines } from "./host-health.ts";
import { layerFacts } from "./host-layers.ts";
import { diffSummary, packageDiffLines } from "./package-diff.ts";

export interface StatusView {
  /** Tell those of the update one by one; default: when verbose. */
  readonly advisories?: boolean;
  /** What was applied to the running system. */
  readonly live?: PackageDiff;
}

/** @param now seconds since 1970, for ages on a terminal */
export function renderHostStatus(status: Status, style: Style, now: number, view: StatusView = {}): string {
  const { advisories = style.verbose, live } = view;
  const blocks = status.deployments.map((deployment) => renderDeployment(deployment, status, style, now, live));
  if (blocks.length === 0) blocks.push("  No deployments.");
  const update = status["cached-update"];
  const known = update === null || update.advisories === undefined ? [] : [advisoryLines(update, style, advisories)];
  return [renderHead(status, style), ...blocks, ...known].join("\n\n");
}

/** What the newest version that is known mends. */
function advisoryLines(update: CachedUpdate, style: Style, each: boolean): string {
  const advisories = (update.advisories ?? []).map(readAdvisoryRow);
  const version = update.version ?? shortChecksum(update.checksum);
  if (each) return [`Update ${version}:`, ...renderAdvisories(advisories, style)].join("\n");
  const summary = securitySummary(advisories);
  return `Update ${version}: ${summary === "" ? "no" : summary} security advisories (-a lists them)`;
}

function renderHead(status: Status, style: Style): string {
  const failure = status["finalize-failure"];
  const { transaction } = status;
  const state = `State: ${transaction === null ? "idle" : `busy (${transaction.slice(1).join(", ")})`}`;
  return [
    state,
    ...(failure === undefined ? [] : [paint(style, "red", `The last update was not applied: ${failure}`)]),
    ...(status.health === undefined ? [] : healthLines(status.health, style)),
  ].join("\n");
}

function renderDeployment(
  deployment: DeploymentStatus,
  status: Status,
  style: Style,
  now: number,
  live: PackageDiff | undefined,
): string {
  const name = deployment["container-image-reference"] ?? deployment.origin ?? `${deployment.osname} (no origin)`;
  const mark = deployment.booted ? (style.terminal ? "●" : "*") : " ";
  const slot = slotWords(deployment, status);
  const head = style.terminal ? `${mark} ${name.padEnd(50)}  ${slot}` : `${mark} ${name}  ${slot}`;
  const title = deployment.booted ? paint(style, "bold", head.trimEnd()) : head.trimEnd();
  return [title, ...keyLines(facts(deployment, style, now, live), 17 - longestKey)].join("\n");
}

const longestKey = "LayeredPackages".length;

/** Where the deployment stands in the boot order, in bootc's words. */
function slotWords(deployment: DeploymentStatus, { deployments }: Status): string {
  const hasStaged = deployments.some(({ staged }) => staged);
  const first = deployments.find(({ staged }) => !staged);
  const next = deployment.staged ? !deployment["finalization-locked"] : !hasStaged && deployment === first;
  const words: string[] = [];
  if (deployment.staged) words.push(deployment["finalization-locked"] ? "staged, locked" : "staged");
  else if (deployment.booted) words.push("booted");
  else if (deployment.rollback) words.push("rollback");
  if (next && (deployment.staged || deployments.length > 1 || !deployment.booted)) words.push("boots next");
  if (deployment.pinned) words.push(["pinned", deployment["pin-name"] ?? []].flat().join(" "));
  return words.join(", ");
}

function facts(
  deployment: DeploymentStatus,
  style: Style,
  now: number,
  live: PackageDiff | undefined,
): [string, string][] {
  const short = style.terminal && !style.verbose;
  const bad = (text: string) => paint(style, "red", text);
  const lines: [string, string | undefined][] = [
    ["Version", versionText(deployment, short ? (time) => formatAge(time, now) : formatTime)],
    ["Digest", deployment["container-image-reference-digest"]],
    ...commitFacts(deployment, short, bad),
    ...liveFacts(deployment, live, style),
    ["Available", availableText(deployment)],
    ["Signature", signatureText(deployment, bad)],
    ...layerFacts(deployment, style),
    ["InitramfsEtc", deployment["initramfs-etc"]?.join(" ")],
    ["Unlocked", deployment.unlocked === "none" ? undefined : bad(deployment.unlocked)],
    ["EndOfLife", deployment.endoflife === undefined ? undefined : bad(deployment.endoflife)],
    ["RemoteError", deployment["remote-error"]],
    ...(style.verbose ? verboseFacts(deployment) : []),
  ];
  const longest = "LayeredPackages";
  return lines.flatMap(([key, value]): [string, string][] =>
    value === undefined ? [] : [[key.padStart(longest.length), value]],
  );
}

/** What was booted and, where it is not the same, what /usr has now (rpm-ostree's names). */
function commitFacts(
  deployment: DeploymentStatus,
  short: boolean,
  bad: (text: string) => string,
): [string, string | undefined][] {
  const text = (checksum: string) => (short ? shortChecksum(checksum) : checksum);
  const [live, interrupted] = [deployment["live-replaced"], deployment["live-inprogress"]];
  return [
    [live === undefined && interrupted === undefined ? "Commit" : "BootedCommit", text(deployment.checksum)],
    ["InterruptedLiveCommit", interrupted === undefined ? undefined : bad(text(interrupted))],
    ["LiveCommit", live === undefined ? undefined : text(live)],
  ];
}

/** What was applied live, in packages (`rpmostree_diff_print_formatted`): how many, or which. */
function liveFacts(
  deployment: DeploymentStatus,
  live: PackageDiff | undefined,
  style: Style,
): [string, string | undefined][] {
  if (live === undefined || deployment["live-replaced"] === undefined) return [];
  if (!style.verbose) return [["LiveDiff", diffSummary(live) || undefined]];
  return [["LiveDiff", packageDiffLines(live).join("\n") || undefined]];
}

function verboseFacts(deployment: DeploymentStatus): [string, string][] {
  return [
    ["StateRoot", deployment.osname],
    ["Serial", String(deployment.serial)],
    ["BootChecksum", deployment["boot-checksum"]],
    ["KernelArgs", deployment["kernel-arguments"]],
  ];
}

function versionText({ version, timestamp }: DeploymentStatus, time: (timestamp: number) => string): string {
  const when = timestamp === undefined ? "" : ` (${time(timestamp)})`;
  return `${version ?? "none"}${when}`;
}

function availableText(deployment: DeploymentStatus): string | undefined {
  const checksum = deployment["pending-base-checksum"];
  if (checksum === undefined || !deployment.booted) return undefined;
  return deployment["pending-base-version"] ?? shortChecksum(checksum);
}

function signatureText(deployment: DeploymentStatus, bad: (text: string) => string): string | undefined {
  if (deployment["gpg-enabled"] === undefined) return undefined;
  if (!deployment["gpg-enabled"]) return "not required";
  if (deployment.signatures === undefined) return "required";
  const valid = deployment.signatures.find((signature) => signature[0]);
  if (valid !== undefined) return `valid, ${valid[10] || valid[5]}`;
  return bad(deployment.signatures.length === 0 ? "missing" : `invalid (${problemOf(deployment.signatures[0]!)})`);
}

function problemOf([, sigExpired, keyExpired, keyRevoked, keyMissing]: SignatureTuple): string {
  if (keyMissing) return "key not known";
  if (keyRevoked) return "key revoked";
  return keyExpired ? "key expired" : sigExpired ? "signature expired" : "bad";
}
