// SPDX-License-Identifier: Apache-2.0
import { statSync } from "node:fs";
import { unlessErrno } from "../../../base/index.ts";
import type { Finding, Lint, LintReport, Severity } from "../../../compose/index.ts";
import { defineCommand, type Invocation, type Style } from "../../command.ts";
import { cliError } from "../../errors.ts";
import { archOption } from "./shared.ts";
import { renderFindings, renderLints } from "../../render/lint.ts";

type Linted = LintReport & { readonly list?: readonly Omit<Lint, "check">[]; readonly all: boolean };

export default defineCommand<Linted>({
  path: ["compose", "lint"],
  summary: "Find faults in a tree, a commit or a treefile",
  description:
    "A file is taken for a treefile, a directory for a root file system, all else for a ref or commit of --repo. The lints of " +
    "bootc's `container lint` have its names. Exits with 1 when there are errors.",
  examples: [
    { command: "atomic compose lint debian/13/x86_64/container-host --repo=repo", text: "Look at a commit" },
    { command: "atomic compose lint host.yaml", text: "What is missing to compose a treefile" },
    { command: "atomic compose lint --list", text: "All lints, and what each is for" },
  ],
  arguments: [{ name: "TREEFILE|REF|DIR", optional: true }],
  options: [
    { name: "repo", short: "r", value: "REPO", help: "Repository of the ref, and of a treefile's layers" },
    { name: "list", help: "List the lints" },
    { name: "skip", value: "LINT", repeat: true, help: "Leave a lint out" },
    { name: "fatal-warnings", help: "Exit with 1 for warnings too" },
    { name: "no-truncate", help: "Show all that a lint found, not only the first five" },
    archOption,
    { name: "offline", help: "Do not look whether a treefile's repositories answer" },
  ],
  json: true,
  async run(invocation) {
    const all = invocation.flag("no-truncate");
    const compose = await import("../../../compose/index.ts");
    if (invocation.flag("list")) {
      const list = compose.allLints.map(({ name, severity, about, hint }) => ({ name, severity, about, hint }));
      return { findings: [], passed: 0, skipped: 0, list, all };
    }
    return { ...(await lint(invocation, compose)), all };
  },
  render: ({ list, findings, passed, skipped, all }: Linted, style: Style) =>
    list ? renderLints(list, style) : renderFindings({ findings, passed, skipped }, all),
  exitCode: ({ findings }, invocation) => (findings.some((one) => fails(one, invocation)) ? 1 : 0),
});

function fails({ severity }: Finding, invocation: Invocation): boolean {
  const fatal: Severity[] = invocation.flag("fatal-warnings") ? ["error", "warning"] : ["error"];
  return fatal.includes(severity);
}

async function lint(invocation: Invocation, compose: typeof import("../../../compose/index.ts")): Promise<LintReport> {
  const [what] = invocation.args;
  if (what === undefined) throw cliError("usage", "no treefile, ref or directory given");
  const options = { skip: invocation.values("skip") };
  const stat = unlessErrno(["ENOENT", "ENOTDIR"], () => statSync(what));
  if (stat?.isDirectory()) return compose.lintDirectory(what, options);
  const path = invocation.value("repo");
  const { Repo } = await import("../../../ostree/index.ts");
  const repo = path === undefined ? undefined : Repo.open(path);
  if (stat?.isFile()) {
    const basearch = invocation.value("arch");
    const offline = invocation.flag("offline");
    return compose.lintTreefile(what, {
      ...options,
      offline,
      ...(repo && { repo }),
      ...(basearch !== undefined && { basearch }),
    });
  }
  if (repo === undefined) {
    throw cliError("usage", `${what} is no file and no directory, and no --repo is given`, {
      hint: "--repo=repo says where the ref is",
    });
  }
  return compose.lintCommit(repo, what, options);
}
