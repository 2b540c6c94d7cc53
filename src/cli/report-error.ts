// SPDX-License-Identifier: Apache-2.0
import { AtomicError, errnoText, isErrno } from "../base/index.ts";
import type { Style } from "./command.ts";
import { paint, plainText } from "./style.ts";

/** What is printed of an error, and the exit code: the one place where errors become text. */
export function reportError(error: unknown, style: Style, asOstree: boolean): { text: string; exitCode: number } {
  if (asOstree) return { text: `error: ${ostreeMessage(error)}`, exitCode: 1 };
  const code = codeOf(error);
  if (code === undefined) {
    const stack = error instanceof Error ? error.stack : String(error);
    return { text: `${paint(style, "red", "defect")}: ${plainText(withoutSecrets(stack ?? ""))}`, exitCode: 1 };
  }
  const [first, ...more] = plainText(messageOf(error)).split("\n");
  const lines = [`${paint(style, "red", `error[${code}]`)}: ${first}`, ...more];
  if (error instanceof AtomicError && error.hint !== undefined) lines.push(`  hint: ${plainText(error.hint)}`);
  return { text: lines.join("\n"), exitCode: exitCodeOf(code) };
}

function exitCodeOf(code: string): number {
  if (code === "cli-usage") return 2;
  if (code.endsWith("-interrupted")) return 130;
  return code.endsWith("-busy") ? 75 : 1;
}

function codeOf(error: unknown): string | undefined {
  if (error instanceof AtomicError) return error.code;
  return error instanceof Error && "syscall" in error ? (error as NodeJS.ErrnoException).code : undefined;
}

/** System errors in the C library's words, as libostree has them: `open(/x): No such file or directory`. */
function ostreeMessage(error: unknown): string {
  if (!(error instanceof Error) || !("syscall" in error)) return messageOf(error);
  const { errno, syscall, path } = error as NodeJS.ErrnoException;
  if (errno === undefined || errno < -4095) return messageOf(error);
  return `${syscall}${path === undefined ? "" : `(${path})`}: ${errnoText(errno)}`;
}

function messageOf(error: unknown): string {
  if (isErrno(error, "ENOSPC")) return withoutSecrets(`no space left on device: ${error.path ?? error.message}`);
  return withoutSecrets(error instanceof Error ? error.message : String(error));
}

/** Passwords in URLs never reach a terminal or a log. */
function withoutSecrets(text: string): string {
  return text.replace(/(\w+:\/\/[^/\s:@]+:)[^/\s@]+@/g, "$1***@");
}
