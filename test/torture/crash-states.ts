// SPDX-License-Identifier: Apache-2.0
/**
 * The states that a power cut may leave. What an undisturbed run did is played on a model of the file system in which every
 * change is one of an inode or of a directory's entry. POSIX promises those that fsync(2) or syncfs(2) covered; of the others
 * any may be there or not, in whatever order they were made. All of them would be too many: with at most three changes out
 * of order, and single ones that alone are there or lacking.
 */
import { lstatSync, readdirSync, readFileSync, readlinkSync } from "node:fs";
import { join, relative } from "node:path";
import { type Call, unescape } from "./record-calls.ts";
import type { Node, TreeView } from "./tree-view.ts";

type Inode =
  | { readonly type: "dir"; readonly names: Map<string, number> }
  | { readonly type: "link"; readonly target: string }
  | { readonly type: "file"; content: Buffer };

/** One change, of inodes by their number: it can be made whatever other changes were lost. */
interface Change {
  /** Index of the call. */
  readonly at: number;
  /** What fsync(2) must be called for. */
  readonly inode: number;
  apply(state: State): void;
  /** Index of the call after which it is on the disk for good. */
  durableAt: number;
}

type State = Map<number, Inode>;

const root = 0;

/** @param before the system root before the run @param directory as the calls name it */
export class CrashStates {
  readonly #initial: State;
  readonly #changes: Change[] = [];
  readonly #calls: number;

