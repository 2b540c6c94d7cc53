// SPDX-License-Identifier: Apache-2.0
/**
 * No machine boots for ever: every state that boot loader, system and operator can be in is visited, with GRUB's part done
 * by the configuration that we write, and from each the machine comes to rest by itself, on a version that boots if there
 * is one.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { parseBlsEntry } from "../../src/formats/index.ts";
import { type CountedMenu, decideAfterBoot, renderGrubConfig, trialVariables } from "../../src/host/index.ts";

/** What a version does when it is booted. */
const behaviours = ["good", "unhealthy", "resets", "stands still", "flaky"] as const;
type Behaviour = (typeof behaviours)[number];

/** Runs the conditionals of our configuration; whatever else it has would be an error here. */
function runGrub(
  config: string,
  environment: Map<string, string>,
  canSave: boolean,
): { default: number; args: string } {
  const variables = new Map<string, string>();
  /** For each open `if`: whether its present branch runs, and whether any has. */
  const branches: { active: boolean; taken: boolean }[] = [];
  const value = (text: string) =>
    text.replace(/^"(.*)"$/, "$1").replace(/\$\{(\w+)\}/g, (_, name: string) => variables.get(name) ?? "");
  const holds = (condition: string): boolean => {
    const equal = /^\[ (\S+) = (\S+) \]$/.exec(condition);
    if (equal !== null) return value(equal[1]!) === value(equal[2]!);
    if (condition === `[ -z "\${timeout_style}" ]`) return true;
    const save = /^save_env -f (\S+) (\w+)$/.exec(condition) ?? assert.fail(condition);
    if (canSave) environment.set(save[2]!, variables.get(save[2]!)!);
    return canSave;
  };
  const lines = config
    .replaceAll(/; (then|fi)\b/g, "\n$1")
    .replaceAll(/\bthen (?=\S)/g, "then\n")
    .split("\n");
  let menu = -1;
  const args: string[] = [];
  for (const line of lines.map((text) => text.trim())) {
    const runs = branches.every(({ active }) => active);
    const [word, ...rest] = line.split(" ");
    if (word === "if") {
      const active = runs && holds(rest.join(" "));
      branches.push({ active, taken: active });
    } else if (word === "elif") {
      const branch = branches.at(-1)!;
      branch.active = !branch.taken && branches.slice(0, -1).every(({ active }) => active) && holds(rest.join(" "));
      branch.taken ||= branch.active;
    } else if (word === "else") {
      const branch = branches.at(-1)!;
      branch.active = !branch.taken && branches.slice(0, -1).every(({ active }) => active);
      branch.taken = true;
    } else if (word === "fi") branches.pop();
    else if (word === "menuentry") menu++;
    else if (word === "linux") args[menu] = value(rest.join(" "));
    else if (runs && word === "set") {
      const [, name, text] = /^(\w+)=(.*)$/.exec(rest.join(" ")) ?? assert.fail(line);
      variables.set(name!, value(text!));
    } else if (runs && word === "load_env") {
      for (const name of rest.slice(2)) variables.set(name, environment.get(name) ?? "");
    } else assert.ok(["", "#", "then", "}", "initrd"].includes(word!) || !runs, `unknown to this test: ${line}`);
  }
  assert.deepEqual(branches, []);
  const chosen = Number(variables.get("default"));
  return { default: chosen, args: args[chosen]! };
}

const versions = ["new", "old", "older"];
const entries = versions.map((name) => parseBlsEntry(`title ${name}\noptions rw\nlinux /${name}\ninitrd /i\n`));
const names = trialVariables(0);

interface World {
  /** Boot order. */
  menu: string[];
  counted: CountedMenu | undefined;
  readonly environment: Map<string, string>;
  readonly failed: Set<string>;
}

/** Our configuration in a GRUB that can write its environment block, in one that cannot, or a loader that reads entries only. */
const loaders = ["counts", "cannot save", "does not count"] as const;

interface Setting {
  readonly behaviour: Readonly<Record<string, Behaviour>>;
  readonly loader: (typeof loaders)[number];
  /** The power is cut in this boot, counted from 0, before anything is decided. */
  readonly cut: number;
}

const more = 20;

function runMenu({ menu, counted, environment }: World, canSave: boolean) {
  const shown = menu.map((name) => entries[versions.indexOf(name)]!);
  const config = renderGrubConfig(shown, { timeout: 0, ...(counted === undefined ? {} : { counted }) });
  return runGrub(config, environment, canSave);
}

