// SPDX-License-Identifier: Apache-2.0
import { gearError } from "../errors.ts";

/** Of one message: an application's units and files, which are at most a mebibyte each. Stops who would fill memory. */
const lineLimit = 64 << 20;

/**
 * The lines of a stream as they come; what is behind the last newline is none.
 * @throws gear-host-answer
 */
export async function* readLines(stream: AsyncIterable<Buffer>): AsyncGenerator<string> {
  let pieces: Buffer[] = [];
  let size = 0;
  for await (const chunk of stream) {
    let rest = chunk;
    for (let end = rest.indexOf(0x0a); end !== -1; end = rest.indexOf(0x0a)) {
      yield Buffer.concat([...pieces, rest.subarray(0, end)]).toString();
      rest = rest.subarray(end + 1);
      pieces = [];
      size = 0;
    }
    size += rest.length;
    if (size > lineLimit) throw gearError("host-answer", `a message is larger than ${lineLimit} bytes`);
    pieces.push(rest);
  }
}
