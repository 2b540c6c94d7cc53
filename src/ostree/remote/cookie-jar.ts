// SPDX-License-Identifier: Apache-2.0
import { appendFileSync } from "node:fs";
import { join } from "node:path";
import { readTextIfExists, writeFileAtomic } from "../../base/index.ts";
import { ostreeError } from "../errors.ts";
import { type Cookie, formatCookie, parseCookie, parseCookies } from "../http/cookies.ts";
import { checkRemoteName } from "../remotes.ts";
import type { Repo } from "../repo.ts";

/** Years that a cookie is good for when it is added by hand (ot_add_cookie_at). */
const lifeYears = 25;

function jarPath(repo: Repo, remote: string): string {
  return join(repo.path, `${checkRemoteName(remote)}.cookies.txt`);
}

/** Cookies that go with requests to a remote. */
export function listCookies(repo: Repo, remote: string): Cookie[] {
  return parseCookies(readTextIfExists(jarPath(repo, remote)) ?? "");
}

export function addCookie(repo: Repo, remote: string, cookie: Pick<Cookie, "domain" | "path" | "name" | "value">) {
  for (const field of [cookie.domain, cookie.path, cookie.name, cookie.value]) {
    if (field === "" || /[\s\0]/.test(field)) throw ostreeError("remote", `a cookie's field is empty or has spaces`);
  }
  const expires = new Date();
  expires.setUTCFullYear(expires.getUTCFullYear() + lifeYears);
  const whole = { ...cookie, secure: false, expires: Math.floor(expires.getTime() / 1000) };
  appendFileSync(jarPath(repo, remote), `${formatCookie(whole)}\n`, { mode: 0o644 });
}

/** Removes a cookie; it is an error when there is none of that name (ot_delete_cookie_at). */
export function deleteCookie(
  repo: Repo,
  remote: string,
  { domain, path, name }: Pick<Cookie, "domain" | "path" | "name">,
) {
  const file = jarPath(repo, remote);
  const lines = (readTextIfExists(file) ?? "").split("\n");
  const kept = lines.filter((line) => {
    const cookie = parseCookie(line);
    return cookie?.domain !== domain || cookie.path !== path || cookie.name !== name;
  });
  if (kept.length === lines.length) throw ostreeError("remote", "Cookie not found in jar");
  writeFileAtomic(file, kept.join("\n"));
}
