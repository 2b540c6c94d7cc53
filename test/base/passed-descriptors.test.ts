// SPDX-License-Identifier: Apache-2.0
// File descriptors over Unix sockets, with Python's socket module at the other end.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { closeSync, fstatSync, mkdtempSync, openSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { createServer, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { receiveDescriptors, removeTree, sendDescriptors } from "../../src/base/index.ts";

/** Runs a Python program with a connected socket `s`; its files are in `scratch`. */
async function peer(t: TestContext, scratch: string, program: string) {
  const path = join(scratch, "socket");
  const server = createServer().listen(path);
  t.after(() => server.close());
  const head = `import array, os, socket, sys\ns = socket.socket(socket.AF_UNIX)\ns.connect(${JSON.stringify(path)})\n`;
  const child = spawn("python3", ["-c", head + program], { cwd: scratch, stdio: ["pipe", "pipe", "inherit"] });
  t.after(() => child.kill());
  const [socket] = (await once(server, "connection")) as [Socket];
  return { socket, child };
}

function makeScratch(t: TestContext): string {
  const scratch = mkdtempSync(join(tmpdir(), "descriptors-"));
  t.after(() => removeTree(scratch));
  for (const name of ["a", "b", "c"]) writeFileSync(join(scratch, name), `file ${name}`);
  return scratch;
}

test("descriptors arrive with their bytes, closed at exec; what follows later and the end are noticed", async (t) => {
  const scratch = makeScratch(t);
  const { socket, child } = await peer(
    t,
    scratch,
    `f = [os.open(x, os.O_RDONLY) for x in "abc"]
socket.send_fds(s, [b"one"], f[:2])
s.send(b"two")
sys.stdin.readline()
socket.send_fds(s, [b"three"], f[2:])
s.send(b"x" * 1000000)
s.close()`,
  );
  const before = readdirSync("/proc/self/fd").length;
  const contents: string[] = [];
  let bytes = "";
  receiveDescriptors(socket, (chunk, descriptors) => {
    if (bytes === "") child.stdin.write("go on\n");
    bytes += chunk.toString();
    for (const one of descriptors) {
      const flags = /^flags:\s*(\d+)/m.exec(readFileSync(`/proc/self/fdinfo/${one}`, "utf8"))![1]!;
      assert.equal(Number.parseInt(flags, 8) & 0o2000000, 0o2000000, "O_CLOEXEC");
      contents.push(readFileSync(one, "utf8"));
      closeSync(one);
    }
  });
  await once(socket, "close");
  assert.deepEqual(contents, ["file a", "file b", "file c"]);
  assert.equal(bytes, `onetwothree${"x".repeat(1_000_000)}`);
  assert.equal(readdirSync("/proc/self/fd").length, before - 1, "but for the socket itself");
});

test("descriptors that are sent are the same files there", async (t) => {
  const scratch = makeScratch(t);
  const { socket, child } = await peer(
    t,
    scratch,
    `data, f, flags, address = socket.recv_fds(s, 100, 10)
print(data.decode(), *[os.fstat(x).st_ino for x in f], os.read(f[1], 100).decode(), flush=True)`,
  );
  const open = ["a", "b", "c"].map((name) => openSync(join(scratch, name), "r"));
  t.after(() => open.forEach((one) => closeSync(one)));
  assert.equal(sendDescriptors(socket, Buffer.from("hello"), open), 5);
  const [text] = await once(child.stdout, "data");
  assert.equal(String(text), `hello ${open.map((one) => fstatSync(one).ino).join(" ")} file b\n`);
  socket.destroy();
  assert.throws(() => sendDescriptors(socket, Buffer.from("late"), open), /sendmsg/);
});
