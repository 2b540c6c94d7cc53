// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createServer, type RequestListener } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { download, getBytes } from "../../src/base/index.ts";

async function withServer(listener: RequestListener, use: (url: string) => Promise<void>): Promise<void> {
  const server = createServer(listener).listen(0, "127.0.0.1");
  await new Promise((resolve) => server.once("listening", resolve));
  try {
    await use(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  } finally {
    server.closeAllConnections();
    server.close();
  }
}

test("404 is no content, another status is an error that names it, 5xx is tried again", async () => {
  let failures = 1;
  await withServer(
    (request, response) => {
      const status = request.url === "/gone" ? 404 : request.url === "/secret" ? 403 : failures-- > 0 ? 503 : 200;
      response.writeHead(status).end("body");
    },
    async (url) => {
      assert.equal(await getBytes(`${url}/gone`, 100), undefined);
      await assert.rejects(getBytes(`${url}/secret`, 100), { code: "base-http-status", message: /403/ });
      assert.equal((await getBytes(`${url}/flaky`, 100))?.toString(), "body");
      await assert.rejects(getBytes(`${url}/big`, 3), { code: "base-too-large" });
    },
  );
});

test("a download that breaks goes on where it stopped, and more than announced is refused", async () => {
  const content = Buffer.from("0123456789".repeat(1000));
  const ranges: (string | undefined)[] = [];
  const directory = mkdtempSync(join(tmpdir(), "atomic-download-"));
  await withServer(
    (request, response) => {
      ranges.push(request.headers.range);
      const start = Number(/bytes=(\d+)-/.exec(request.headers.range ?? "")?.[1] ?? 0);
      response.writeHead(start > 0 ? 206 : 200, { "content-length": content.length - start });
      if (start > 0) response.end(content.subarray(start));
      else response.write(content.subarray(0, 4000), () => response.destroy());
    },
    async (url) => {
      const path = join(directory, "file");
      await download(`${url}/f`, path, { size: content.length });
      assert.deepEqual(readFileSync(path), content);
      assert.deepEqual(ranges, [undefined, "bytes=4000-"]);
      await assert.rejects(download(`${url}/f`, join(directory, "other"), { size: 10 }), { code: "base-too-large" });
    },
  );
  rmSync(directory, { recursive: true });
});

test("endless redirects end", async () => {
  await withServer(
    (_request, response) => response.writeHead(302, { location: "/again" }).end(),
    (url) => assert.rejects(getBytes(`${url}/`, 100), { code: "base-http-status", message: /redirects/ }),
  );
});
