// SPDX-License-Identifier: Apache-2.0
import { defineCommand, type Invocation } from "../../command.ts";
import { cliError } from "../../errors.ts";
import { argument, openRepo, repoOption } from "./open-repo.ts";

export default defineCommand<string>({
  path: ["ostree", "config"],
  summary: "Change repo configuration settings",
  examples: [{ command: "atomic ostree --repo=repo config set core.zlib-level 6", text: "Set a value" }],
  arguments: [
    { name: "get|set|unset", optional: true },
    { name: "KEY", optional: true },
    { name: "VALUE", optional: true, repeat: true },
  ],
  options: [repoOption, { name: "group", value: "GROUP", help: "Group name" }],
  async run(invocation) {
    const operation = argument(invocation, 0, "OPERATION must be specified");
    if (!["get", "set", "unset"].includes(operation)) throw cliError("usage", `Unknown operation ${operation}`);
    const repo = await openRepo(invocation);
    const { args } = invocation;
    if (args.length > (operation === "set" ? 3 : 2)) throw cliError("usage", "Too many arguments given");
    const { group, key } = groupAndKey(invocation, operation);
    switch (operation) {
      case "get": {
        const value = repo.config.get(group, key);
        if (value !== undefined) return value;
        if (!repo.config.hasGroup(group)) throw cliError("usage", `Key file does not have group “${group}”`);
        throw cliError("usage", `Key file does not have key “${key}” in group “${group}”`);
      }
      case "set":
        repo.config.set(group, key, args[2]!);
        repo.saveConfig();
        return "";
      default:
        if (repo.config.removeKey(group, key)) repo.saveConfig();
        return "";
    }
  },
  render: (text) => text,
});

function groupAndKey(invocation: Invocation, operation: string): { group: string; key: string } {
  const [, key, value] = invocation.args;
  const group = invocation.value("group");
  const setting = operation === "set";
  if (key === undefined || (setting && value === undefined)) {
    if (group !== undefined) {
      throw cliError(
        "usage",
        setting ? "GROUP name, KEY and VALUE must be specified" : "Group name and key must be specified",
      );
    }
    throw cliError("usage", setting ? "KEY and VALUE must be specified" : "KEY must be specified");
  }
  if (group !== undefined) return { group, key };
  const dot = key.indexOf(".");
  if (dot < 0) throw cliError("usage", 'Key must be of the form "sectionname.keyname"');
  return { group: key.slice(0, dot), key: key.slice(dot + 1) };
}
