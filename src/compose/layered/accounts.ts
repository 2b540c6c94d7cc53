// SPDX-License-Identifier: Apache-2.0
/**
 * Users and groups while packages are layered: scriptlets see those of the base, of earlier layers and of the host, so that
 * what they made before keeps its number and what is new takes a free one; the commit has no account of the host's own
 * (rpm-ostree's passwd.rs, `prepare_rpm_layering` and `complete_rpm_layering`).
 */
import { type Checksum, type DirNode, readTree, type Repo } from "../../ostree/index.ts";
import { lookupFile, makeFileNode, put, readText, take, withHeader } from "../tree.ts";

const kinds = ["passwd", "group"] as const;
type Kind = (typeof kinds)[number];

interface Account {
  readonly name: string;
  readonly id: string;
  readonly line: string;
}

function parse(text: string): Account[] {
  return text.split("\n").flatMap((line) => {
    const [name = "", , id = ""] = line.split(":");
    return name === "" || !/^\d+$/.test(id) ? [] : [{ name, id, line }];
  });
}

/** Accounts that earlier layers made: those of the layered commit that its base does not have. */
export function layeredAccounts(repo: Repo, layered: Checksum): Record<Kind, string> {
  const { parent } = repo.loadCommit(layered);
  const lines = (commit: Checksum | undefined, kind: Kind) => {
    if (commit === undefined || !repo.has(commit, "commit")) return [];
    const tree = readTree(repo, commit);
    return ["usr/etc", "usr/lib"].flatMap((place) => parse(readText(tree, `${place}/${kind}`) ?? ""));
  };
  const own = (kind: Kind) => {
    const ofBase = new Set(lines(parent, kind).map(({ name }) => name));
    const made = lines(layered, kind).filter(({ name }) => !ofBase.has(name));
    return made.map(({ line }) => `${line}\n`).join("");
  };
  return { passwd: own("passwd"), group: own("group") };
}

/** What must be known to put the files back. */
export interface OpenedAccounts {
  /** Names that the base has in /etc, where it has others in /usr/lib. */
  readonly inEtc: Readonly<Record<Kind, ReadonlySet<string> | undefined>>;
  /** Names that are there for the scripts only. */
  readonly foreign: Readonly<Record<Kind, ReadonlySet<string>>>;
}

/** @param tree whose /etc is /etc; @param earlier of earlier layers; @param host those of the host */
export function openAccounts(
  tree: DirNode,
  earlier: Readonly<Record<Kind, string>> | undefined,
  host: Readonly<Record<Kind, string>> | undefined,
): OpenedAccounts {
  const open = (kind: Kind) => openKind(tree, kind, earlier?.[kind] ?? "", host?.[kind] ?? "");
  const [passwd, group] = [open("passwd"), open("group")];
  return {
    inEtc: { passwd: passwd.inEtc, group: group.inEtc },
    foreign: { passwd: passwd.foreign, group: group.foreign },
  };
}

function openKind(tree: DirNode, kind: Kind, earlier: string, host: string) {
  const etc = parse(readText(tree, `etc/${kind}`) ?? "");
  const library = readText(tree, `usr/lib/${kind}`);
  const there = [...etc];
  const add = (accounts: readonly Account[]) => {
    const fresh = accounts.filter(({ name, id }) => !there.some((one) => one.name === name || one.id === id));
    there.push(...fresh);
    return fresh;
  };
  add(parse(library ?? ""));
  add(parse(earlier));
  const foreign = new Set(add(parse(host)).map(({ name }) => name));
  if (library !== undefined) take(tree, `usr/lib/${kind}`);
  if (there.length > 0) replace(tree, `etc/${kind}`, there);
  return { inEtc: library === undefined ? undefined : new Set(etc.map(({ name }) => name)), foreign };
}

/** Takes the host's accounts out again, and puts those that are not the base's own in /etc where the base has them. */
export function closeAccounts(tree: DirNode, { inEtc, foreign }: OpenedAccounts): void {
  for (const kind of kinds) {
    const accounts = parse(readText(tree, `etc/${kind}`) ?? "").filter(({ name }) => !foreign[kind].has(name));
    const stay = inEtc[kind];
    if (accounts.length === 0) continue;
    replace(tree, `etc/${kind}`, stay ? accounts.filter(({ name }) => stay.has(name)) : accounts);
    if (stay)
      replace(
        tree,
        `usr/lib/${kind}`,
        accounts.filter(({ name }) => !stay.has(name)),
      );
  }
}

function replace(tree: DirNode, path: string, accounts: readonly Account[]): void {
  const node = lookupFile(tree, path);
  const fresh = makeFileNode(accounts.map(({ line }) => `${line}\n`).join(""));
  put(tree, path, node ? withHeader(fresh, { ...node.header, xattrs: [] }) : fresh);
}
