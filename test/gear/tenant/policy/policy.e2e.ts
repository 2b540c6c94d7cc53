// SPDX-License-Identifier: Apache-2.0
/** Policies made from declared needs, compiled by Debian trixie's semodule into its policy and read back by sesearch. */
import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { parseApplication } from "../../../../src/gear/index.ts";
import { policyDialect } from "../../../../src/gear/tenant/policy/distribution/index.ts";
import { applicationPolicies } from "../../../../src/gear/tenant/policy/install-policy.ts";
import { parsePortTypes, portType } from "../../../../src/gear/tenant/policy/port-types.ts";
import type { PolicyHost } from "../../../../src/gear/tenant/policy/render-policy.ts";

const packages = "selinux-policy-default,policycoreutils,setools";
const policy = "/etc/selinux/default/policy/policy.34";
let scratch: string;
let root: string;
let host: PolicyHost;

before(() => {
  scratch = mkdtempSync(join(tmpdir(), "atomic-policy-"));
  root = join(scratch, "root");
  const mirror = "http://deb.debian.org/debian";
  execFileSync("mmdebstrap", ["--quiet", "--variant=minbase", `--include=${packages}`, "trixie", root, mirror]);
  const ranges = parsePortTypes(extract("base"));
  host = {
    dialect: policyDialect(readFileSync(join(root, "etc/os-release"), "utf8")),
    portType: (port) => portType(ranges, port),
    fileType: (path) => {
      const kind = path.startsWith("/dev/") ? "char" : "dir";
      const label = inside("matchpathcon", "-n", "-m", kind, path).trim();
      return { type: label.split(":")[2]!, class: kind === "char" ? "chr_file" : "dir" };
    },
  };
});
after(() => rmSync(scratch, { recursive: true }));

function inside(...command: string[]): string {
  const { status, stdout, stderr } = spawnSync("chroot", [root, ...command], { encoding: "utf8", maxBuffer: 1 << 28 });
  assert.equal(status, 0, stderr);
  return stdout;
}

/** A loaded module, as the program looks at it. */
function extract(module: string): string {
  inside("sh", "-c", `cd /var/tmp && semodule -N --cil --extract ${module}`);
  const path = join(root, "var/tmp", `${module}.cil`);
  const cil = readFileSync(path, "utf8");
  rmSync(path);
  return cil;
}

/** Rules whose subject is the type itself, not an attribute of it: `object:class permissions`. */
function ownRules(type: string): Set<string> {
  const lines = inside("sesearch", "-A", "-s", type, "-ds", policy).trim().split("\n");
  const rules = lines.flatMap((line) => {
    const [, object, name, words] = /^allow \S+ (\S+):(\S+) (?:\{ (.*) \}|(\S+));/.exec(line)!.map((part) => part);
    return (words ?? line.slice(line.lastIndexOf(" ") + 1, -1))
      .split(" ")
      .map((word) => `${object === type ? "self" : object}:${name} ${word}`);
  });
  return new Set(rules);
}

/** Ports that a type may bind or connect to, also by its attributes. */
function portRules(type: string, permission: string): string[] {
  const lines = inside("sesearch", "-A", "-s", type, "-p", permission, policy).trim().split("\n");
  return lines.filter((line) => line !== "").toSorted();
}

const file = `
application: shop
containers:
  plain-one:
    image: a
    security: {selinux-type: generated}
    network: none
  web:
    image: a
    ports: [8080, "53/udp", 9999]
    links: [db, "dns:53"]
    volumes:
      - data:/data
      - {bind: /var/log, target: /logs, read-only: true}
      - {bind: /srv/site, target: /site}
    security: {selinux-type: generated, capabilities: [NET_BIND_SERVICE, BPF], devices: [/dev/fuse]}
  db:
    image: a
    ports: [5432]
  dns:
    image: a
    ports: ["53/udp"]
  signals:
    image: a
    ports: ["36412/sctp"]
    links: [signals]
    security: {selinux-type: generated}
volumes:
  data:
`;

