// SPDX-License-Identifier: Apache-2.0
/**
 * Attributes in repositories of mode `bare-split-xattrs`: objects of their own, which file objects find by a hard link
 * that has the file's checksum (_ostree_repo_read_xattrs_file_link).
 */
import { lstatSync, readFileSync, statSync, unlinkSync } from "node:fs";
import { isErrno, removeIfExists, type Xattr } from "../base/index.ts";
import { readGVariant } from "../formats/index.ts";
import { ostreeError } from "./errors.ts";
import { xattrsFromVariant } from "./file-object.ts";
import type { Checksum } from "./model.ts";
import type { Repo } from "./repo.ts";

/** As for the header of a file object: a larger list is an attack on memory. */
const sizeLimit = 16 << 20;

/** @param path of the file object's file */
export function readSplitXattrs(path: string): Xattr[] {
  const link = `${path}-xattrs-link`;
  try {
    const { size } = statSync(link);
    if (size > sizeLimit) throw ostreeError("corrupt-object", `${link} has ${size} bytes`);
    return xattrsFromVariant(readGVariant("a(ayay)", readFileSync(link), link), link);
  } catch (cause) {
    if (!isErrno(cause, "ENOENT")) throw cause;
    // That the file itself is missing, its reader notices.
    throw ostreeError("corrupt-object", `${path} has no attributes: no ${link}`, { cause });
  }
}

/** What is left of a file object's attributes when it is deleted. */
export function deleteXattrsLink(repo: Repo, checksum: Checksum): void {
  if (repo.mode === "bare-split-xattrs") removeIfExists(repo.objectPath(checksum, "file-xattrs-link"));
}

/** Deletes attribute lists that no file links to. */
export function deleteUnusedXattrs(repo: Repo): void {
  if (repo.mode !== "bare-split-xattrs") return;
  for (const { checksum, type } of repo.objects()) {
    if (type !== "file-xattrs") continue;
    const path = repo.objectPath(checksum, type);
    if (lstatSync(path).nlink === 1) unlinkSync(path);
  }
}

/** libostree writes such objects for experiments only, and without their attributes (write_content_object). */
export function checkSplitXattrsWriting(): void {
  if (process.env["OSTREE_EXP_WRITE_BARE_SPLIT_XATTRS"] !== undefined) return;
  throw ostreeError("unsupported", "Writing content object: Not allowed due to repo mode");
}
