// SPDX-License-Identifier: Apache-2.0
import type { DeltaDescription } from "../../../../ostree/index.ts";
import { defineCommand } from "../../../command.ts";
import { argument, openRepo, repoOption } from "../open-repo.ts";
import { formatSize } from "../../../render/columns.ts";

export default defineCommand<DeltaDescription>({
  path: ["ostree", "static-delta", "show"],
  summary: "Dump information on a delta",
  json: true,
  arguments: [{ name: "DELTA", optional: true }],
  options: [repoOption],
  async run(invocation) {
    const delta = argument(invocation, 0, "DELTA must be specified");
    const { describeDelta } = await import("../../../../ostree/index.ts");
    return describeDelta(await openRepo(invocation), delta);
  },
  render: descriptionText,
});

/** As _ostree_repo_static_delta_dump prints it. */
function descriptionText(delta: DeltaDescription): string {
  const { fallbacks, parts } = delta;
  const fallback = total(fallbacks);
  const part = total(parts);
  return [
    `Delta: ${delta.name}`,
    `Signed: ${delta.signed ? "yes" : "no"}`,
    delta.from === undefined ? "From <scratch>" : `From: ${delta.from}`,
    `To: ${delta.to}`,
    `Endianness: ${endiannessText(delta)}`,
    `Timestamp: ${delta.timestamp}`,
    `Number of parents: ${delta.parents}`,
    `Number of fallback entries: ${fallbacks.length}`,
    ...fallbacks.map(({ checksum }) => `  ${checksum}`),
    `Total Fallback Size: ${sizeText(fallback.size)}`,
    `Total Fallback Uncompressed Size: ${sizeText(fallback.usize)}`,
    `Number of parts: ${parts.length}`,
    ...parts.flatMap(partLines),
    `Total Part Size: ${sizeText(part.size)}`,
    `Total Part Uncompressed Size: ${sizeText(part.usize)}`,
    `Total Size: ${sizeText(part.size + fallback.size)}`,
    `Total Uncompressed Size: ${sizeText(part.usize + fallback.usize)}`,
  ].join("\n");
}

function total(items: readonly { readonly size: number; readonly usize: number }[]) {
  return {
    size: items.reduce((sum, { size }) => sum + size, 0),
    usize: items.reduce((sum, { usize }) => sum + usize, 0),
  };
}

function sizeText(bytes: number): string {
  return `${bytes} (${formatSize(bytes)})`;
}

function endiannessText({ byteOrder: { endianness, guessed } }: DeltaDescription): string {
  if (endianness === undefined) return "invalid";
  return `${endianness === "l" ? "little" : "big"}${guessed ? " (heuristic)" : ""}`;
}

function partLines(part: DeltaDescription["parts"][number], index: number): string[] {
  const { splice, open, write, setReadSource, unsetReadSource, close, bspatch } = part.operations;
  const tables = `nmodes=${part.modes} nxattrs=${part.xattrs}`;
  return [
    `PartMeta${index}: nobjects=${part.objects} size=${part.size} usize=${part.usize}`,
    `PartPayload${index}: ${tables} blobsize=${part.dataSize} opsize=${part.operationsSize}`,
    `PartPayloadOps${index}: openspliceclose=${splice} open=${open} write=${write} setread=${setReadSource} ` +
      `unsetread=${unsetReadSource} close=${close} bspatch=${bspatch}`,
  ];
}
