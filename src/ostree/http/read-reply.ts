// SPDX-License-Identifier: Apache-2.0
import type { Socket } from "node:net";

const replySeconds = 30;

/**
 * A proxy's answer, after which the socket is paused and free for what comes next.
 * @param limit bytes at most that are kept while the answer is not complete: a proxy cannot exhaust our memory.
 * @param sizeOf size of the answer in bytes, once enough of it is there to tell
 */
export async function readReply(
  socket: Socket,
  limit: number,
  sizeOf: (bytes: Buffer) => number | undefined,
): Promise<Buffer> {
  let bytes: Buffer = Buffer.alloc(0);
  const { promise, resolve, reject } = Promise.withResolvers<Buffer>();
  const take = (piece: Buffer) => {
    bytes = Buffer.concat([bytes, piece]);
    const size = sizeOf(bytes);
    if (size !== undefined && size <= bytes.length) resolve(bytes.subarray(0, size));
    else if (bytes.length > limit) reject(new Error("the proxy's answer has no end"));
  };
  const fail = () => reject(new Error("the proxy closed the connection"));
  socket.on("data", take).once("close", fail).once("error", reject).resume();
  const timer = setTimeout(() => reject(new Error("the proxy timed out")), replySeconds * 1000);
  try {
    const reply = await promise;
    socket.pause();
    if (reply.length < bytes.length) socket.unshift(bytes.subarray(reply.length));
    return reply;
  } catch (error) {
    socket.destroy();
    throw error;
  } finally {
    clearTimeout(timer);
    socket.removeListener("data", take).removeListener("close", fail).removeListener("error", reject);
  }
}
