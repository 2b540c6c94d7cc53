// SPDX-License-Identifier: Apache-2.0
/** The order in which rpm would install packages: librpm's rpmtsOrder (lib/order.c). */
import {
  dependencyOf,
  isRich,
  parseRich,
  rangesOverlap,
  type RichExpression,
  type RpmDependency,
  rpmSense as sense,
} from "../../packages/index.ts";

/** A dependency as a header has it. */
export interface FlaggedDependency {
  readonly name: string;
  /** RPMSENSE_* */
  readonly flags: number;
  readonly version: string;
}

export interface Orderable {
  readonly provides: readonly RpmDependency[];
  readonly requires: readonly FlaggedDependency[];
  /** Recommends and suggests, which order as well when they may. */
  readonly weak: readonly FlaggedDependency[];
  /** Supplements and enhances: they order the other way. */
  readonly reverseWeak: readonly FlaggedDependency[];
  readonly files: readonly string[];
  /** ELF classes of its files together: 1 has 32 bits, 2 has 64 bits. */
  readonly color: number;
}

interface Relation {
  readonly to: Node;
  /** Needed for scriptlets. */
  pre: boolean;
}

/** tsortInfo_s; the names in brackets are rpm's. */
class Node {
  readonly index: number;
  readonly color: number;
  /** Packages that this one requires and that are not installed yet [tsi_count]. */
  requires = 0;
  /** Packages that require this one [tsi_qcnt]. */
  requiredBy = 0;
  /** To the packages that require this one [tsi_relations]. */
  readonly successors: Relation[] = [];
  /** To the packages that this one requires [tsi_forward_relations]. */
  readonly predecessors: Relation[] = [];
  /** Number of its strongly connected component: 1 for one of its own, 0 once it is ordered [tsi_SccIdx]. */
  component = 0;
  low = 0;

  constructor(index: number, color: number) {
    this.index = index;
    this.color = color;
  }
}

interface Component {
  /** Requirements on packages outside [count]. */
  requires: number;
  members: Node[];
}

/** rpmds.h: the masks behind isUnorderedReq, isInstallPreReq and isLegacyPreReq. */
const forcesOrder = sense.scriptPre | sense.scriptPost | sense.scriptPreun | sense.scriptPostun;
const transactions = sense.pretrans | sense.posttrans;
const unordered =
  sense.rpmlib | sense.config | transactions | sense.preuntrans | sense.postuntrans | sense.scriptVerify | sense.meta;
const installOnly = sense.scriptPre | sense.scriptPost | sense.rpmlib | transactions;
const findRequires = 1 << 14;
const requireMask =
  (unordered & ~sense.config) | forcesOrder | sense.interpreter | findRequires | sense.prereq | sense.missingOk;

/** @param packages sorted: what nothing else decides stays so */
export function orderForInstall<P extends Orderable>(packages: readonly P[], preferredColor = 2): P[] {
  const nodes = packages.map(({ color }, index) => new Node(index, color));
  new Relations(packages, nodes).record();
  return new Sorter(nodes, preferredColor).sort().map(({ index }) => packages[index]!);
}

/** Records which package requires which (`addRelation`). */
class Relations {
  readonly #packages: readonly Orderable[];
  readonly #nodes: readonly Node[];
  readonly #providers = new Map<string, { readonly node: Node; readonly provide: RpmDependency }[]>();
  readonly #files = new Map<string, Node[]>();

  constructor(packages: readonly Orderable[], nodes: readonly Node[]) {
    this.#packages = packages;
    this.#nodes = nodes;
    packages.forEach(({ provides, files }, index) => {
      const node = nodes[index]!;
      for (const provide of provides) append(this.#providers, provide.name, { node, provide });
      for (const path of files) append(this.#files, path, node);
    });
  }

  record(): void {
    this.#packages.forEach(({ requires, weak, reverseWeak }, index) => {
      const node = this.#nodes[index]!;
      for (const one of requires) this.#addDependency(node, one, "requires");
      for (const one of weak) this.#addDependency(node, one, "weak");
      for (const one of reverseWeak) this.#addDependency(node, one, "reverse");
    });
  }

