// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { addCookie, deleteCookie, listCookies, Repo } from "../../../src/ostree/index.ts";
import { cookieHeader, parseCookies } from "../../../src/ostree/http/cookies.ts";
import { proxyFor } from "../../../src/ostree/http/proxy.ts";
import { newRateLimit, parseRate, spendBytes } from "../../../src/ostree/http/rate-limit.ts";
import { stock, temporary } from "../fixture.ts";

test("a jar is shared with stock", () => {
  using scratch = temporary();
  const repo = Repo.init(join(scratch.path, "repo"), "archive");
  addCookie(repo, "origin", { domain: "example.com", path: "/", name: "foo", value: "bar" });
  stock(`--repo=${repo.path}`, "remote", "add-cookie", "origin", ".example.com", "/sub", "baz", "badger");
  const [ours, theirs] = listCookies(repo, "origin");
  assert.equal(listCookies(repo, "origin").length, 2);
  assert.ok(Math.abs(ours!.expires - theirs!.expires) < 3600);
  assert.match(
    readFileSync(join(repo.path, "origin.cookies.txt"), "utf8"),
    /^example.com\tFALSE\t\/\tFALSE\t\d+\tfoo\tbar\n/,
  );
  stock(`--repo=${repo.path}`, "remote", "delete-cookie", "origin", "example.com", "/", "foo");
  assert.deepEqual(listCookies(repo, "origin"), [theirs]);
  deleteCookie(repo, "origin", { domain: ".example.com", path: "/sub", name: "baz" });
  assert.throws(() => deleteCookie(repo, "origin", theirs!), /Cookie not found in jar/);
  assert.throws(() => addCookie(repo, "../x", theirs!), /Invalid remote name/);
  assert.throws(() => addCookie(repo, "origin", { ...theirs!, value: "a\tb" }), /has spaces/);
});

test("a cookie goes only where it is meant to", () => {
  const line = (domain: string, path: string, secure: string, expires: number, name: string) =>
    [domain, "TRUE", path, secure, expires, name, "1"].join("\t");
  const jar = parseCookies(
    [
      "# Netscape HTTP Cookie File",
      line("example.com", "/", "FALSE", 0, "host"),
      line(".example.com", "/repo", "FALSE", 2000, "below"),
      `#HttpOnly_${line("example.com", "/", "TRUE", 2000, "secure")}`,
      line("example.com", "/", "FALSE", 500, "old"),
      "garbage",
    ].join("\n"),
  );
  const header = (url: string) => cookieHeader(jar, new URL(url), 1000);
  assert.equal(header("http://example.com/repo/x"), "host=1; below=1");
  assert.equal(header("https://example.com/"), "host=1; secure=1");
  assert.equal(header("http://sub.example.com/repo"), "below=1");
  assert.equal(header("http://sub.example.com/repository"), undefined);
  assert.equal(header("http://badexample.com/repo"), undefined);
});

test("the proxy is the remote's, or the environment's as curl reads it", () => {
  const of = (url: string, configured: string | undefined, environment: NodeJS.ProcessEnv) =>
    proxyFor(new URL(url), configured, environment)?.href;
  assert.equal(of("http://a/", undefined, {}), undefined);
  assert.equal(of("http://a/", "proxy:8080", { http_proxy: "http://other" }), "http://proxy:8080/");
  assert.equal(of("http://a/", undefined, { http_proxy: "other:1", HTTP_PROXY: "http://cgi" }), "http://other:1/");
  assert.equal(of("http://a/", undefined, { HTTP_PROXY: "http://cgi" }), undefined);
  assert.equal(of("https://a/", undefined, { HTTPS_PROXY: "http://s" }), "http://s/");
  assert.equal(of("https://a/", undefined, { all_proxy: "https://all" }), "https://all/");
  const exempt = { all_proxy: "http://all", no_proxy: "localhost, .example.com" };
  assert.equal(of("http://localhost:80/", undefined, exempt), undefined);
  assert.equal(of("http://www.example.com/", undefined, exempt), undefined);
  assert.equal(of("http://badexample.com/", undefined, exempt), "http://all/");
  assert.throws(() => of("http://a/", "socks4://s", {}), /only HTTP, HTTPS and SOCKS 5 proxies/);
});

test("rates are written as curl writes them, and kept by all who share one", () => {
  assert.deepEqual(["100", "5k", "2.5M", "1G", "0", "", "-1", "fast", "1KB"].map(parseRate), [
    100,
    5120,
    2621440,
    1 << 30,
    undefined,
    undefined,
    undefined,
    undefined,
    undefined,
  ]);
  const rate = newRateLimit(1000);
  const waits = [500, 500, 500].map((bytes) => spendBytes(rate, bytes));
  // 1500 bytes at 1000 a second, less the burst of a tenth of a second and what passed meanwhile.
  assert.ok(waits[0]! < waits[1]! && waits[1]! < waits[2]! && waits[2]! <= 1400 && waits[2]! > 400, String(waits));
});
