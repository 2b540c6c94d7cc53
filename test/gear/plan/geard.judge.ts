// SPDX-License-Identifier: Apache-2.0
/** Plans are those of geard's own code, which its outputs for its own deployment files show. */
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { parseDeployment, plan, type Plan } from "../../../src/gear/index.ts";

const data = join(import.meta.dirname, "../../../../shared/data/geard");

interface Golden {
  readonly Fixture: string;
  readonly Hosts: readonly string[];
  readonly Removed: readonly string[] | null;
  readonly Instances: readonly GoldenInstance[];
}

interface GoldenInstance {
  readonly Id: string;
  readonly Image: string;
  readonly From: string;
  readonly On: string;
  readonly Added: boolean;
  readonly Ports: readonly { Internal: number; External: number; Target: { Host?: string; Port?: number } }[] | null;
  readonly Links: readonly { FromHost: string; FromPort: number; ToPort: number; ToHost: string }[] | null;
}

/** geard's outputs number the external ports 10000 and up, one each over all hosts: it is compared what they lead to. */
function ofGolden({ Instances, Removed }: Golden) {
  const leadsTo = new Map(
    Instances.flatMap(({ Id, On, Ports }) =>
      (Ports ?? []).map((port) => [`${On}:${port.External}`, `${Id}:${port.Internal}`]),
    ),
  );
  return {
    removed: Removed ?? [],
    instances: Instances.map((one) => ({
      head: [one.Id, one.Image, one.From, one.On, one.Added],
      ports: (one.Ports ?? []).map(({ Internal, Target }) => `${Internal} ${Target.Host || "-"}:${Target.Port ?? 0}`),
      links: (one.Links ?? []).map(
        (link) =>
          `${link.FromHost}:${link.FromPort} ${link.ToHost} ${leadsTo.get(`${link.ToHost}:${link.ToPort}`) ?? "nowhere"}`,
      ),
    })),
  };
}

function ofPlan({ instances, removed }: Plan) {
  const leadsTo = new Map(
    instances.flatMap(({ id, host, ports }) =>
      ports.map((port) => [`${host}:${port.host}`, `${id}:${port.container}`]),
    ),
  );
  return {
    removed: removed.map(({ id }) => id),
    instances: instances.map((one) => ({
      head: [one.id, one.container.image, one.from, one.host, one.added],
      ports: one.ports.map(({ container, shared }) => `${container} ${shared?.address ?? "-"}:${shared?.port ?? 0}`),
      links: one.links.map(
        ({ from, to }) =>
          `${from.address}:${from.port} ${to.host} ${leadsTo.get(`${to.host}:${to.port}`) ?? "nowhere"}`,
      ),
    })),
  };
}

for (const file of readdirSync(join(data, "golden"))) {
  test(file, () => {
    const golden = JSON.parse(readFileSync(join(data, "golden", file), "utf8")) as Golden;
    const source = readFileSync(join(data, golden.Fixture), "utf8");
    const { application, ...rest } = parseDeployment(source, golden.Fixture);
    assert.deepEqual(ofPlan(plan(application, golden.Hosts, rest)), ofGolden(golden));
  });
}

test("what geard could not deploy again on its own host stays as it is", () => {
  const files = ["deployment", "demo", "demo-multi", "demo_rhel"].flatMap((directory) =>
    readdirSync(join(data, directory))
      .filter((name) => /_(instances|existing|multihost)\.json$/.test(name))
      .map((name) => join(directory, name)),
  );
  for (const file of files) {
    const source = readFileSync(join(data, file), "utf8");
    const { application, previous = [], naming } = parseDeployment(source, file);
    const hosts = [...new Set(previous.map(({ host }) => host))];
    const again = plan(application, hosts.length > 0 ? hosts : ["localhost"], { previous, ...(naming && { naming }) });
    assert.ok(previous.length === 0 || again.instances.every(({ added }) => !added), file);
    const ports = ({ id, ports }: { id: string; ports: readonly { host: number | undefined }[] }) =>
      `${id} ${ports.map(({ host }) => host).join(" ")}`;
    if (previous.length > 0) assert.deepEqual(again.instances.map(ports), previous.map(ports), file);
  }
  assert.ok(files.length >= 6);
});
