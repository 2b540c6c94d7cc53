// SPDX-License-Identifier: Apache-2.0
import { connect, type Socket } from "node:net";
import { connect as connectTls, type ConnectionOptions } from "node:tls";
import type { ClientOptions, Protocol } from "./model.ts";
import { basicCredentials, proxyFor } from "./proxy.ts";
import { headLimit, parseHead } from "./response.ts";
import { connectBySocks, isSocks } from "./socks.ts";
import { readReply } from "./read-reply.ts";

/** curl: CURLOPT_CONNECTTIMEOUT as libostree sets it. */
const connectSeconds = 30;

/** A way to the server, once it is there. */
export interface Route {
  readonly socket: Socket;
  readonly protocol: Protocol;
  /** Requests name the whole URL, since a proxy reads them (RFC 9112 section 3.2.2). */
  readonly absolute: boolean;
  /** Headers for the proxy. */
  readonly headers: Readonly<Record<string, string>>;
}

/** Opens a socket to the server of `base`, through a proxy where one is set, with TLS where the URL asks for it. */
export async function openRoute(base: URL, options: ClientOptions): Promise<Route> {
  const proxy = proxyFor(base, options.proxy);
  const secure = base.protocol === "https:";
  if (!proxy) {
    const socket = await openSocket(base);
    return secure ? await withTls(socket, base, options) : plain(socket);
  }
  if (isSocks(proxy)) {
    const socket = await openSocket(proxy);
    await connectBySocks(socket, proxy, { host: hostOf(base), port: portOf(base) });
    return secure ? await withTls(socket, base, options) : plain(socket);
  }
  const credentials = basicCredentials(proxy);
  const headers: Record<string, string> = credentials === undefined ? {} : { "Proxy-Authorization": credentials };
  const near = await openSocket(proxy);
  const link = proxy.protocol === "https:" ? (await withTls(near, proxy, { ...options, http2: false })).socket : near;
  if (!secure) return { ...plain(link), absolute: true, headers };
  await tunnel(link, base, headers);
  return withTls(link, base, options);
}

function plain(socket: Socket): Route {
  return { socket, protocol: "http/1.1", absolute: false, headers: {} };
}

function hostOf({ hostname }: URL): string {
  return hostname.replace(/^\[|\]$/g, "");
}

function portOf(url: URL): number {
  if (url.port !== "") return Number(url.port);
  return url.protocol === "https:" ? 443 : isSocks(url) ? 1080 : 80;
}

function openSocket(url: URL): Promise<Socket> {
  const socket = connect({ host: hostOf(url), port: portOf(url), noDelay: true });
  return settled(socket, "connect");
}

async function withTls(socket: Socket, base: URL, options: ClientOptions): Promise<Route> {
  const { ca, cert, key, permissive } = options.tls ?? {};
  const host = hostOf(base);
  const settings: ConnectionOptions = {
    socket,
    host,
    // RFC 6066 section 3: no server name for an address.
    ...(/^[\d.]+$|:/.test(host) ? {} : { servername: host }),
    ALPNProtocols: options.http2 === false ? ["http/1.1"] : ["h2", "http/1.1"],
    rejectUnauthorized: permissive !== true,
    ...(ca === undefined ? {} : { ca }),
    ...(cert === undefined ? {} : { cert }),
    ...(key === undefined ? {} : { key }),
  };
  const secured = connectTls(settings);
  await settled(secured, "secureConnect");
  return { ...plain(secured), protocol: secured.alpnProtocol === "h2" ? "h2" : "http/1.1" };
}

/** Waits for an event of a socket; an error or a time-out before it fails. */
function settled<S extends Socket>(socket: S, event: string): Promise<S> {
  const { promise, resolve, reject } = Promise.withResolvers<S>();
  const timer = setTimeout(() => socket.destroy(new Error("the connection timed out")), connectSeconds * 1000);
  socket.once("error", reject);
  socket.once("close", () => reject(new Error("the server closed the connection")));
  socket.once(event, () => {
    socket.removeListener("error", reject);
    resolve(socket);
  });
  return promise.finally(() => clearTimeout(timer));
}

/** Asks a proxy to pass all bytes on (RFC 9110 section 9.3.6). */
async function tunnel(socket: Socket, base: URL, headers: Readonly<Record<string, string>>): Promise<void> {
  const target = `${base.hostname}:${portOf(base)}`;
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  socket.write(`CONNECT ${target} HTTP/1.1\r\nHost: ${target}\r\n${lines.join("")}\r\n`, "latin1");
  const head = parseHead((await readReply(socket, headLimit, endOfHead)).toString("latin1").slice(0, -4));
  if (head?.status === 200) return;
  socket.destroy();
  throw new Error(`the proxy answered ${head ? `HTTP ${head.status}` : "no HTTP"} to CONNECT ${target}`);
}

function endOfHead(bytes: Buffer): number | undefined {
  const end = bytes.indexOf("\r\n\r\n");
  return end < 0 ? undefined : end + 4;
}
