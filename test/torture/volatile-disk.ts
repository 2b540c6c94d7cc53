// SPDX-License-Identifier: Apache-2.0
/**
 * A disk with a volatile cache, as disks have one: what was flushed is there after a power cut, of what was written since
 * then any block may have any of the contents that it was given, or the one before. QEMU's own cache modes cannot tell that:
 * what QEMU has written outlives it. QEMU reaches it as a network block device (NBD protocol, doc/proto.md).
 */
import { createServer, type Server, type Socket } from "node:net";
import type { Random } from "../fuzz/mutate.ts";

/** What the machine is told that the disk writes whole or not at all. */
export const blockSize = 4096;

/** Of doc/proto.md: newstyle negotiation and simple replies, which QEMU falls back to. */
const optionMagic = 0x49484156454f5054n;
const optionReplyMagic = 0x3e889045565a9n;
const [requestMagic, replyMagic] = [0x25609513, 0x67446698];
const [fixedNewstyle, noZeroes] = [1, 2];
const options = { abort: 2, go: 7 } as const;
const replies = { ack: 1, info: 3, unsupported: 0x80000001 } as const;
const [hasFlags, sendFlush, sendFua] = [1, 4, 8];
const commands = { read: 0, write: 1, disconnect: 2, flush: 3 } as const;
const forceUnitAccess = 1;
const invalid = 22;

export interface PowerCut {
  /** Blocks that were written and not flushed. */
  readonly unflushed: number;
  /** Those of them that do not have their last content. */
  readonly lost: number;
}

export class VolatileDisk {
  readonly #durable: Buffer;
  /** Contents since the last flush, the oldest first, by block number. */
  readonly #written = new Map<number, Buffer[]>();
  readonly #server: Server;
  readonly #machines = new Set<Socket>();

  /** @param content what the disk has at first; its length is a multiple of the block size */
  constructor(content: Buffer) {
    this.#durable = content;
    this.#server = createServer((socket) => this.#serve(socket));
  }

