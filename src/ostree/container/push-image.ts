// SPDX-License-Identifier: Apache-2.0
import { createReadStream, existsSync, mkdtempSync, openSync, closeSync, renameSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { listDirectory, temporaryName, writeAll } from "../../base/index.ts";
import { encodeTarHeader, tarEnd, tarPadding } from "../../formats/index.ts";
import { ostreeError } from "../errors.ts";
import { formatImage, type ImageReference, splitPathAndTag } from "./image-reference.ts";
import { OciLayout } from "./oci-layout.ts";
import { copyFromLayout, type SkopeoOptions } from "./skopeo.ts";

/** Where an image is written to and what it is called there. */
export interface ImageTarget {
  readonly layout: OciLayout;
  readonly tag: string | undefined;
}

export interface PushOptions extends SkopeoOptions {
  readonly retries?: number | undefined;
}

/**
 * Has an image written, and brings it where it is wanted: into an OCI layout at once, into an archive of one, which has the
 * same bytes for the same image, or by skopeo.
 */
export async function pushImage<T>(
  image: ImageReference,
  write: (target: ImageTarget) => Promise<T>,
  options: PushOptions = {},
): Promise<T> {
  const { path, tag } = splitPathAndTag(image.name);
  if (image.transport === "oci") return write({ layout: OciLayout.ensure(path), tag });
  if (image.transport === "dir" || image.transport === "docker-archive")
    throw ostreeError("bad-image", `${formatImage(image)}: an image is not written there`, {
      hint: `write it to oci:DIR; skopeo copy oci:DIR ${formatImage(image)}  makes the other of it`,
    });
  const near = image.transport === "oci-archive" ? dirname(path) : largeTemporary();
  const directory = mkdtempSync(join(near, ".atomic-image-"));
  try {
    const result = await write({
      layout: OciLayout.ensure(directory),
      tag: image.transport === "oci-archive" ? tag : undefined,
    });
    if (image.transport === "oci-archive") await writeArchive(directory, path);
    else await copyFromLayout(directory, image, options);
    return result;
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

/** Images are too large for a /tmp in memory (file-hierarchy(7)). */
function largeTemporary(): string {
  return process.env["TMPDIR"] ?? (existsSync("/var/tmp") ? "/var/tmp" : tmpdir());
}

/** A layout as one tar archive, its files in the order of their names. */
async function writeArchive(directory: string, path: string): Promise<void> {
  const temporary = temporaryName(dirname(path));
  const fd = openSync(temporary, "wx", 0o644);
  try {
    for (const name of ["blobs", "blobs/sha256"])
      writeAll(fd, encodeTarHeader({ path: name, type: "directory", mode: 0o755 }));
    const blobs = listDirectory(join(directory, "blobs/sha256")).map((name) => `blobs/sha256/${name}`);
    for (const name of [...blobs, "index.json", "oci-layout"]) await addFile(fd, join(directory, name), name);
    writeAll(fd, tarEnd);
    renameSync(temporary, path);
  } catch (error) {
    rmSync(temporary, { force: true });
    throw error;
  } finally {
    closeSync(fd);
  }
}

async function addFile(fd: number, from: string, path: string): Promise<void> {
  const { size } = statSync(from);
  writeAll(fd, encodeTarHeader({ path, type: "file", mode: 0o644, size }));
  for await (const piece of createReadStream(from, { highWaterMark: 1 << 20 })) writeAll(fd, piece as Buffer);
  writeAll(fd, Buffer.alloc(tarPadding(size)));
}
