// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const modules = join(import.meta.dirname, "../../../node_modules");

interface Manifest {
  readonly apiVersion: string;
  readonly kind: string;
}

/** Objects are as the official schemas of Kubernetes' API have them: by their values, and without a key that these do not know. */
export async function checkManifests(manifests: readonly Manifest[]): Promise<void> {
  for (const manifest of manifests) {
    const { [manifest.kind]: Model } = (await import(modulePath(manifest))) as Record<
      string,
      new (data: unknown) => { validate(): void }
    >;
    assert.ok(Model, manifest.kind);
    assert.doesNotThrow(() => new Model(manifest).validate(), JSON.stringify(manifest));
  }
  checkKeys(manifests);
}

function modulePath({ apiVersion, kind }: Manifest): string {
  return join(modules, "kubernetes-models", apiVersion, `${kind}.js`);
}

/** The compiler finds keys that a type does not have in objects that are written out. */
function checkKeys(manifests: readonly Manifest[]): void {
  const directory = mkdtempSync(join(tmpdir(), "atomic-test-"));
  try {
    const lines = manifests.map(
      (manifest) =>
        `(${JSON.stringify(manifest)}) satisfies import(${JSON.stringify(modulePath(manifest))}).I${manifest.kind};`,
    );
    writeFileSync(join(directory, "manifests.ts"), `export {};\n${lines.join("\n")}\n`);
    const options = ["--noEmit", "--skipLibCheck", "--module", "nodenext", "--strict", "--ignoreConfig"];
    execFileSync(join(modules, ".bin/tsc"), [...options, join(directory, "manifests.ts")], {
      encoding: "utf8",
      stdio: "pipe",
    });
  } catch (error) {
    assert.fail((error as { stdout?: string }).stdout ?? String(error));
  } finally {
    rmSync(directory, { recursive: true });
  }
}
