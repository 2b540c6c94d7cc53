// SPDX-License-Identifier: Apache-2.0
// Who connects is another user, as which only root can start a program.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { chmodSync, mkdtempSync, rmSync } from "node:fs";
import { createServer, Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { peerCredentials } from "../../src/base/index.ts";

const connecting = `
import socket, sys
peer = socket.socket(socket.AF_UNIX)
peer.connect(sys.argv[1])
sys.stdin.read()
`;

test("the other end is told by process, user and group, also when it has ended", async (t) => {
  const directory = mkdtempSync(join(tmpdir(), "peer-credentials-"));
  t.after(() => rmSync(directory, { recursive: true }));
  chmodSync(directory, 0o755);
  const path = join(directory, "socket");
  const server = createServer({ allowHalfOpen: true }).listen(path);
  t.after(() => server.close());
  await once(server, "listening");
  chmodSync(path, 0o777);
  const child = spawn("/usr/bin/python3", ["-c", connecting, path], {
    uid: 54_321,
    gid: 54_322,
    stdio: ["pipe", "inherit", "inherit"],
  });
  const [socket] = (await once(server, "connection")) as [Socket];
  assert.deepEqual(peerCredentials(socket), { pid: child.pid, uid: 54_321, gid: 54_322 });
  child.stdin!.end();
  await once(child, "exit");
  assert.equal(peerCredentials(socket).pid, child.pid, "as it was when it connected");
  socket.destroy();
});

test("a socket that is not connected to anybody is an error", () => {
  assert.throws(() => peerCredentials(new Socket()), /getsockopt/);
});
