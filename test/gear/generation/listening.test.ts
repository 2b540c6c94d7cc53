// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { type AddressInfo, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { takenPorts } from "../../../src/gear/generation/listening.ts";

test("ports of SCTP are read as sctp_eps_seq_show of the kernel writes them", (t) => {
  const proc = mkdtempSync(join(tmpdir(), "atomic-proc-"));
  t.after(() => rmSync(proc, { recursive: true }));
  mkdirSync(join(proc, "net/sctp"), { recursive: true });
  // Listening on all addresses; on two of them; bound only; an unbound one; the connection of one that listens.
  const lines = [
    " ENDPT     SOCK   STY SST HBKT LPORT   UID INODE LADDRS",
    "00000000 00000000 1   10  31   3868      0 41001  0.0.0.0 ",
    "00000000 00000000 0   10  17   2905   1000 41002  192.0.2.7  2001:0db8:0000:0000:0000:0000:0000:0007 ",
    "00000000 00000000 1   7   40   36412     0 41003  0000:0000:0000:0000:0000:0000:0000:0000 ",
    "00000000 00000000 1   7   0    0         0 41004  ",
    "00000000 00000000 1   1   31   3868      0 41005  192.0.2.7 ",
  ];
  writeFileSync(join(proc, "net/sctp/eps"), `${lines.join("\n")}\n`);
  const told = takenPorts(proc).map(({ protocol, address, port, inode }) => [protocol, address, port, inode]);
  assert.deepEqual(told, [
    ["sctp", undefined, 3868, "41001"],
    ["sctp", "192.0.2.7", 2905, "41002"],
    ["sctp", "2001:db8::7", 2905, "41002"],
    ["sctp", undefined, 36412, "41003"],
  ]);
});

test("a port that listens here is among those of the kernel's tables", async (t) => {
  const server = createServer().listen(0, "::1");
  t.after(() => server.close());
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  const found = takenPorts().find((one) => one.port === port);
  assert.deepEqual([found?.protocol, found?.address], ["tcp", "::1"]);
});
