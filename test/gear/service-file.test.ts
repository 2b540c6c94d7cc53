// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { test } from "node:test";
import { type Name, parseApplication, serviceFile, type ServiceRequest } from "../../src/gear/index.ts";

const request: ServiceRequest = {
  name: "web-1" as Name,
  image: "localhost/web:1",
  environment: new Map(),
  environmentFiles: [],
  ports: [],
  volumes: [],
  isolate: false,
};
const read = (given: Partial<ServiceRequest>) => parseApplication(serviceFile({ ...request, ...given }), "web-1.yaml");

test("geard's words become one container of a gear file", () => {
  const { name, tenant, containers, volumes } = read({
    environment: new Map([["A", "b: {c}\n"]]),
    ports: ["80:8080", "443:0", "53"],
    volumes: ["/var/lib/data", "/srv/x:/x:ro"],
  });
  const [container, ...others] = containers;
  assert.deepEqual([name, tenant, container?.name, others], ["web-1", undefined, "web-1", []]);
  assert.deepEqual(container?.environment, [{ name: "A", value: "b: {c}\n" }]);
  assert.deepEqual(
    container?.ports.map((port) => [port.container, port.host]),
    [
      [80, 8080],
      [443, 0],
      [53, undefined],
    ],
  );
  assert.deepEqual(
    volumes.map((volume) => volume.name),
    ["var-lib-data"],
  );
  assert.deepEqual(
    container?.mounts.map(({ target, readOnly }) => [target, readOnly]),
    [
      ["/var/lib/data", false],
      ["/x", true],
    ],
  );
  assert.equal(container?.security.writableRoot, true);
  assert.ok(container?.security.capabilities.includes("CHOWN"));
});

test("each path has a volume of its own", () => {
  const { volumes, containers } = read({ volumes: ["/a/b", "/a-b", "/A/b"] });
  assert.deepEqual(
    volumes.map((volume) => volume.name),
    ["a-b", "a-b-2", "a-b-3"],
  );
  assert.deepEqual(
    containers[0]?.mounts.map(({ target }) => target),
    ["/a/b", "/a-b", "/A/b"],
  );
});

test("isolated, it is a tenant of its own and closed", () => {
  const { tenant, containers } = read({ isolate: true });
  assert.equal(tenant, "web-1");
  assert.deepEqual(containers[0]?.security.capabilities, []);
  assert.equal(containers[0]?.security.writableRoot, false);
});