  #addDependency(node: Node, { name, flags, version }: FlaggedDependency, kind: Kind): void {
    if ((flags & unordered) !== 0 && (flags & forcesOrder) === 0) return;
    const pre = (flags & installOnly) !== 0 || (flags & requireMask) === sense.prereq;
    if (isRich(name)) this.#addRich(node, parseRich(name), pre, kind);
    else this.#addSingle(node, dependencyOf(name, flags, version), pre, kind);
  }

  #addRich(node: Node, expression: RichExpression, pre: boolean, kind: Kind): void {
    const add = (part: RichExpression) => this.#addRich(node, part, pre, kind);
    switch (expression.kind) {
      case "dependency":
        this.#addSingle(node, expression.dependency, pre, kind);
        return;
      case "and":
      case "or":
        expression.operands.forEach(add);
        return;
      case "with":
      case "without":
        if (expression.operands[0]) add(expression.operands[0]);
        return;
      case "if":
      case "unless":
        // Of `A if B else C` only A: librpm looks for the `else` in the wrong part.
        add(expression.operand);
    }
  }

  /** addSingleRelation: `p` requires `q`, or the other way round. */
  #addSingle(node: Node, dependency: RpmDependency, needsScripts: boolean, kind: Kind): void {
    const found = this.#provider(node, dependency);
    if (found === undefined || found === node) return;
    // A weak dependency orders only for the sake of scriptlets, and then as a plain one.
    if (kind !== "requires" && !needsScripts) return;
    const pre = kind === "requires" && needsScripts;
    const [p, q] = kind === "reverse" ? [found, node] : [node, found];
    const forward = p.predecessors.find(({ to }) => to === q);
    if (forward) {
      const back = q.successors.find(({ to }) => to === p);
      forward.pre ||= pre;
      if (back) back.pre ||= pre;
      return;
    }
    p.requires++;
    q.successors.unshift({ to: p, pre });
    q.requiredBy++;
    p.predecessors.unshift({ to: q, pre });
  }

  /** rpmalSatisfiesDepend: the file's package, or the first provider; one of the preferred class before others. */
  #provider(asking: Node, dependency: RpmDependency): Node | undefined {
    const { name } = dependency;
    const files = name.startsWith("/") ? (this.#files.get(name) ?? []) : [];
    const providers = files.length > 0 ? files : this.#providing(dependency);
    let best: { readonly node: Node; readonly score: number } | undefined;
    for (const node of providers) {
      const score = (node.color === preferred ? 2 : 0) + (node === asking ? 1 : 0);
      if (score > (best?.score ?? 0)) best = { node, score };
    }
    return best?.node ?? providers[0];
  }

  #providing(dependency: RpmDependency): Node[] {
    const candidates = this.#providers.get(dependency.name) ?? [];
    return candidates.filter(({ provide }) => rangesOverlap(provide, dependency)).map(({ node }) => node);
  }
}

type Kind = "requires" | "weak" | "reverse";
const preferred = 2;

function append<K, V>(map: Map<K, V[]>, key: K, value: V): void {
  const list = map.get(key);
  if (list) list.push(value);
  else map.set(key, [value]);
}

/** Takes out what requires nothing any more, the most wanted first; loops are broken where it hurts scriptlets least. */
class Sorter {
  readonly #nodes: readonly Node[];
  readonly #preferred: number;
  readonly #components: Component[];
  readonly #order: Node[] = [];

  constructor(nodes: readonly Node[], preferredColor: number) {
    this.#nodes = nodes;
    this.#preferred = preferredColor;
    this.#components = findComponents(nodes);
  }

