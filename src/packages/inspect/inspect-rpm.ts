// SPDX-License-Identifier: Apache-2.0
import { fileTypeOf } from "../../formats/index.ts";
import { fileFlag, type RpmFileTable } from "../rpm/file-table.ts";
import type { HeaderDependency } from "../rpm/header-dependencies.ts";
import { formatDependency, operatorText, sense } from "../rpm/dependency.ts";
import { rpmRelations } from "../rpm/model.ts";
import { readRpm, type RpmFile } from "../rpm/read-rpm.ts";
import type { RpmScript, RpmScriptText, RpmTrigger } from "../rpm/scripts.ts";
import type { VerifyOptions } from "../rpm/signature/verify.ts";
import { type Tag, tag } from "../rpm/tags.ts";
import { formatEvr } from "../rpm/version.ts";
import type { InspectedFile, InspectedPackage, InspectedScript } from "./model.ts";

/** Reads a package whole, so that all its digests are verified. Throws as `readRpm` does for a package that is not sound. */
export async function inspectRpm(path: string, options: VerifyOptions): Promise<InspectedPackage> {
  using rpm = await readRpm(path, { ...options, allowUnsigned: true });
  for (const entry of rpm.files({ anyEncoding: true })) void entry;
  const { header } = rpm;
  return {
    format: "rpm",
    name: rpm.name,
    version: formatEvr(rpm.evr),
    architecture: rpm.architecture,
    summary: header.string(tag.summary) ?? "",
    description: header.string(tag.description) ?? "",
    header: readHeader(rpm),
    dependencies: Object.fromEntries(
      rpmRelations.map((relation) => [relation, rpm.dependencies(relation).map(describeDependency)]),
    ),
    files: describeFiles(rpm.table),
    scripts: [...rpm.scripts.map(describeScript), ...rpm.triggers.map(describeTrigger)],
    digests: rpm.digests.map(({ range, algorithm, uncompressed, hex }) => {
      return { of: uncompressed ? "uncompressed payload" : range, algorithm, hex };
    }),
    signatures: rpm.signatures,
  };
}

function readHeader({ header, format, compression }: RpmFile): Record<string, string> {
  const found: Record<string, string> = {};
  const put = (name: string, value: string | number | undefined) => {
    if (value !== undefined && value !== "") found[name] = String(value);
  };
  const texts: readonly (readonly [string, Tag<"string" | "i18n">])[] = [
    ["license", tag.license],
    ["group", tag.group],
    ["url", tag.url],
    ["vendor", tag.vendor],
    ["packager", tag.packager],
    ["distribution", tag.distribution],
    ["modularity", tag.modularityLabel],
    ["sourceRpm", tag.sourceRpm],
    ["buildHost", tag.buildHost],
  ];
  for (const [name, one] of texts) put(name, header.string(one));
  put("buildTime", header.number(tag.buildTime));
  put("installedSize", header.number(tag.longSize) ?? header.number(tag.size));
  put("rpmVersion", header.string(tag.rpmVersion));
  put("format", format);
  put("compression", compression);
  return found;
}

/** The requirement's own words on when it must be met, as `rpm -q --requires -v` puts them. */
const moments: readonly (readonly [number, string])[] = [
  [sense.pretrans, "pretrans"],
  [sense.scriptPre, "pre"],
  [sense.scriptPost, "post"],
  [sense.scriptPreun, "preun"],
  [sense.scriptPostun, "postun"],
  [sense.posttrans, "posttrans"],
  [sense.scriptVerify, "verify"],
];

function describeDependency({ name, flags, version }: HeaderDependency): string {
  const operator = operatorText(flags);
  const plain = operator === "" || version === "" ? name : `${name} ${operator} ${version}`;
  const when = moments.filter(([bit]) => (flags & bit) !== 0).map(([, word]) => word);
  return when.length === 0 ? plain : `${plain} (${when.join(", ")})`;
}

const flagNames: readonly (readonly [number, string])[] = [
  [fileFlag.config, "config"],
  [fileFlag.noReplace, "noreplace"],
  [fileFlag.missingOk, "missingok"],
  [fileFlag.doc, "doc"],
  [fileFlag.license, "license"],
  [fileFlag.readme, "readme"],
  [fileFlag.ghost, "ghost"],
  [fileFlag.artifact, "artifact"],
];

function describeFiles({ files, links, digestAlgorithm }: RpmFileTable): InspectedFile[] {
  return files.map((file, at) => {
    const { path, mode, user, group, size, mtime, digest, capabilities, language, flags } = file;
    const first = links.get(at)?.[0] ?? at;
    const target = first === at ? file.linkTarget : files[first]!.path;
    return {
      path,
      type: first === at ? (fileTypeOf(mode) ?? "file") : "hardlink",
      mode: (mode & 0o7777).toString(8).padStart(4, "0"),
      user,
      group,
      size,
      mtime,
      ...(digest === "" ? {} : { digest: `${digestAlgorithm}:${digest}` }),
      ...(target === "" ? {} : { target }),
      ...(capabilities === "" ? {} : { capabilities }),
      ...(language === "" ? {} : { language }),
      flags: flagNames.filter(([bit]) => (flags & bit) !== 0).map(([, name]) => name),
    };
  });
}

/** As they are called in spec files. */
const scriptNames: Readonly<Record<RpmScript["kind"], string>> = {
  prein: "pre",
  postin: "post",
  preun: "preun",
  postun: "postun",
  pretrans: "pretrans",
  posttrans: "posttrans",
  preuntrans: "preuntrans",
  postuntrans: "postuntrans",
  verify: "verifyscript",
};

function describeScript(script: RpmScript): InspectedScript {
  return { name: scriptNames[script.kind], ...describeText(script) };
}

const triggerNames = { package: "trigger", file: "filetrigger", "transaction-file": "transfiletrigger" } as const;

function describeTrigger(trigger: RpmTrigger): InspectedScript {
  return {
    name: `${triggerNames[trigger.type]}${trigger.moment}`,
    ...describeText(trigger),
    conditions: trigger.conditions.map(formatDependency),
  };
}

function describeText({ interpreter, body }: RpmScriptText): { interpreter: string; body?: string } {
  return { interpreter: interpreter.join(" "), ...(body === undefined ? {} : { body }) };
}