  async listen(path: string): Promise<void> {
    await new Promise<void>((resolve, reject) => this.#server.once("error", reject).listen(path, resolve));
  }

  close(): void {
    this.#server.close();
  }

  /** Loses what is on its way; of what was not flushed all, nothing, or block by block what chance takes. */
  cutPower(random: Random): PowerCut {
    for (const machine of this.#machines) machine.destroy();
    const keep = random.pick(["none", "all", "some", "some"] as const);
    let lost = 0;
    for (const [block, contents] of this.#written) {
      const kept = keep === "none" ? 0 : keep === "all" ? contents.length : random.below(contents.length + 1);
      if (kept > 0) contents[kept - 1]!.copy(this.#durable, block * blockSize);
      if (kept < contents.length) lost++;
    }
    const unflushed = this.#written.size;
    this.#written.clear();
    return { unflushed, lost };
  }

  /** What a machine would read after a power cut that loses all that is not flushed. */
  contents(): Buffer {
    return Buffer.from(this.#durable);
  }

  #flush(): void {
    for (const [block, contents] of this.#written) contents.at(-1)!.copy(this.#durable, block * blockSize);
    this.#written.clear();
  }

  #read(offset: number, length: number): Buffer {
    const [first, end] = [Math.floor(offset / blockSize), Math.ceil((offset + length) / blockSize)];
    const blocks = Buffer.from(this.#durable.subarray(first * blockSize, end * blockSize));
    for (let block = first; block < end; block++)
      this.#written
        .get(block)
        ?.at(-1)
        ?.copy(blocks, (block - first) * blockSize);
    return blocks.subarray(offset - first * blockSize, offset - first * blockSize + length);
  }

  #write(offset: number, bytes: Buffer): void {
    for (let at = 0; at < bytes.length; at += blockSize) {
      const block = (offset + at) / blockSize;
      const content = Buffer.from(bytes.subarray(at, at + blockSize));
      this.#written.set(block, [...(this.#written.get(block) ?? []), content]);
    }
  }

  #serve(socket: Socket): void {
    this.#machines.add(socket);
    socket.on("close", () => this.#machines.delete(socket));
    let input = Buffer.alloc(0);
    let stage: "flags" | "options" | "requests" = "flags";
    /** @returns how many bytes were used, 0 when there are too few */
    const take = (): number => {
      if (stage === "requests") return this.#answer(socket, input);
      if (stage === "options") return this.#negotiate(socket, input, () => (stage = "requests"));
      if (input.length < 4) return 0;
      stage = "options";
      return 4;
    };
    socket.on("error", () => socket.destroy());
    socket.on("data", (chunk: Buffer) => {
      if (socket.destroyed) return;
      input = Buffer.concat([input, chunk]);
      for (let used = take(); used > 0; used = take()) input = input.subarray(used);
    });
    const greeting = Buffer.alloc(18);
    greeting.write("NBDMAGIC", "latin1");
    greeting.writeBigUInt64BE(optionMagic, 8);
    greeting.writeUInt16BE(fixedNewstyle | noZeroes, 16);
    socket.write(greeting);
  }

  /** Answers one option. @returns how many bytes were used, 0 when there are too few */
  #negotiate(socket: Socket, input: Buffer, onDone: () => void): number {
    if (input.length < 16 || input.length < 16 + input.readUInt32BE(12)) return 0;
    const option = input.readUInt32BE(8);
    if (option === options.go) {
      const info = Buffer.alloc(12);
      info.writeBigUInt64BE(BigInt(this.#durable.length), 2);
      info.writeUInt16BE(hasFlags | sendFlush | sendFua, 10);
      socket.write(Buffer.concat([optionReply(option, replies.info, info), optionReply(option, replies.ack)]));
      onDone();
    } else if (option === options.abort) socket.end(optionReply(option, replies.ack));
    else socket.write(optionReply(option, replies.unsupported));
    return 16 + input.readUInt32BE(12);
  }

  /** Takes one request and does it. @returns how many bytes were used, 0 when there are too few */
  #answer(socket: Socket, input: Buffer): number {
    if (input.length < 28) return 0;
    const [magic, flags, type] = [input.readUInt32BE(0), input.readUInt16BE(4), input.readUInt16BE(6)];
    const [offset, length] = [Number(input.readBigUInt64BE(16)), input.readUInt32BE(24)];
    if (magic !== requestMagic) throw new Error("no NBD request");
    const size = type === commands.write ? 28 + length : 28;
    if (input.length < size) return 0;
    const outside = offset + length > this.#durable.length;
    const bad = outside || (type === commands.write && (offset % blockSize !== 0 || length % blockSize !== 0));
    const known = bad ? undefined : type;
    const data = known === commands.read ? this.#read(offset, length) : Buffer.alloc(0);
    if (known === commands.write) this.#write(offset, input.subarray(28, size));
    if (type === commands.flush || (known === commands.write && (flags & forceUnitAccess) !== 0)) this.#flush();
    if (type === commands.disconnect) socket.end();
    else socket.write(Buffer.concat([reply(input.subarray(8, 16), bad ? invalid : 0), data]));
    return size;
  }
}

function optionReply(option: number, type: number, data: Buffer = Buffer.alloc(0)): Buffer {
  const head = Buffer.alloc(20);
  head.writeBigUInt64BE(optionReplyMagic);
  head.writeUInt32BE(option, 8);
  head.writeUInt32BE(type, 12);
  head.writeUInt32BE(data.length, 16);
  return Buffer.concat([head, data]);
}

function reply(handle: Buffer, error: number): Buffer {
  const head = Buffer.alloc(16);
  head.writeUInt32BE(replyMagic);
  head.writeUInt32BE(error, 4);
  handle.copy(head, 8);
  return head;
}
