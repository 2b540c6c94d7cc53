// SPDX-License-Identifier: Apache-2.0
/** What the solver decides, case by case, written as libsolv's test cases are. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { runCase } from "./libsolv-case.ts";

/** Repositories `system` and `available`, one package a line: `NAME VERSION RELEASE ARCH | TAG: VALUE | ...`. */
function repositories(system: readonly string[], available: readonly string[]): string {
  const write = (name: string, packages: readonly string[]) => {
    const lines = packages.flatMap((text) => {
      const [id, ...tags] = text.split(" | ");
      return [`#>=Pkg: ${id}`, ...tags.map((tag) => `#>=${tag}`)];
    });
    return [`repo ${name} 0 testtags <inline>`, ...lines].join("\n");
  };
  return `${write("system", system)}\n${write("available", available)}\nsystem x86_64 rpm system\n`;
}

function check(
  name: string,
  input: { readonly system?: string[]; readonly available: string[]; readonly jobs: string[] },
  expected: readonly string[],
): void {
  test(name, () => {
    const text = `${repositories(input.system ?? [], input.available)}${input.jobs.join("\n")}\nresult transaction,problems <inline>\n`;
    const [outcome] = runCase(text);
    assert.deepEqual(outcome!.found, [...expected].sort());
  });
}

check(
  "the newest version is chosen, and what it requires",
  {
    available: ["a 1 1 noarch", "a 2 1 noarch | Req: b >= 2", "b 1 1 noarch", "b 2 1 noarch"],
    jobs: ["job install name a"],
  },
  ["install a-2-1.noarch@available", "install b-2-1.noarch@available"],
);
check(
  "an older version where the newest cannot be",
  {
    available: ["a 1 1 noarch", "a 2 1 noarch | Req: nobody"],
    jobs: ["job install name a"],
  },
  ["install a-1-1.noarch@available"],
);
check(
  "but not where the best is asked for",
  {
    available: ["a 1 1 noarch", "a 2 1 noarch | Req: nobody"],
    jobs: ["job install name a [forcebest]"],
  },
  ["problem"],
);
check(
  "recommends and supplements come, suggests only decide among providers",
  {
    available: [
      "a 1 1 noarch | Rec: b | Sug: c2 | Req: c",
      "b 1 1 noarch",
      "c1 1 1 noarch | Prv: c",
      "c2 1 1 noarch | Prv: c",
      "d 1 1 noarch | Sup: a & b",
      "e 1 1 noarch | Sup: a & nobody",
    ],
    jobs: ["job install name a"],
  },
  [
    "install a-1-1.noarch@available",
    "install b-1-1.noarch@available",
    "install c2-1-1.noarch@available",
    "install d-1-1.noarch@available",
  ],
);
check(
  "a rich dependency asks for more only where its condition holds",
  {
    available: ["a 1 1 noarch | Req: b <IF> c", "b 1 1 noarch", "c 1 1 noarch"],
    jobs: ["job install name a"],
  },
  ["install a-1-1.noarch@available"],
);
check(
  "and there it does",
  {
    available: ["a 1 1 noarch | Req: b <IF> c", "b 1 1 noarch", "c 1 1 noarch"],
    jobs: ["job install name a", "job install name c"],
  },
  ["install a-1-1.noarch@available", "install b-1-1.noarch@available", "install c-1-1.noarch@available"],
);
check(
  "the machine's own architecture is preferred",
  {
    available: ["a 1 1 i686", "a 1 1 x86_64"],
    jobs: ["poolflags implicitobsoleteusescolors", "job install name a"],
  },
  ["install a-1-1.x86_64@available"],
);
check(
  "what obsoletes an installed package takes its place in an update",
  {
    system: ["old 1 1 noarch"],
    available: ["new 2 1 noarch | Obs: old < 2"],
    jobs: ["job update all packages"],
  },
  ["erase old-1-1.noarch@system new-2-1.noarch@available", "install new-2-1.noarch@available"],
);
check(
  "what is erased takes along what only it needed",
  {
    system: ["a 1 1 noarch | Req: b", "b 1 1 noarch", "c 1 1 noarch"],
    available: [],
    jobs: ["job userinstalled name c", "job erase name a [cleandeps]"],
  },
  ["erase a-1-1.noarch@system", "erase b-1-1.noarch@system"],
);
check(
  "an update that would break what is installed is left, another is taken",
  {
    system: ["a 1 1 noarch | Req: b = 1", "b 1 1 noarch | Prv: b = 1", "c 1 1 noarch"],
    available: ["b 2 1 noarch | Prv: b = 2", "c 2 1 noarch"],
    jobs: ["job update all packages"],
  },
  ["upgrade c-1-1.noarch@system c-2-1.noarch@available"],
);
check(
  "several versions of a kernel stand beside each other",
  {
    system: ["kernel 1 1 noarch"],
    available: ["kernel 2 1 noarch"],
    jobs: ["job multiversion name kernel", "job install name kernel = 2"],
  },
  ["install kernel-2-1.noarch@available"],
);
check(
  "a file is a dependency like any other",
  {
    available: ["a 1 1 noarch | Req: /usr/bin/b", "b 1 1 noarch | Fls: /usr/bin/b"],
    jobs: ["job install name a"],
  },
  ["install a-1-1.noarch@available", "install b-1-1.noarch@available"],
);
check(
  "conflicts are kept",
  {
    available: ["a 1 1 noarch | Con: b", "b 1 1 noarch"],
    jobs: ["job install name a", "job install name b"],
  },
  ["problem"],
);

test("a rich dependency that is made to exhaust memory is refused", () => {
  const numbers = Array.from({ length: 600 }, (_, at) => at);
  const chain = numbers.map((at) => `x${at}`).join(" or ");
  const deep = numbers.slice(0, 40).map((at) => `(a${at} and b${at})`);
  const operands = numbers.slice(0, 40).flatMap((at) => [`a${at} 1 1 noarch`, `b${at} 1 1 noarch`]);
  for (const requires of [chain, deep.join(" or ")]) {
    const packages = repositories([], [`app 1 1 noarch | Req: (${requires})`, ...operands]);
    const text = `${packages}job install name app\nresult transaction,problems <inline>\n`;
    assert.throws(() => runCase(text), { code: "packages-bad-dependency" });
  }
});
