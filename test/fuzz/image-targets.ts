// SPDX-License-Identifier: Apache-2.0
/** What container images bring: documents of registries, and layers with objects of a commit. */
import { hash } from "node:crypto";
import { bytesSource } from "../../src/base/index.ts";
import {
  asOciDigest,
  decodeImageConfig,
  decodeManifestOrIndex,
  encodeImageConfig,
  encodeIndex,
  encodeManifest,
  encodeTarHeader,
  ociTypes,
  readTar,
  tarEnd,
  tarPadding,
  writeGVariant,
} from "../../src/formats/index.ts";
import {
  encodeDirMeta,
  escapeForRef,
  formatOstreeImage,
  parseOstreeImage,
  unescapeRef,
} from "../../src/ostree/index.ts";
import type { FuzzTarget } from "./targets.ts";
import { LayerReader } from "../../src/ostree/container/layer-reader.ts";

const digest = asOciDigest(`sha256:${"a".repeat(64)}`, "seed");
const descriptor = {
  mediaType: ociTypes.layer,
  digest,
  size: 1234,
  annotations: new Map([["ostree.components", "a,b"]]),
};
const manifest = encodeManifest({
  mediaType: ociTypes.manifest,
  config: { ...descriptor, mediaType: ociTypes.config },
  layers: [descriptor, descriptor],
  annotations: new Map([["ostree.commit", "1".repeat(64)]]),
});
const index = encodeIndex({ manifests: [{ ...descriptor, platform: { architecture: "amd64", os: "linux" } }] });
const config = encodeImageConfig({
  architecture: "amd64",
  os: "linux",
  created: "2026-01-02T03:04:05Z",
  execution: { Cmd: ["/sbin/init"] },
  labels: new Map([["containers.bootc", "1"]]),
  diffIds: [digest],
  history: [{ createdBy: "layer" }],
});

const objectName = (checksum: string) => `objects/${checksum.slice(0, 2)}/${checksum.slice(2)}`;

function layer(): Buffer {
  const parts: Buffer[] = [];
  const add = (name: string, content: Buffer, mode = 0o644) => {
    const path = `sysroot/ostree/repo/${name}`;
    parts.push(
      encodeTarHeader({ path, type: "file", mode, size: content.length }),
      content,
      Buffer.alloc(tarPadding(content.length)),
    );
  };
  const meta = encodeDirMeta({ uid: 0, gid: 0, mode: 0o40755, xattrs: [] });
  const xattrs = writeGVariant("a(ayay)", [[Buffer.from("user.a\0"), Buffer.from("b")]]);
  add("config", Buffer.from("[core]\n"));
  add(`${objectName(hash("sha256", meta))}.dirmeta`, meta);
  add(`objects/22/${"2".repeat(62)}.file-xattrs-link`, xattrs);
  add(`objects/22/${"2".repeat(62)}.file`, Buffer.from("content"), 0o4755);
  return Buffer.concat([...parts, tarEnd]);
}

export const imageTargets: readonly FuzzTarget[] = [
  {
    name: "oci-manifest",
    remote: true,
    seeds: [manifest, index],
    run(bytes) {
      const found = decodeManifestOrIndex(bytes, "fuzz");
      if ("layers" in found) decodeManifestOrIndex(encodeManifest(found), "fuzz");
      else decodeManifestOrIndex(encodeIndex(found), "fuzz");
    },
  },
  {
    name: "oci-config",
    remote: true,
    seeds: [config],
    run: (bytes) => void decodeImageConfig(bytes, "fuzz"),
  },
  {
    name: "object-layer",
    remote: true,
    seeds: [layer()],
    run(bytes) {
      const reader = new LayerReader("fuzz");
      for (const entry of readTar(bytesSource(bytes), "fuzz")) {
        const object = reader.take(entry);
        if (object?.kind === "file") object.entry.content(1 << 20);
      }
    },
  },
  {
    name: "image-name",
    remote: false,
    seeds: [
      Buffer.from("ostree-image-signed:docker://quay.io/a/b:1"),
      Buffer.from("ostree-remote-image:site:oci:/a:b"),
    ],
    run(bytes) {
      const words = bytes.toString();
      if (!words.includes("\0") && words !== "" && words.isWellFormed() && unescapeRef(escapeForRef(words)) !== words)
        throw new TypeError("a ref that means another name");
      const again = formatOstreeImage(parseOstreeImage(words));
      if (formatOstreeImage(parseOstreeImage(again)) !== again)
        throw new TypeError("written again, it means another image");
    },
  },
];
