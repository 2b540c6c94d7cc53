// SPDX-License-Identifier: Apache-2.0
import { baseError } from "../../base/index.ts";

/**
 * The proxy for a server: the configured one, else the environment's as curl reads it (curl(1), ENVIRONMENT: upper-case
 * `HTTP_PROXY` is not looked at, since CGI programs get it from their clients).
 */
export function proxyFor(target: URL, configured: string | undefined, environment = process.env): URL | undefined {
  const scheme = target.protocol.slice(0, -1);
  const lower = environment[`${scheme}_proxy`];
  const upper = scheme === "http" ? undefined : environment[`${scheme.toUpperCase()}_PROXY`];
  const text = configured || lower || upper || environment["all_proxy"] || environment["ALL_PROXY"];
  if (!text || isExempt(target, environment["no_proxy"] ?? environment["NO_PROXY"] ?? "")) return undefined;
  const url = text.includes("://") ? text : `http://${text}`;
  const proxy = URL.parse(url);
  if (!proxy || !["http:", "https:", "socks5:", "socks5h:"].includes(proxy.protocol)) {
    throw baseError(
      "http-status",
      `proxy ${withoutPassword(text)}: only HTTP, HTTPS and SOCKS 5 proxies are supported`,
    );
  }
  return proxy;
}

function withoutPassword(url: string): string {
  return url.replace(/\/\/[^@/]*@/, "//");
}

function isExempt({ hostname }: URL, list: string): boolean {
  const names = list.split(/[\s,]+/).filter((name) => name !== "");
  return names.some((name) => {
    const bare = name.replace(/^\.+/, "").toLowerCase();
    return name === "*" || hostname === bare || hostname.endsWith(`.${bare}`);
  });
}

/** `Proxy-Authorization` or `Authorization` from the credentials in a URL. */
export function basicCredentials({ username, password }: URL): string | undefined {
  if (username === "") return undefined;
  const plain = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`;
  return `Basic ${Buffer.from(plain).toString("base64")}`;
}
