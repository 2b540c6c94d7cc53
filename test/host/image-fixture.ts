// SPDX-License-Identifier: Apache-2.0
import { execFileSync } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { TestContext } from "node:test";
import { gzipSync } from "node:zlib";
import { encapsulateCommit, type EncapsulatedCommit } from "../../src/compose/index.ts";
import { encodeImageConfig, encodeManifest, ociDigest, ociTypes } from "../../src/formats/index.ts";
import { deploy, Sysroot } from "../../src/host/index.ts";
import { type Checksum, goArchitecture, OciLayout, parseImage, Repo } from "../../src/ostree/index.ts";
import { bootInto, commitTree, newSysroot, ostree, ref, type TreeOptions } from "./fixture.ts";

/** What one package has: a file that tells its version, and one that never changes. */
function packageTree(packages: Readonly<Record<string, string>>): Record<string, string> {
  const files: Record<string, string> = {};
  const stanzas = Object.entries(packages).map(([name, version]) => {
    const [own, shared] = [`usr/share/${name}/version`, `usr/share/${name}/data`];
    files[own] = `${name} ${version}\n`;
    files[shared] = `${name}\n`.repeat(500);
    files[`usr/lib/sysimage/dpkg/info/${name}.list`] =
      `/.\n/usr/share/${name}\n/${own}\n/${shared}\n/etc/${name}.conf\n`;
    files[`usr/etc/${name}.conf`] = "default\n";
    return `Package: ${name}\nStatus: install ok installed\nArchitecture: all\nVersion: ${version}\n`;
  });
  files["usr/lib/sysimage/dpkg/status"] = stanzas.join("\n");
  return files;
}

export interface ImageHost {
  readonly root: string;
  /** The host's repository. */
  readonly repo: string;
  open(): Sysroot;
  /** Commits a version in the repository of whoever builds images. */
  build(version: string, packages?: Readonly<Record<string, string>>, more?: Partial<TreeOptions>): Checksum;
  /** Writes a commit as an image. */
  encapsulate(
    commit: Checksum,
    image: string,
    labels?: readonly (readonly [string, string])[],
  ): Promise<EncapsulatedCommit>;
}

/** A host that follows a branch, and a repository of somebody who makes images of other versions. */
export async function imageHost(t: TestContext): Promise<ImageHost> {
  const { root, path, repo, first } = newSysroot(t, { version: "13.1" });
  await deploy(Sysroot.open(path), { rev: first, stateroot: "debian", origin: ref });
  const builder = join(root, "builder");
  ostree("init", `--repo=${builder}`, "--mode=archive");
  let day = 1;
  return {
    root,
    repo,
    open: () => bootInto(root, path),
    build(version, packages = { base: "1", tool: "1" }, more = {}) {
      const timestamp = `2031-01-${String(++day).padStart(2, "0")}T00:00:00Z`;
      const files = { ...packageTree(packages), ...more.files };
      return commitTree(builder, root, { version, kernel: version, ...more, files, timestamp });
    },
    encapsulate(commit, image, labels = []) {
      const options = { repo: Repo.open(builder), commit, image: parseImage(image) };
      return encapsulateCommit({ ...options, labels: new Map([["containers.bootc", "1"], ...labels]) });
    },
  };
}

/** A policy of its own for the test: the machine may have none, or another. */
export function usePolicy(t: TestContext, root: string, policy: object): void {
  const path = join(root, "policy.json");
  writeFileSync(path, JSON.stringify(policy));
  const before = process.env["CONTAINERS_POLICY_JSON"];
  process.env["CONTAINERS_POLICY_JSON"] = path;
  t.after(() => {
    if (before === undefined) delete process.env["CONTAINERS_POLICY_JSON"];
    else process.env["CONTAINERS_POLICY_JSON"] = before;
  });
}

export const acceptAnything = { default: [{ type: "insecureAcceptAnything" }] };

export function skopeo(...args: string[]): string {
  return execFileSync("skopeo", ["--insecure-policy", ...args], {
    encoding: "utf8",
    stdio: ["ignore", "pipe", "pipe"],
  });
}

export function makeDirectory(path: string): string {
  mkdirSync(path, { recursive: true });
  return path;
}

/** An image of any other making: layers packed by tar, as an engine packs them. @param layers directories, the lowest first */
export function plainImage(
  path: string,
  layers: readonly string[],
  labels: Readonly<Record<string, string>> = {},
): string {
  const layout = OciLayout.ensure(path);
  const packed = layers.map((directory) => {
    const archive = execFileSync("tar", ["-C", directory, "--numeric-owner", "--xattrs", "-cf", "-", "."], {
      maxBuffer: 1 << 28,
    });
    return { diffId: ociDigest(archive), descriptor: layout.writeDocument(gzipSync(archive), ociTypes.layer) };
  });
  const config = encodeImageConfig({
    architecture: goArchitecture(),
    os: "linux",
    created: "2031-02-03T04:05:06Z",
    execution: {},
    labels: new Map(Object.entries({ "containers.bootc": "1", ...labels })),
    diffIds: packed.map(({ diffId }) => diffId),
    history: packed.map((_, index) => ({ createdBy: `layer ${index}` })),
  });
  const manifest = encodeManifest({
    mediaType: ociTypes.manifest,
    config: layout.writeDocument(config, ociTypes.config),
    layers: packed.map(({ descriptor }) => descriptor),
    annotations: new Map(),
  });
  layout.setManifest(layout.writeDocument(manifest, ociTypes.manifest), undefined);
  return `oci:${path}`;
}
