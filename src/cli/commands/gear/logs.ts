// SPDX-License-Identifier: Apache-2.0
import type { LogKey, LogQuery, LogSource, LogSubject } from "../../../gear/index.ts";
import { defineCommand, type Invocation } from "../../command.ts";
import { cliError } from "../../errors.ts";
import { generationNumber } from "./generation-number.ts";
import { runAttached } from "./run-attached.ts";
import { rootOption } from "./root-option.ts";
import { streamOverHosts } from "./stream-over-hosts.ts";

/** Given on to journalctl as they are. */
const passedValues = ["lines", "since", "until", "priority", "grep", "output", "output-fields"];
const passedFlags = ["follow", "boot", "reverse", "all"];
const keys: readonly LogKey[] = ["tenant", "container", "instance", "image", "digest", "generation", "link"];

export default streamOverHosts(
  defineCommand({
    path: ["gear", "logs"],
    summary: "Show what applications wrote to the journal, and what was written about them",
    description:
      "Of the host's journal and those of all tenants at once: what containers print, what systemd and the engine say of them, deployments and rollbacks with their reasons, changes of links. FIELD=VALUE is any field of the journal (journalctl --fields). Of values of one field any counts, of different fields all. Options that are not of applications are journalctl's.",
    examples: [
      { command: "atomic gear logs shop --follow", text: "Watch an application:" },
      { command: "atomic gear logs shop/web shop/db --since=-1h", text: "The last hour of two containers:" },
      { command: "atomic gear logs --tenant=acme --priority=err", text: "A tenant's errors:" },
      {
        command: "atomic gear logs --link=db --boot",
        text: "All that is linked to a database, with changes of links:",
      },
      {
        command: "atomic gear logs shop --from=web1.example.org",
        text: "On a collector, what came from another host:",
      },
      { command: "atomic gear logs shop --generation=4 --output=json", text: "One generation's, for programs:" },
    ],
    arguments: [{ name: "APPLICATION[/CONTAINER]|FIELD=VALUE", optional: true, repeat: true }],
    options: [
      { name: "follow", short: "f", help: "Go on with new lines as they come" },
      { name: "lines", short: "n", value: "N", help: "The last N lines" },
      { name: "reverse", short: "r", help: "Newest first" },
      { name: "since", short: "S", value: "TIME", help: "From this time on, as journalctl takes it" },
      { name: "until", short: "U", value: "TIME", help: "Up to this time" },
      { name: "boot", short: "b", help: "Of this boot only" },
      { name: "priority", short: "p", value: "LEVEL", help: "This important and more: err, warning, or FROM..TO" },
      { name: "grep", short: "g", value: "PATTERN", help: "Whose text matches this regular expression" },
      { name: "tenant", value: "NAME", repeat: true, help: "Of this tenant" },
      { name: "container", value: "NAME", repeat: true, help: "Of this container of an application" },
      { name: "instance", value: "NAME", repeat: true, help: "Of this instance: its unit without .service" },
      { name: "image", value: "REFERENCE", repeat: true, help: "Of containers of this image, as the file names it" },
      {
        name: "digest",
        value: "DIGEST",
        repeat: true,
        help: "Of containers of the image with this digest, or its beginning",
      },
      { name: "generation", value: "N", repeat: true, help: "Of this generation" },
      { name: "link", value: "NAME", repeat: true, help: "Of containers that have a link to this one" },
      {
        name: "from",
        value: "NAME",
        repeat: true,
        help: "On a collector: what came from this host, by its certificate",
      },
      { name: "merge", short: "m", help: "Also what came from other hosts" },
      { name: "directory", short: "D", value: "PATH", help: "From the journal files in a directory instead" },
      { name: "output", short: "o", value: "FORMAT", help: "journalctl's: short (default), cat, json, verbose, ..." },
      { name: "output-fields", value: "FIELDS", hidden: true, help: "For another host's atomic: only these fields" },
      { name: "all", hidden: true, help: "For another host's atomic: fields of any length" },
      rootOption,
    ],
    async run(invocation) {
      const { checkedMatches, GenerationStore, TenantStore } = await import("../../../gear/index.ts");
      const source = await sourceOf(invocation);
      const root = invocation.value("root");
      const matches = await checkedMatches(await queryOf(invocation), {
        source,
        store: new GenerationStore(root),
        tenants: new TenantStore(root),
        follow: invocation.flag("follow"),
      });
      return runAttached("journalctl", [...source.options, ...journalOptions(invocation), ...matches]);
    },
    exitCode: (code) => code,
  }),
);

async function sourceOf(invocation: Invocation): Promise<LogSource> {
  const { localJournal, remoteSource } = await import("../../../gear/index.ts");
  const [directory, hosts] = [invocation.value("directory"), invocation.values("from")];
  if (Number(directory !== undefined) + Number(hosts.length > 0) + Number(invocation.flag("merge")) > 1)
    throw cliError("usage", "--from, --merge and --directory exclude each other");
  if (hosts.length > 0) return remoteSource(hosts);
  if (directory !== undefined) return { options: [`--directory=${directory}`], local: false };
  return invocation.flag("merge") ? { ...localJournal, options: ["--merge", ...localJournal.options] } : localJournal;
}

async function queryOf(invocation: Invocation): Promise<LogQuery> {
  const { logFields } = await import("../../../gear/index.ts");
  const subjects: LogSubject[] = [];
  const fields = new Map<string, string[]>();
  const add = (field: string, value: string) => fields.set(field, [...(fields.get(field) ?? []), value]);
  for (const key of keys) for (const value of invocation.values(key)) add(logFields[key], valueOf(key, value));
  for (const word of invocation.args) {
    const match = /^([A-Z_][A-Z0-9_]{0,63})=(.*)$/s.exec(word);
    if (match === null) subjects.push(await subjectOf(word));
    else add(match[1]!, match[2]!);
  }
  return { subjects, fields };
}

async function subjectOf(word: string): Promise<LogSubject> {
  const { parseName } = await import("../../../gear/index.ts");
  const [application = "", part, ...more] = word.split("/");
  if (more.length > 0 || part === "") throw cliError("usage", `${JSON.stringify(word)} is not APPLICATION[/CONTAINER]`);
  return { application: parseName(application, "an application"), part };
}

function valueOf(key: LogKey, value: string): string {
  if (key === "generation") return String(generationNumber(value));
  // So that a beginning is compared with the beginning.
  return key === "digest" && value.length < 71 ? value.replace(/^sha256:/, "") : value;
}

function journalOptions(invocation: Invocation): string[] {
  const values = passedValues.flatMap((name) => {
    const value = invocation.value(name);
    return value === undefined ? [] : [`--${name}=${value}`];
  });
  const flags = passedFlags.filter((name) => invocation.flag(name)).map((name) => `--${name}`);
  return [...values, ...flags];
}