test("each container may do what every one must and what it declares, and nothing else", () => {
  const application = parseApplication(file, join(scratch, "shop.yaml"));
  const made = applicationPolicies(application, host);
  assert.deepEqual(
    made.map(({ module }) => module),
    ["gear_shop_plain__one_t", "gear_shop_web_t", "gear_shop_signals_t"],
  );
  for (const { module, cil } of made) writeFileSync(join(root, `${module}.cil`), cil);
  inside("semodule", "-N", "-X", "300", ...made.flatMap(({ module }) => ["-i", `/${module}.cil`]));
  for (const { module, cil } of made) assert.equal(extract(module), cil, "what is loaded can be compared");
  const [plain, web] = made.map(({ module }) => module) as [string, string];

  const [base, all] = [ownRules(plain), ownRules(web)];
  assert.deepEqual(
    [...base].filter((rule) => /(?<!:unix_(?:dgram|stream)_)socket |netif|:node|capability|_port_t/.test(rule)),
    [],
  );
  const declared = [...all].filter(
    (rule) =>
      !base.has(rule) &&
      !/:(tcp_socket|udp_socket|netlink_route_socket|netif|node|packet) (?!name_)|proc_net_t/.test(rule),
  );
  // The rest of a directory's is every container's, by file_type.
  const readDirectory = ["ioctl", "lock", "read"];
  const expected = [
    ...["self:capability", "self:cap_userns"].map((one) => `${one} net_bind_service`),
    ...["self:capability2", "self:cap2_userns"].map((one) => `${one} bpf`),
    "http_cache_port_t:tcp_socket name_bind",
    "dns_port_t:udp_socket name_bind",
    "unreserved_port_t:tcp_socket name_bind",
    "postgresql_port_t:tcp_socket name_connect",
    ...readDirectory.map((one) => `var_log_t:dir ${one}`),
    ...["getattr", "ioctl", "lock", "map", "open", "read"].map((one) => `var_log_t:file ${one}`),
    ...["getattr", "read"].map((one) => `var_log_t:lnk_file ${one}`),
    ...["append", "getattr", "ioctl", "lock", "open", "read", "write"].map((one) => `fuse_device_t:chr_file ${one}`),
  ];
  const isSite = (rule: string) => rule.startsWith("var_t:") || rule.startsWith("srv_t:");
  assert.deepEqual(declared.filter((rule) => !isSite(rule)).toSorted(), expected.toSorted());
  assert.ok(
    declared.some((rule) => isSite(rule) && rule.endsWith(":file write")),
    "a mount that may be written",
  );

  assert.deepEqual(portRules(plain, "name_bind"), []);
  assert.deepEqual(portRules(plain, "name_connect"), []);
  assert.deepEqual(portRules(web, "name_connect"), [`allow ${web} postgresql_port_t:tcp_socket name_connect;`]);
  assert.equal(portRules(web, "name_bind").length, 3);
});

test("container_t may more: it is the lesser type that was made", () => {
  assert.notEqual(portRules("container_t", "name_connect").length, 0);
});

test("it is kept to its level, and podman starts it", () => {
  const type = "gear_shop_web_t";
  const attributes = inside("seinfo", "-t", type, "-x", policy);
  for (const one of ["mcs_constrained_type", "container_domain", "domain"])
    assert.match(attributes, new RegExp(`\\b${one}\\b`));
  assert.match(
    inside("sesearch", "-A", "-s", "podman_t", "-t", type, "-c", "process", "-p", "transition", policy),
    /transition/,
  );
  assert.match(
    inside("sesearch", "-A", "-s", type, "-t", "container_file_t", "-c", "file", "-p", "entrypoint", policy),
    /entrypoint/,
  );
  assert.match(inside("seinfo", "-r", "system_r", "-x", policy), new RegExp(`\\b${type}\\b`));
  assert.match(inside("seinfo", "--constrain=file", policy), /mcs_constrained_type/);
});