/** Boots until the machine rests; returns what runs then, "stands still" when somebody must come. */
function bootUntilRest(world: World, { behaviour, loader, cut }: Setting): { runs: string; boots: number } {
  for (let boots = 0; boots < more; boots++) {
    const grub = loader === "does not count" ? { default: 0, args: "rw" } : runMenu(world, loader === "counts");
    const booted = world.menu[grub.default]!;
    const counted = grub.args.includes("atomic.trial");
    if (boots === cut) continue;
    const kind = behaviour[booted]!;
    if (kind === "resets") continue;
    // The deadline, and panic=, exist only for attempts that are counted.
    if (kind === "stands still" && counted) continue;
    if (kind === "stands still") return { runs: "stands still", boots };
    const healthy = kind === "good" || (kind === "flaky" && boots % 2 === 1);
    const left = world.environment.get(names.left);
    const id = world.environment.get(names.id);
    const trial = id === undefined || id !== world.menu[0] ? undefined : { id, left: Number(left) };
    const fellBack = grub.args.includes("atomic.fallback");
    const other = world.menu.find((name) => name !== world.menu[0] && !world.failed.has(name));
    const verdict = decideAfterBoot({
      booted,
      default: world.menu[0]!,
      trial,
      counted,
      fellBack,
      alternative: other !== undefined,
      healthy,
    });
    if (verdict === "retry") continue;
    if (verdict === "accept") world.environment.clear();
    if (verdict === "demote" || verdict === "replace")
      makeDefault(world, verdict === "demote" ? booted : other!, booted);
    if (verdict === "replace") continue;
    return { runs: booted, boots };
  }
  return assert.fail("the machine boots for ever");
}

/** As the engine does: what does not run yet is on trial itself. */
function makeDefault(world: World, next: string, booted: string): void {
  world.failed.add(world.menu[0]!);
  world.menu = [next, ...world.menu.filter((name) => name !== next)];
  world.environment.clear();
  world.counted = undefined;
  if (next === booted) return;
  world.counted = { id: next, tries: 1, fallback: world.menu.indexOf(booted), version: 0, file: "/boot/grubenv" };
  world.environment.set(names.id, next).set(names.left, "1");
}

function upgraded(tries: number, left: number, fallback: number): World {
  const counted: CountedMenu = { id: "new", tries, fallback, version: 0, file: "/boot/grubenv" };
  const environment = new Map([
    [names.id, "new"],
    [names.left, String(left)],
  ]);
  return { menu: ["new", "old", "older"], counted, environment, failed: new Set() };
}

/** All combinations of the values of each key. */
function* product<T extends Record<string, readonly unknown[]>>(
  axes: T,
): Generator<{ [Key in keyof T]: T[Key][number] }> {
  const keys = Object.keys(axes);
  const sizes = keys.map((key) => axes[key]!.length);
  const count = sizes.reduce((all, size) => all * size, 1);
  for (let number = 0; number < count; number++) {
    let rest = number;
    const values = keys.map((key, index) => {
      const value = axes[key]![rest % sizes[index]!];
      rest = Math.floor(rest / sizes[index]!);
      return [key, value] as const;
    });
    yield Object.fromEntries(values) as { [Key in keyof T]: T[Key][number] };
  }
}

const states = [
  ...product({
    fresh: behaviours,
    before: behaviours,
    loader: loaders,
    fallback: [1, 2],
    tries: [1, 2, 3],
    left: [0, 1, 2, 3],
    cut: [-1, 0, 1, 2, 3, 4],
  }),
].filter(({ left, tries }) => left <= tries);

test("from every state the machine comes to rest, with what was good before if the new version is not", () => {
  let beyond = 0;
  for (const state of states) {
    const { fresh, before, loader, fallback, tries, left, cut } = state;
    const [behind, other] = fallback === 1 ? ["old", "older"] : ["older", "old"];
    const behaviour = { new: fresh, [behind!]: before, [other!]: "good" as const };
    const fine = fresh === "good" && loader !== "cannot save" && (left > 0 || loader === "does not count") && cut < 0;
    // Where what ran before the upgrade resets the machine by now, or nobody counts, no software comes to do anything.
    if (!fine && (before === "resets" || (fresh === "resets" && loader === "does not count"))) {
      beyond++;
      continue;
    }
    const world = upgraded(tries, left, fallback);
    const what = JSON.stringify(state);
    const { runs, boots } = bootUntilRest(world, { behaviour, loader, cut });
    assert.ok(boots <= tries + 4, `${what}: ${boots} boots`);
    if (fine) assert.equal(runs, "new", what);
    if (fresh === "unhealthy" && before === "good") assert.notEqual(runs, "new", what);
    if (runs !== "new" && runs !== "stands still") assert.ok(world.failed.has("new"), `${what}: not remembered`);
    // Once at rest it stays so: the next boots are of the same version.
    if (runs === "stands still" || fresh === "flaky" || before === "flaky") continue;
    for (let again = 0; again < 3; again++) {
      assert.equal(bootUntilRest(world, { behaviour, loader, cut: -1 }).runs, runs, what);
    }
  }
  assert.ok(states.length > 5000, `${states.length}`);
  assert.ok(beyond < states.length / 3, `${beyond} of ${states.length} states are beyond us`);
});