  sort(): Node[] {
    const queue: Node[] = [];
    for (const node of this.#nodes) if (node.requires === 0) this.#enqueue(queue, node);
    for (const { members, requires } of this.#components.slice(2)) {
      if (requires === 0 && members[0]) this.#enqueue(queue, members[0]);
    }
    for (let node = queue.shift(); node; node = queue.shift()) {
      if (node.component > 1) this.#collectComponent(node, queue);
      else this.#collect(node, queue, queue);
    }
    return this.#order;
  }

  /** addQ: by the number of packages that require it, those of the preferred class first. */
  #enqueue(queue: Node[], node: Node): void {
    const last = node.color !== 0 && node.color !== this.#preferred;
    const at = queue.findIndex((other) => {
      if (last && node.color !== other.color) return false;
      return other.requiredBy <= node.requiredBy;
    });
    queue.splice(at < 0 ? queue.length : at, 0, node);
  }

  /** collectTE. @param outer where what lies outside of the node's component goes */
  #collect(node: Node, inner: Node[], outer: Node[]): void {
    this.#order.push(node);
    for (const { to } of node.successors) {
      if (to.component === 0 || to === node) continue;
      const leaves = node.component > 1 && node.component !== to.component;
      if (--to.requires === 0) this.#enqueue(leaves ? outer : inner, to);
      if (to.component > 1 && to.component !== node.component) {
        const component = this.#components[to.component]!;
        if (--component.requires === 0) this.#enqueue(outer, to);
      }
    }
    node.component = 0;
  }

  /** collectSCC */
  #collectComponent(first: Node, outer: Node[]): void {
    const number = first.component;
    const { members } = this.#components[number]!;
    measureDistances(members, number);
    for (;;) {
      let best: Node | undefined;
      for (const node of members) {
        if (node.component !== 0 && node.low >= (best?.low ?? 0)) best = node;
      }
      if (!best) return;
      const inner = [best];
      for (let node = inner.shift(); node; node = inner.shift()) this.#collect(node, inner, outer);
    }
  }
}

/** Strongly connected components (Tarjan), without recursion: a chain of requirements may be long. Numbered from 2. */
function findComponents(nodes: readonly Node[]): Component[] {
  const components: Component[] = [
    { requires: 0, members: [] },
    { requires: 0, members: [] },
  ];
  const stack: Node[] = [];
  let counter = 0;
  const enter = (node: Node) => {
    node.component = node.low = --counter;
    stack.push(node);
    return { node, next: 0 };
  };
  for (const start of nodes) {
    if (start.component !== 0) continue;
    const calls = [enter(start)];
    for (let call = calls.at(-1); call; call = calls.at(-1)) {
      const { node } = call;
      const relation = node.successors[call.next++];
      if (relation === undefined) {
        calls.pop();
        if (node.low === node.component) closeComponent(node, stack, components);
        const caller = calls.at(-1)?.node;
        if (caller) caller.low = Math.max(caller.low, node.low);
      } else if (relation.to.component === 0) {
        calls.push(enter(relation.to));
      } else if (relation.to.component < 0) {
        node.low = Math.max(node.low, relation.to.component);
      }
    }
  }
  return components;
}

function closeComponent(root: Node, stack: Node[], components: Component[]): void {
  if (stack.at(-1) === root) {
    stack.pop();
    root.component = 1;
    return;
  }
  const members = stack.splice(stack.indexOf(root));
  const number = components.length;
  for (const node of members) node.component = number;
  let requires = 0;
  for (const node of members) {
    requires += node.requires;
    requires -= node.successors.filter(({ to }) => to !== node && to.component === number).length;
  }
  components.push({ requires, members });
}

const far = 2 ** 31 - 1;

/** dijkstra: how far a package is from one that scriptlets need; edges weigh the same. Kept in `low`. */
function measureDistances(members: readonly Node[], number: number): void {
  const queue: Node[] = [];
  for (const node of members) {
    node.low = far;
    const needed = node.predecessors.find(({ pre, to }) => pre && to.component === number);
    if (!needed) continue;
    node.low = 0;
    queue.push(node);
  }
  for (let node = queue.shift(); node; node = queue.shift()) {
    for (const { to } of node.predecessors) {
      if (to.component !== number || to.low <= node.low + 1) continue;
      to.low = node.low + 1;
      queue.push(to);
    }
  }
}
