// SPDX-License-Identifier: Apache-2.0
/** Commit -> nodes of an image (ostree-repo-composefs.c: _ostree_repo_checkout_composefs). */
import { WorkerPool } from "../../base/index.ts";
import { byteString, ImageNode, nodeType, setFileXattrs, XattrTable } from "../../formats/index.ts";
import { ostreeError } from "../errors.ts";
import { decodeDirTree } from "../dirtree-object.ts";
import { decodeDirMeta } from "../metadata-objects.ts";
import { type Checksum, directoryDepthLimit, isSymlinkMode } from "../model.ts";
import { loosePath } from "../object-path.ts";
import { readMetadata } from "../read-metadata.ts";
import { type FileDescription, FileDescriber, type ImageVerity } from "./describe-file.ts";
import { loadObject, type ObjectPlace } from "./places.ts";

/** What a worker is given at its start. */
export interface DescribeData {
  readonly places: readonly ObjectPlace[];
  readonly verity: ImageVerity;
}

/** Starting threads takes longer than to look at this many files. */
const smallTree = 1000;
const batchFiles = 128;

type Pool = WorkerPool<readonly Checksum[], FileDescription[]>;

/** Directories that a root file system is mounted with; made when a tree lacks them. */
const rootDirectories = ["usr", "etc", "boot", "var", "sysroot"];

/** Where a content object stands in the tree. */
interface Place {
  readonly parent: ImageNode;
  readonly name: string;
}

export class ImageTree {
  readonly table = new XattrTable();
  readonly root: ImageNode;
  readonly #data: DescribeData;
  readonly #files = new Map<Checksum, Place[]>();

  constructor(data: DescribeData, tree: Checksum, meta: Checksum) {
    this.#data = data;
    this.root = this.#directory(tree, meta, 0);
  }

  /** Looks at the files and puts them into their directories. */
  async addFiles(): Promise<void> {
    const checksums = [...this.#files.keys()];
    const { places, verity } = this.#data;
    const describer = new FileDescriber(places, verity);
    // Without hashing, telling another thread costs more than looking.
    if (checksums.length <= smallTree || verity !== "compute") await this.#describeHere(describer, checksums);
    else await this.#describeInWorkers(describer, checksums);
    this.#addRootDirectories();
  }

  async #describeHere(describer: FileDescriber, checksums: readonly Checksum[]): Promise<void> {
    for (const checksum of checksums) {
      const file = describer.run(checksum);
      this.#place(checksum, file instanceof Promise ? await file : file);
    }
  }

  async #describeInWorkers(describer: FileDescriber, checksums: readonly Checksum[]): Promise<void> {
    using pool: Pool = new WorkerPool("ostree/composefs/describe", this.#data, Math.max(1, WorkerPool.defaultSize - 1));
    const running = new Set<Promise<void>>();
    for (let start = 0; start < checksums.length; start += batchFiles) {
      const batch = checksums.slice(start, start + batchFiles);
      if (running.size < 2 * pool.size) {
        const work = this.#describe(pool, batch).finally(() => running.delete(work));
        running.add(work);
        // It is waited for later; a failure before that is no unhandled one.
        work.catch(() => {});
        continue;
      }
      await this.#describeHere(describer, batch);
      // Only between batches can a worker's answer be heard.
      await Promise.race([...running, new Promise((resolve) => setImmediate(resolve))]);
    }
    await Promise.all(running);
  }

  async #describe(pool: Pool, checksums: readonly Checksum[]): Promise<void> {
    const descriptions = await pool.run(checksums);
    for (const [index, checksum] of checksums.entries()) this.#place(checksum, descriptions[index]!);
  }

  #place(checksum: Checksum, file: FileDescription): void {
    for (const { parent, name } of this.#files.get(checksum)!) {
      const node = new ImageNode(file);
      setFileXattrs(this.table, node, file.xattrs);
      if (isSymlinkMode(file.mode)) {
        node.payload = byteString(file.symlink);
        node.size = node.payload.length;
      } else {
        node.size = file.size;
        // The path in a bare repository, whatever this one's mode is: that is where the image will be used.
        if (file.size > 0) node.payload = byteString(loosePath(checksum, "file", "bare"));
        node.digest = file.digest;
      }
      parent.entries!.push({ name: byteString(name), node });
    }
    this.#files.delete(checksum);
  }

  #addRootDirectories(): void {
    const entries = this.root.entries!;
    const present = new Set(entries.map(({ name }) => name));
    for (const name of rootDirectories.map(byteString)) {
      if (present.has(name)) continue;
      entries.push({ name, node: new ImageNode({ mode: nodeType.directory | 0o755, uid: 0, gid: 0 }) });
    }
  }

  /** checkout_composefs_recurse */
  #directory(tree: Checksum, meta: Checksum, depth: number): ImageNode {
    if (depth > directoryDepthLimit) throw ostreeError("corrupt-object", `dirtree ${tree}: nested too deep`);
    const info = decodeDirMeta(this.#metadata(meta, "dirmeta"), `dirmeta ${meta}`);
    const node = new ImageNode(info);
    setFileXattrs(this.table, node, info.xattrs);
    const { files, dirs } = decodeDirTree(this.#metadata(tree, "dirtree"), `dirtree ${tree}`);
    for (const { name, checksum } of files) this.#addPlace(checksum, { parent: node, name });
    for (const { name, tree, meta } of dirs) {
      node.entries!.push({ name: byteString(name), node: this.#directory(tree, meta, depth + 1) });
    }
    return node;
  }

  #addPlace(checksum: Checksum, place: Place): void {
    const places = this.#files.get(checksum);
    if (places) places.push(place);
    else this.#files.set(checksum, [place]);
  }

  #metadata(checksum: Checksum, type: "dirtree" | "dirmeta"): Buffer {
    return loadObject(this.#data.places, checksum, type, readMetadata);
  }
}
