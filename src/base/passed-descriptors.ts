// SPDX-License-Identifier: Apache-2.0
/**
 * File descriptors that come and go with the bytes of a Unix socket (unix(7), SCM_RIGHTS). Node reads sockets without
 * them, and what is read so closes them; here recvmsg(2) reads instead, when the kernel tells by SIGIO that there is
 * something. Structures are those of 64-bit Linux.
 */
import { closeSync } from "node:fs";
import ffi from "node:ffi";
import type { Socket } from "node:net";
import { check, errnos, failed, lastErrno } from "./errno.ts";
import { libcFunctions } from "./libc.ts";

const libc = libcFunctions({
  recvmsg: { return: "int64", arguments: ["int32", "buffer", "int32"] },
  sendmsg: { return: "int64", arguments: ["int32", "buffer", "int32"] },
  ioctl: { return: "int32", arguments: ["int32", "uint64", "buffer"] },
});

const SOL_SOCKET = 1;
const SCM_RIGHTS = 1;
const MSG_CTRUNC = 0x8;
const MSG_DONTWAIT = 0x40;
const MSG_NOSIGNAL = 0x4000;
const MSG_CMSG_CLOEXEC = 0x40000000;
const FIOSETOWN = 0x8901n;
const FIOASYNC = 0x5452n;

/** The most that the kernel passes at once (SCM_MAX_FD). */
const descriptorLimit = 253;
const controlSize = 16 + 4 * descriptorLimit + 4;
/** Reads without a pause: a peer that never stops writing does not keep us from all else. */
const readsAtOnce = 64;

/** struct msghdr with one struct iovec and room for control data, and the memory that they point to. */
class MessageHeader {
  static readonly #iovec = 56;
  static readonly #control = 72;
  readonly bytes = Buffer.from(new ArrayBuffer(MessageHeader.#control + controlSize));
  readonly data: Buffer;

  constructor(size: number) {
    this.data = Buffer.from(new ArrayBuffer(size));
    const at = ffi.getRawPointer(this.bytes);
    this.bytes.writeBigUInt64LE(at + BigInt(MessageHeader.#iovec), 16);
    this.bytes.writeBigUInt64LE(1n, 24);
    this.bytes.writeBigUInt64LE(at + BigInt(MessageHeader.#control), 32);
    this.bytes.writeBigUInt64LE(ffi.getRawPointer(this.data), MessageHeader.#iovec);
    this.bytes.writeBigUInt64LE(BigInt(size), MessageHeader.#iovec + 8);
  }

  /** What the kernel reads, or may write. */
  set controlLength(length: number) {
    this.bytes.writeBigUInt64LE(BigInt(length), 40);
  }

  get control(): Buffer {
    return this.bytes.subarray(MessageHeader.#control, MessageHeader.#control + Number(this.bytes.readBigUInt64LE(40)));
  }

  /** Whether the kernel has dropped descriptors. */
  get truncated(): boolean {
    return (this.bytes.readInt32LE(48) & MSG_CTRUNC) !== 0;
  }
}

/** Descriptors of the control messages, cmsg(3). */
function passedIn(control: Buffer): number[] {
  const found: number[] = [];
  for (let at = 0; at + 16 <= control.length;) {
    const end = Math.min(at + Number(control.readBigUInt64LE(at)), control.length);
    const isRights = control.readInt32LE(at + 8) === SOL_SOCKET && control.readInt32LE(at + 12) === SCM_RIGHTS;
    for (let each = at + 16; isRights && each + 4 <= end; each += 4) found.push(control.readInt32LE(each));
    at = Math.max(at + 16, Math.ceil(end / 8) * 8);
  }
  return found;
}

interface Handle {
  readonly fd: number;
  readStop(): void;
}

function handleOf(socket: Socket): Handle | undefined {
  return (socket as unknown as { _handle?: Handle })._handle ?? undefined;
}

/**
 * Reads a connected Unix socket from now on in place of Node, which goes on writing to it. It keeps the process alive
 * until the socket is closed; at the peer's end or an error the socket is destroyed.
 * @param onData is given the descriptors that came with the first of the bytes, closed at exec, and must close them
 */
export function receiveDescriptors(socket: Socket, onData: (bytes: Buffer, descriptors: number[]) => void): void {
  const handle = handleOf(socket);
  if (handle === undefined) return;
  handle.readStop();
  check(libc.ioctl(handle.fd, FIOSETOWN, int32(process.pid)), "ioctl(FIOSETOWN)", `fd ${handle.fd}`);
  const header = new MessageHeader(64 << 10);
  const drain = () => {
    for (let count = 0; count < readsAtOnce; count++)
      if (socket.destroyed || !receiveOne(socket, header, onData)) return;
    setImmediate(drain);
  };
  // A socket that Node does not read keeps nothing alive.
  const alive = setInterval(drain, 10_000);
  // Before there are signals, which would end the process.
  process.on("SIGIO", drain);
  socket.once("close", () => {
    clearInterval(alive);
    process.off("SIGIO", drain);
  });
  check(libc.ioctl(handle.fd, FIOASYNC, int32(1)), "ioctl(FIOASYNC)", `fd ${handle.fd}`);
  // What came before there were signals.
  drain();
}

function int32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeInt32LE(value);
  return bytes;
}

/** Whether there may be more. */
function receiveOne(socket: Socket, header: MessageHeader, onData: (bytes: Buffer, descriptors: number[]) => void) {
  header.controlLength = controlSize;
  const fd = handleOf(socket)?.fd ?? -1;
  const length = Number(libc.recvmsg(fd, header.bytes, MSG_DONTWAIT | MSG_CMSG_CLOEXEC));
  if (length < 0 && lastErrno() === errnos.EAGAIN) return false;
  if (length <= 0) {
    socket.destroy();
    return false;
  }
  const descriptors = passedIn(header.control);
  if (header.truncated) {
    for (const one of descriptors) closeSync(one);
    socket.destroy();
    return false;
  }
  onData(Buffer.from(header.data.subarray(0, length)), descriptors);
  return true;
}

/**
 * Writes bytes with descriptors, which stay open here. Node must have nothing of its own left to write.
 * @returns how many of the bytes were written; 0 when the socket takes nothing now
 */
export function sendDescriptors(socket: Socket, bytes: Uint8Array, descriptors: readonly number[]): number {
  if (descriptors.length > descriptorLimit) throw new Error(`${descriptors.length} descriptors in one message`);
  const header = new MessageHeader(bytes.length);
  header.data.set(bytes);
  const length = 16 + 4 * descriptors.length;
  header.controlLength = Math.ceil(length / 8) * 8;
  const { control } = header;
  control.writeBigUInt64LE(BigInt(length), 0);
  control.writeInt32LE(SOL_SOCKET, 8);
  control.writeInt32LE(SCM_RIGHTS, 12);
  for (const [index, one] of descriptors.entries()) control.writeInt32LE(one, 16 + 4 * index);
  const written = Number(libc.sendmsg(handleOf(socket)?.fd ?? -1, header.bytes, MSG_DONTWAIT | MSG_NOSIGNAL));
  if (written >= 0) return written;
  const errno = lastErrno();
  if (errno === errnos.EAGAIN) return 0;
  throw failed("sendmsg", "socket", errno);
}