  constructor(before: string, calls: readonly Call[], directory: string) {
    this.#initial = load(before);
    this.#calls = calls.length;
    new Player(clone(this.#initial), directory, this.#changes).play(calls);
  }

  /** Each state once, as a tree to look at. */
  *views(): Generator<{ readonly view: TreeView; readonly what: string }> {
    const seen = new Set<string>();
    for (let at = 0; at <= this.#calls; at++) {
      const made = this.#changes.filter((change) => change.at < at);
      const durable = made.filter(({ durableAt }) => durableAt < at);
      const pending = made.filter(({ durableAt }) => durableAt >= at);
      for (const kept of choices(pending)) {
        const wanted = [...durable, ...kept].sort((a, b) => a.at - b.at);
        const key = wanted.map((change) => this.#changes.indexOf(change)).join();
        if (seen.has(key)) continue;
        seen.add(key);
        const state = clone(this.#initial);
        for (const change of wanted) change.apply(state);
        const lost = pending.filter((change) => !kept.includes(change)).map((change) => change.at);
        yield { view: modelView(state), what: `power cut before call ${at}, lost: ${lost.join(" ")}` };
      }
    }
  }
}

/** Which of the changes that are not on the disk for good are there. */
function* choices(pending: readonly Change[]): Generator<readonly Change[]> {
  yield pending;
  yield [];
  for (const one of pending) {
    yield pending.filter((change) => change !== one);
    yield [one];
  }
  const last = pending.slice(-3);
  const others = pending.slice(0, -3);
  for (let bits = 0; bits < 1 << last.length; bits++) {
    const some = last.filter((_, index) => (bits & (1 << index)) !== 0);
    yield some;
    yield [...others, ...some];
  }
}

function load(directory: string): State {
  const state: State = new Map();
  const numbers = new Map<number, number>();
  const add = (path: string): number => {
    const stat = lstatSync(path);
    const known = stat.isDirectory() ? undefined : numbers.get(stat.ino);
    if (known !== undefined) return known;
    const number = state.size;
    numbers.set(stat.ino, number);
    if (stat.isSymbolicLink()) state.set(number, { type: "link", target: readlinkSync(path) });
    else if (stat.isFile()) state.set(number, { type: "file", content: readFileSync(path) });
    else {
      const names = new Map<string, number>();
      state.set(number, { type: "dir", names });
      for (const name of readdirSync(path)) names.set(name, add(join(path, name)));
    }
    return number;
  };
  add(directory);
  return state;
}

/** Contents are replaced, never changed. */
function clone(state: State): State {
  const copy = (inode: Inode): Inode =>
    inode.type === "dir" ? { type: "dir", names: new Map(inode.names) } : inode.type === "file" ? { ...inode } : inode;
  return new Map([...state].map(([number, inode]) => [number, copy(inode)]));
}

function lookup(state: State, path: string): number | undefined {
  let number = root;
  for (const name of path.split("/").filter((part) => part !== "" && part !== ".")) {
    const inode = state.get(number);
    const next = inode?.type === "dir" ? inode.names.get(name) : undefined;
    if (next === undefined) return undefined;
    number = next;
  }
  return number;
}

function modelView(state: State): TreeView {
  return {
    at(path): Node | undefined {
      const number = lookup(state, path);
      const inode = number === undefined ? undefined : state.get(number);
      if (inode === undefined) return undefined;
      if (inode.type === "link") return inode;
      if (inode.type === "dir") return { type: "dir", names: () => [...inode.names.keys()].sort() };
      return { type: "file", content: () => inode.content };
    },
  };
}

/** Plays all calls in order, and notes what each changes. */
class Player {
  readonly #state: State;
  readonly #directory: string;
  readonly #changes: Change[];
  readonly #open = new Map<string, { inode: number; position: number }>();
  #at = 0;
  #next: number;

  constructor(state: State, directory: string, changes: Change[]) {
    this.#state = state;
    this.#directory = directory;
    this.#changes = changes;
    this.#next = state.size;
  }

  play(calls: readonly Call[]): void {
    for (const [at, call] of calls.entries()) {
      this.#at = at;
      this.#one(call);
    }
  }

  #one({ name, names, text, result }: Call): void {
    const [first = "", second = ""] = names;
    if (name === "syncfs") this.#sync(() => true);
    else if (name === "fsync" || name === "fdatasync") this.#syncFile(text);
    else if (name.startsWith("open")) this.#create(first, text, result);
    else if (name.startsWith("mkdir")) this.#enter(first, this.#make({ type: "dir", names: new Map() }));
    else if (name.startsWith("symlink")) this.#enter(names.at(-1)!, this.#make({ type: "link", target: quoted(text) }));
    else if (name.startsWith("link")) this.#enter(second, this.#number(first));
    else if (name.startsWith("rename")) this.#rename(first, second);
    else if (/^(unlink|rmdir)/.test(name)) this.#enter(first, undefined);
    else if (/^p?write|^ftruncate|^copy_file_range/.test(name)) this.#write(name, text, result);
  }

  /** Changes of what lies elsewhere (`run`) are none. */
  #number(path: string): number | undefined {
    const inner = relative(this.#directory, path);
    return inner.startsWith("..") ? undefined : lookup(this.#state, inner);
  }

  #make(inode: Inode): number {
    const number = this.#next++;
    // Without its entry nobody sees it: that it exists needs no order.
    this.#note(-1, (state) =>
      state.set(number, inode.type === "dir" ? { type: "dir", names: new Map() } : { ...inode }),
    );
    this.#changes.at(-1)!.durableAt = -1;
    return number;
  }

  #note(inode: number, apply: (state: State) => void): void {
    this.#changes.push({ at: this.#at, inode, apply, durableAt: Number.POSITIVE_INFINITY });
    apply(this.#state);
  }

  /** @param number undefined: the entry goes */
  #enter(path: string, number: number | undefined): void {
    const directory = this.#number(join(path, ".."));
    if (directory === undefined) return;
    this.#note(directory, (state) => setEntry(state, directory, path, number));
  }

  #rename(from: string, to: string): void {
    const [old, directory, number] = [this.#number(join(from, "..")), this.#number(join(to, "..")), this.#number(from)];
    if (old === undefined || directory === undefined || number === undefined) return;
    this.#note(directory, (state) => {
      setEntry(state, old, from, undefined);
      setEntry(state, directory, to, number);
    });
  }

  #create(path: string, text: string, result: string): void {
    let inode = this.#number(path);
    if (inode === undefined) {
      inode = this.#make({ type: "file", content: Buffer.alloc(0) });
      this.#enter(path, inode);
    } else if (text.includes("O_TRUNC")) this.#resize(inode, 0);
    this.#open.set(/^\d+/.exec(result)![0], { inode, position: 0 });
  }

  #resize(inode: number, size: number): void {
    this.#note(inode, (state) => edit(state, inode, (content) => padded(content, size).subarray(0, size)));
  }

  #write(name: string, text: string, result: string): void {
    // copy_file_range(from, offset, to, ...) writes to the second descriptor.
    const descriptors = [...text.matchAll(/(?:^|, )(\d+)<([^>]*)>/g)];
    const [, number, path] = descriptors.at(-1) ?? [];
    const inside = this.#number(path ?? "");
    const file = this.#open.get(number ?? "") ?? (inside === undefined ? undefined : { inode: inside, position: 0 });
    if (file === undefined) return;
    if (name === "ftruncate") return this.#resize(file.inode, Number(/, (\d+)$/.exec(text)![1]));
    const from = name === "copy_file_range" ? this.#state.get(this.#number(descriptors[0]![2]!)!) : undefined;
    const data = from?.type === "file" ? from.content : Buffer.from(quoted(text), "latin1");
    const written = data.subarray(0, Number(result.split(" ")[0]));
    const position = name === "pwrite64" ? Number(/, (\d+)$/.exec(text)![1]) : file.position;
    file.position = position + written.length;
    this.#note(file.inode, (state) =>
      edit(state, file.inode, (content) => {
        const grown = padded(content, position + written.length);
        written.copy(grown, position);
        return grown;
      }),
    );
  }

  #syncFile(text: string): void {
    const [, number, path] = /^(\d+)<([^>]*)>/.exec(text)!;
    const inode = this.#number(path!) ?? this.#open.get(number!)?.inode;
    this.#sync((change) => change.inode === inode);
  }

  #sync(covers: (change: Change) => boolean): void {
    for (const change of this.#changes)
      if (change.durableAt === Number.POSITIVE_INFINITY && covers(change)) change.durableAt = this.#at;
  }
}

const quoted = (text: string): string => unescape(/"((?:[^"\\]|\\.)*)"/s.exec(text)?.[1] ?? "");

function setEntry(state: State, directory: number, path: string, number: number | undefined): void {
  const inode = state.get(directory);
  if (inode?.type !== "dir") return;
  const name = path.split("/").at(-1)!;
  if (number === undefined) inode.names.delete(name);
  else inode.names.set(name, number);
}

function edit(state: State, number: number, change: (content: Buffer) => Buffer): void {
  const inode = state.get(number);
  if (inode?.type === "file") inode.content = change(inode.content);
}

/** A copy with at least that size. */
function padded(content: Buffer, size: number): Buffer {
  return Buffer.concat([content, Buffer.alloc(Math.max(0, size - content.length))]);
}
