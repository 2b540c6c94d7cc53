// SPDX-License-Identifier: Apache-2.0
import { createHash } from "node:crypto";
import {
  chmodSync,
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { run } from "../../src/base/index.ts";
import { goArchitecture } from "../../src/ostree/index.ts";

const applets = [
  "sh",
  "cat",
  "echo",
  "env",
  "grep",
  "id",
  "ls",
  "mount",
  "sleep",
  "touch",
  "true",
  "unshare",
  "wget",
  "httpd",
];

/** A file by its text, a program if that begins with `#!`, or a link where it begins with `->`. */
export type ImageFiles = Readonly<Record<string, string>>;

/** Writes an image in OCI's layout: a layer of busybox, the same in each, and one of files. @returns its manifest's digest */
export async function writeOciImage(layout: string, files: ImageFiles, config: object = {}): Promise<string> {
  mkdirSync(join(layout, "blobs/sha256"), { recursive: true });
  const layers = [await busyboxLayer(layout), await layer(layout, (root) => writeFiles(root, files))];
  const description = {
    architecture: goArchitecture(),
    os: "linux",
    config,
    rootfs: { type: "layers", diff_ids: layers.map(({ digest }) => digest) },
  };
  const configBlob = blob(layout, JSON.stringify(description));
  const manifest = blob(
    layout,
    JSON.stringify({
      schemaVersion: 2,
      mediaType: "application/vnd.oci.image.manifest.v1+json",
      config: { mediaType: "application/vnd.oci.image.config.v1+json", ...configBlob },
      layers: layers.map((one) => ({ mediaType: "application/vnd.oci.image.layer.v1.tar", ...one })),
    }),
  );
  const entry = { mediaType: "application/vnd.oci.image.manifest.v1+json", ...manifest };
  writeFileSync(join(layout, "index.json"), JSON.stringify({ schemaVersion: 2, manifests: [entry] }));
  writeFileSync(join(layout, "oci-layout"), JSON.stringify({ imageLayoutVersion: "1.0.0" }));
  return manifest.digest;
}

function busyboxLayer(layout: string) {
  return layer(layout, (root) => {
    for (const directory of ["bin", "etc", "proc", "sys", "dev", "run", "tmp", "var/tmp"])
      mkdirSync(join(root, directory), { recursive: true });
    copyFileSync("/bin/busybox", join(root, "bin/busybox"));
    for (const applet of applets) symlinkSync("busybox", join(root, "bin", applet));
    writeFileSync(join(root, "etc/passwd"), "root:x:0:0::/:/bin/sh\nweb:x:7:8::/:/bin/sh\n");
  });
}

function writeFiles(root: string, files: ImageFiles): void {
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    if (text.startsWith("->")) symlinkSync(text.slice(2), join(root, path));
    else writeFileSync(join(root, path), text);
    if (text.startsWith("#!")) chmodSync(join(root, path), 0o755);
  }
}

async function layer(layout: string, fill: (root: string) => void) {
  const root = mkdtempSync(join(tmpdir(), "atomic-layer-"));
  try {
    chmodSync(root, 0o755);
    fill(root);
    const options = ["--sort=name", "--mtime=@0", "--owner=0", "--group=0", "--numeric-owner"];
    const archive = join(layout, "layer.tar");
    await run("tar", [...options, "-cf", archive, "-C", root, "."]);
    const found = blob(layout, readFileSync(archive));
    rmSync(archive);
    return found;
  } finally {
    rmSync(root, { recursive: true });
  }
}

function blob(layout: string, content: string | Buffer) {
  const bytes = Buffer.from(content);
  const hex = createHash("sha256").update(bytes).digest("hex");
  writeFileSync(join(layout, "blobs/sha256", hex), bytes);
  return { digest: `sha256:${hex}`, size: bytes.length };
}
