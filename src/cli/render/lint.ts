// SPDX-License-Identifier: Apache-2.0
import type { Finding, Lint, LintReport } from "../../compose/index.ts";
import type { Style } from "../command.ts";

/** As many findings of one lint as bootc shows (DEFAULT_TRUNCATED_OUTPUT). */
const shown = 5;

export function renderFindings({ findings, passed, skipped }: LintReport, all: boolean): string {
  const lines = [...Map.groupBy(findings, ({ lint }) => lint)].flatMap(([lint, found]) => {
    const rest = all ? 0 : Math.max(0, found.length - shown);
    const hints = new Set(found.flatMap(({ hint }) => (hint === undefined ? [] : [hint])));
    return [
      `${found[0]?.severity}[${lint}]:`,
      ...found
        .slice(0, found.length - rest)
        .map(({ path, text }) => `  ${path === undefined ? "" : `${path} `}${text}`),
      ...(rest > 0 ? [`  ... and ${rest} more`] : []),
      ...[...hints].map((hint) => `  hint: ${hint}`),
    ];
  });
  return [...lines, summary(findings, passed, skipped)].join("\n");
}

function summary(findings: readonly Finding[], passed: number, skipped: number): string {
  const failed = Map.groupBy(findings, ({ lint }) => lint);
  const count = (severity: string) => [...failed.values()].filter(([first]) => first?.severity === severity).length;
  const told = (number: number, word: string) => `${number} ${word}${number === 1 ? "" : "s"}`;
  const parts = [`${passed} passed`, told(count("error"), "error"), told(count("warning"), "warning")];
  if (count("info") > 0) parts.push(told(count("info"), "note"));
  if (skipped > 0) parts.push(`${skipped} skipped`);
  return `Lints: ${parts.join(", ")}`;
}

export function renderLints(lints: readonly Omit<Lint, "check">[], { terminal }: Style): string {
  if (!terminal) return lints.map(({ name, severity, about }) => `${name}\t${severity}\t${about}`).join("\n");
  return lints.map(({ name, severity, about }) => `${name} (${severity})\n    ${about}`).join("\n");
}
