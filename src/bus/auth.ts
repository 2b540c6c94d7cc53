// SPDX-License-Identifier: Apache-2.0
/**
 * Authentication of a D-Bus connection, both sides, by the mechanism EXTERNAL alone: who one is says the kernel, not the
 * peer (D-Bus specification, "Authentication Protocol"). File descriptors are passed by message buses only.
 */
import type { Socket } from "node:net";
import { peerCredentials } from "../base/index.ts";
import { busError } from "./errors.ts";

/** Bytes of a line or of all lines that are waited for: a peer that sends no end of line must not fill the memory. */
const lineLimit = 4096;
/** A peer that connects and says nothing does not hold its socket for ever. */
const timeoutMs = 15_000;

/** Takes complete lines out of what a socket delivers; what follows the last one stays for the messages. */
class Lines {
  #text = "";

  push(chunk: Buffer): void {
    this.#text += chunk.toString("latin1");
    if (this.#text.length > lineLimit) throw busError("connection", "the peer sends no D-Bus authentication");
  }

  next(): string | undefined {
    const end = this.#text.indexOf("\r\n");
    if (end < 0) return undefined;
    const line = this.#text.slice(0, end);
    this.#text = this.#text.slice(end + 2);
    return line;
  }

  rest(): Buffer {
    return Buffer.from(this.#text, "latin1");
  }
}

/**
 * Feeds a conversation with the lines that come until it says that it is done.
 * @returns the bytes that came after the last line
 */
async function converse(socket: Socket, lines: Lines, onLine: (line: string) => boolean): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => settle(busError("connection", "the peer does not answer")), timeoutMs);
    const settle = (problem?: unknown) => {
      clearTimeout(timer);
      socket.off("data", onData).off("error", settle).off("close", onClose);
      socket.pause();
      if (problem === undefined) resolve(lines.rest());
      else reject(problem);
    };
    const onClose = () => settle(busError("connection", "the peer has closed the connection"));
    const onData = (chunk: Buffer) => {
      try {
        lines.push(chunk);
        for (let line = lines.next(); line !== undefined; line = lines.next()) if (onLine(line)) return settle();
      } catch (error) {
        settle(error);
      }
    };
    socket.on("data", onData).on("error", settle).on("close", onClose);
    socket.resume();
  });
}

/** The client's side: says who we are, asks whether file descriptors may be passed, and begins. */
export async function authenticateToServer(socket: Socket): Promise<{ rest: Buffer; descriptors: boolean }> {
  const uid = Buffer.from(String(process.getuid?.() ?? 0)).toString("hex");
  socket.write(`\0AUTH EXTERNAL ${uid}\r\n`);
  let descriptors = false;
  let authenticated = false;
  const rest = await converse(socket, new Lines(), (line) => {
    if (authenticated) {
      descriptors = line === "AGREE_UNIX_FD";
      return true;
    }
    if (!line.startsWith("OK ")) throw busError("connection", `the bus refuses us: ${line.slice(0, 100)}`);
    authenticated = true;
    socket.write("NEGOTIATE_UNIX_FD\r\n");
    return false;
  });
  socket.write("BEGIN\r\n");
  return { rest, descriptors };
}

/** Who is at the other end, by the kernel's word. */
export interface Peer {
  readonly uid: number;
  readonly pid: number;
}

/**
 * The server's side. Throws `bus-connection` for a peer that may not connect.
 * @param guid names the server, 32 hexadecimal digits
 */
export async function authenticateClient(
  socket: Socket,
  guid: string,
  mayConnect: (uid: number) => boolean,
): Promise<{ peer: Peer; rest: Buffer }> {
  const peer = peerCredentials(socket);
  if (!mayConnect(peer.uid)) throw busError("connection", `user ${peer.uid} may not connect to this transaction`);
  const lines = new Lines();
  let first = true;
  let authenticated = false;
  const rest = await converse(socket, lines, (given) => {
    // The byte 0 once carried the credentials.
    if (first && !given.startsWith("\0")) throw busError("connection", "the peer does not begin with a NUL");
    const line = first ? given.slice(1) : given;
    first = false;
    if (line === "BEGIN" && authenticated) return true;
    const answer = answerTo(line, peer.uid);
    authenticated = answer === "OK" || (authenticated && answer === "ERROR");
    socket.write(answer === "OK" ? `OK ${guid}\r\n` : `${answer}\r\n`);
    return false;
  });
  return { peer, rest };
}

/** An identity that is given must be the one that the kernel knows; none at all means that one. */
function answerTo(line: string, uid: number): string {
  const [command = "", mechanism, data] = line.split(" ");
  const own = Buffer.from(String(uid)).toString("hex");
  if (command === "AUTH" && mechanism === "EXTERNAL")
    return data === undefined ? "DATA" : data === own ? "OK" : "REJECTED EXTERNAL";
  if (command === "DATA")
    return mechanism === undefined || mechanism === "" || mechanism === own ? "OK" : "REJECTED EXTERNAL";
  if (command === "AUTH" || command === "CANCEL" || command === "BEGIN") return "REJECTED EXTERNAL";
  return "ERROR";
}
