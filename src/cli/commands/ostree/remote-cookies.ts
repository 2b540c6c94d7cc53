// SPDX-License-Identifier: Apache-2.0
/** The three verbs for a remote's cookie jar. */
import type { Cookie } from "../../../ostree/index.ts";
import { defineCommand } from "../../command.ts";
import { cliError } from "../../errors.ts";
import { openRepo, repoOption } from "./open-repo.ts";

const optional = (...names: string[]) => names.map((name) => ({ name, optional: true }));

export const addCookie = defineCommand({
  path: ["ostree", "remote", "add-cookie"],
  summary: "Add a cookie to remote",
  arguments: optional("NAME", "DOMAIN", "PATH", "COOKIE_NAME", "VALUE"),
  options: [repoOption],
  async run(invocation) {
    const [remote, domain, path, name, value] = invocation.args;
    if (value === undefined) throw cliError("usage", "NAME, DOMAIN, PATH, COOKIE_NAME and VALUE must be specified");
    const { addCookie } = await import("../../../ostree/index.ts");
    addCookie(await openRepo(invocation), remote!, { domain: domain!, path: path!, name: name!, value });
  },
});

export const deleteCookie = defineCommand({
  path: ["ostree", "remote", "delete-cookie"],
  summary: "Remove one cookie from remote",
  // Stock takes the value that `add-cookie` was given as well, and ignores it.
  arguments: optional("NAME", "DOMAIN", "PATH", "COOKIE_NAME", "VALUE"),
  options: [repoOption],
  async run(invocation) {
    const [remote, domain, path, name] = invocation.args;
    if (name === undefined) throw cliError("usage", "NAME, DOMAIN, PATH and COOKIE_NAME must be specified");
    const { deleteCookie } = await import("../../../ostree/index.ts");
    deleteCookie(await openRepo(invocation), remote!, { domain: domain!, path: path!, name });
  },
});

export const listCookies = defineCommand<readonly Cookie[]>({
  path: ["ostree", "remote", "list-cookies"],
  summary: "Show remote repository cookies",
  json: true,
  arguments: optional("NAME"),
  options: [repoOption],
  async run(invocation) {
    const [remote] = invocation.args;
    if (remote === undefined) throw cliError("usage", "NAME must be specified");
    const { listCookies } = await import("../../../ostree/index.ts");
    return listCookies(await openRepo(invocation), remote);
  },
  render: (cookies) => cookies.map(cookieText).join("\n"),
});

/** As ot_list_cookies_at prints it. */
function cookieText({ domain, path, name, secure, expires, value }: Cookie): string {
  const time = new Date(expires * 1000).toISOString().slice(0, 19).replace("T", " ");
  return [
    "--",
    `Domain: ${domain}`,
    `Path: ${path}`,
    `Name: ${name}`,
    `Secure: ${secure ? "TRUE" : "FALSE"}`,
    `Expires: ${time} +0000`,
    `Value: ${value}`,
  ].join("\n");
}
