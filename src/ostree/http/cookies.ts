// SPDX-License-Identifier: Apache-2.0
/** Cookie jars in the Netscape format that curl and libsoup share: `REMOTE.cookies.txt` in the repository. */

export interface Cookie {
  readonly domain: string;
  readonly path: string;
  readonly secure: boolean;
  /** Seconds since 1970; 0: until the session ends. */
  readonly expires: number;
  readonly name: string;
  readonly value: string;
}

/** Lines that are no cookies are left out (ot_parse_cookies_next). `#HttpOnly_` before the domain is curl's mark. */
export function parseCookies(text: string): Cookie[] {
  return text.split("\n").flatMap((line) => parseCookie(line) ?? []);
}

export function parseCookie(line: string): Cookie | undefined {
  const plain = line.replace(/^#HttpOnly_/, "");
  if (plain.startsWith("#")) return undefined;
  const [domain, flag, path, secure, expires, name, value] = plain.trim().split(/\s+/);
  if (value === undefined || flag === undefined || !/^\d{1,15}$/.test(expires!)) return undefined;
  return { domain: domain!, path: path!, secure: secure === "TRUE", expires: Number(expires), name: name!, value };
}

/** A line of a jar, without its end (ot_add_cookie_at). */
export function formatCookie({ domain, path, secure, expires, name, value }: Cookie): string {
  const flag = domain.startsWith(".") ? "TRUE" : "FALSE";
  return [domain, flag, path, secure ? "TRUE" : "FALSE", expires, name, value].join("\t");
}

/** The `Cookie` header for a request (RFC 6265 section 5.4); `undefined` when no cookie is meant for it. */
export function cookieHeader(cookies: readonly Cookie[], url: URL, now = Date.now() / 1000): string | undefined {
  const meant = cookies.filter((cookie) => isMeant(cookie, url, now));
  return meant.length === 0 ? undefined : meant.map(({ name, value }) => `${name}=${value}`).join("; ");
}

function isMeant({ domain, path, secure, expires }: Cookie, url: URL, now: number): boolean {
  if (secure && url.protocol !== "https:") return false;
  if (expires !== 0 && expires < now) return false;
  const bare = domain.replace(/^\./, "").toLowerCase();
  const sameHost = url.hostname === bare || (domain.startsWith(".") && url.hostname.endsWith(`.${bare}`));
  const inside = path === "/" || url.pathname === path || url.pathname.startsWith(`${path.replace(/\/$/, "")}/`);
  return sameHost && inside;
}
