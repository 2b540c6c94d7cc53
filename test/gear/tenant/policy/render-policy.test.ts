// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { test } from "node:test";
import { parseApplication, parseName } from "../../../../src/gear/index.ts";
import { policyDialect } from "../../../../src/gear/tenant/policy/distribution/index.ts";
import { applicationPolicies } from "../../../../src/gear/tenant/policy/install-policy.ts";
import { policyType } from "../../../../src/gear/tenant/policy/needs.ts";
import { parsePortTypes, portType } from "../../../../src/gear/tenant/policy/port-types.ts";
import type { PolicyHost } from "../../../../src/gear/tenant/policy/render-policy.ts";

const dialect = policyDialect("ID=debian\n");
const host = (type: string): PolicyHost => ({
  dialect,
  portType: () => "http_port_t",
  fileType: () => ({ type, class: "chr_file" }),
});
const application = (security: string) =>
  parseApplication(
    `application: shop\ncontainers:\n  web:\n    image: a\n    volumes: [{bind: /srv/x, target: /x}]\n    security: {${security}}\n`,
    "/shop.yaml",
  );

test("only containers that ask for it have a policy of their own", () => {
  assert.deepEqual(applicationPolicies(application(""), host("var_t")), []);
  const [made] = applicationPolicies(application("selinux-type: generated"), host("var_t"));
  assert.match(made!.cil, /^\(type gear_shop_web_t\)\n\(roletype system_r gear_shop_web_t\)\n/);
  assert.match(made!.cil, /^\(typeattributeset mcs_constrained_type \(gear_shop_web_t\)\)$/m);
  assert.match(made!.cil, /^\(allow gear_shop_web_t var_t \(file \(.*write.*\)\)\)$/m);
});

test("links without ports, and to several instances, have the ports that they begin at", () => {
  const text = `application: shop
containers:
  web: {image: a, links: [db, "dns:53:5353"], security: {selinux-type: generated}}
  db: {image: a, ports: [5432, "36412/sctp"], count: 2}
  dns: {image: a, ports: ["53/udp"]}
`;
  const asked: string[] = [];
  const portType = ({ port, protocol }: { port: number; protocol: string }) => (
    asked.push(`${port}/${protocol}`),
    "x_port_t"
  );
  const [made] = applicationPolicies(parseApplication(text, "/shop.yaml"), { ...host("var_t"), portType });
  assert.deepEqual(asked, ["5432/tcp", "5433/tcp", "36412/sctp", "36413/sctp"]);
  assert.match(made!.cil, /\(allow gear_shop_web_t self \(sctp_socket /);
  assert.doesNotMatch(made!.cil, /udp_socket \(name_connect/);
});

test("a container whose health is checked connects to its own ports", () => {
  const text = (health: string) =>
    `application: shop\ncontainers: {web: {image: a, ports: [80], ${health} security: {selinux-type: generated}}}\n`;
  const cil = (health: string) =>
    applicationPolicies(parseApplication(text(health), "/shop.yaml"), host("var_t"))[0]!.cil;
  assert.match(cil("health: {test: curl localhost},"), /http_port_t \(tcp_socket \(name_connect\)\)/);
  for (const health of ["", "health: none,"]) assert.doesNotMatch(cil(health), /name_connect/);
});

test("a tenant's own files need no rule", () => {
  const [made] = applicationPolicies(application("selinux-type: generated"), host("container_file_t"));
  assert.doesNotMatch(made!.cil, /container_file_t/);
});

test("labels on the disk cannot say more than a type", () => {
  for (const type of ["var_t (file (read)))(allow x", "var_t\n", "", "1", "a.b", `a${"b".repeat(200)}`])
    assert.throws(
      () => applicationPolicies(application("selinux-type: generated"), host(type)),
      { code: "gear-bad-policy" },
      type,
    );
  const named = { selinux: "selinux-type: generated, capabilities: ['X)) (allow']" };
  assert.throws(() => applicationPolicies(application(named.selinux), host("var_t")));
});

test("two containers never share a type", () => {
  const name = (text: string) => parseName(text, "a container");
  const pairs = [
    ["a-b", "c"],
    ["a", "b-c"],
    ["a--b", "c"],
    ["a", "b"],
    ["a-b", "b"],
  ] as const;
  const types = pairs.map(([one, other]) => policyType(name(one), name(other)));
  assert.equal(new Set(types).size, pairs.length);
});

test("a port has the type of the narrowest range that names it", () => {
  const ranges = parsePortTypes(`
(portcon tcp 8080 (system_u object_r http_cache_port_t ((s0) (s0))))
(portcon tcp (8000 8100) (system_u object_r soundd_port_t ((s0) (s0))))
(portcon tcp (1024 65535) (system_u object_r unreserved_port_t ((s0) (s0))))
(portcon udp 53 (system_u object_r dns_port_t ((s0) (s0))))`);
  const type = (port: number, protocol: "tcp" | "udp" = "tcp") => portType(ranges, { port, protocol });
  assert.deepEqual(
    [type(8080), type(8081), type(9000), type(53, "udp"), type(53)],
    ["http_cache_port_t", "soundd_port_t", "unreserved_port_t", "dns_port_t", "port_t"],
  );
});

test("another distribution's policy is refused by name", () => {
  assert.equal(policyDialect('ID="ubuntu"\nID_LIKE="debian"\n').id, "debian");
  assert.throws(() => policyDialect("ID=fedora\n"), /policy of a container's own on fedora/);
});
