// SPDX-License-Identifier: Apache-2.0
import { localTime } from "../../base/index.ts";
import { ostreeError } from "../errors.ts";
import type { SignatureProblem, SignatureResult } from "./gpg-verify.ts";

/** The lines by which libostree tells of a signature (ostree_gpg_verify_result_describe_variant). */
export function describeSignature(result: SignatureResult): string[] {
  const { keyAlgorithm, keyId, created, primary, fingerprint } = result;
  const subkey = primary !== undefined && primary !== fingerprint;
  return [
    `Signature made ${localTime(created ?? new Date(0))} using ${keyAlgorithm} key ID ${keyId}`,
    verdict(result),
    ...(result.detail === undefined ? [] : [result.detail]),
    ...(subkey ? [`Primary key ID ${primary.slice(-16)}`] : []),
    ...expiry("Signature", result.expires),
    ...expiry("Key", result.keyExpires),
    ...(subkey ? expiry("Primary key", result.primaryExpires) : []),
  ];
}

function verdict({ problem, userName, userEmail }: SignatureResult): string {
  const user = `"${userName ?? "[unknown name]"} <${userEmail ?? "[unknown email]"}>"`;
  const texts: Record<SignatureProblem, string> = {
    "missing-key": "Can't check signature: public key not found",
    "revoked-key": "Key revoked",
    "expired-signature": `Expired signature from ${user}`,
    "expired-key": `BAD signature from ${user}`,
    bad: `BAD signature from ${user}`,
  };
  return problem === undefined ? `Good signature from ${user}` : texts[problem];
}

/** append_expire_info, by the date itself: libostree calls a key expired when its primary key is. */
function expiry(what: string, date: Date | undefined): string[] {
  if (!date) return [];
  return [`${what} ${date.getTime() <= Date.now() ? "expired" : "expires"} ${localTime(date)}`];
}

/**
 * The text below a commit or a summary: how many signatures there are, and what each is.
 * @param heading makes the first line from `1 signature` or `2 signatures`
 */
export function signaturesText(heading: (count: string) => string, results: readonly SignatureResult[]): string {
  const count = `${results.length} signature${results.length === 1 ? "" : "s"}`;
  const blocks = results.map((result) => ["", ...describeSignature(result).map((line) => `  ${line}`)]);
  return [heading(count), ...blocks.flat()].join("\n");
}

/** What `pull` and `remote summary` say when they have verified something (ostree_print_gpg_verify_result). */
export function verificationText(results: readonly SignatureResult[]): string {
  return signaturesText((count) => `GPG: Verification enabled, found ${count}:`, results);
}

/** At least one signature must be good (ostree_gpg_verify_result_require_valid_signature). */
export function requireValid(results: readonly SignatureResult[]): void {
  if (results.some(({ valid }) => valid)) return;
  if (results.length === 0) throw ostreeError("gpg-verify", "No GPG signatures found");
  const text = results.toReversed().flatMap(describeSignature).join("\n");
  throw ostreeError("gpg-verify", text, {
    hint: "atomic ostree remote gpg-import REMOTE --keyring=FILE  trusts a publisher's key",
  });
}
