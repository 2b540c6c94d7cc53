// SPDX-License-Identifier: Apache-2.0
import { ostreeError } from "../errors.ts";
import type { Checksum } from "../model.ts";
import { findRemote, type Remote, tryFindRemote } from "../remotes.ts";
import type { Repo } from "../repo.ts";
import { type Detached, readDetached, signaturesIn } from "./detached.ts";
import { requireValid } from "./gpg-describe.ts";
import { type Keyring, openKeyring } from "./gpg-keyring.ts";
import { type SignatureResult, verifySignatures } from "./gpg-verify.ts";
import { loadRevokedKeys, loadSystemKeys, parsePublicKey, readPublicKeys } from "./key-files.ts";
import { type KeySet, parseSignType, type SignType, signTypes } from "./model.ts";
import { verifyBytes } from "./sign-bytes.ts";

/** Public keys of one type, one of which must have signed. */
export interface Verifier {
  readonly type: SignType;
  readonly keys: () => KeySet;
}

/** What the commits or the summary of a remote must be signed by: by both where both are there, by none without. */
export interface Trust {
  readonly gpg?: Keyring | undefined;
  /** Keys of several types: a signature by one of them will do. */
  readonly sign?: readonly Verifier[] | undefined;
}

export interface TrustOptions {
  /** Whether GPG signatures are asked for, whatever the remote's configuration says. */
  readonly gpg?: boolean | undefined;
  /** Whether others are looked at. Default true: as the configuration says. */
  readonly sign?: boolean | undefined;
}

/** What a remote's commits must be signed by. Not to say anything about GPG is to ask for it. */
export function commitTrust(repo: Repo, name: string, options: TrustOptions = {}): Trust {
  const remote = tryFindRemote(repo, name);
  const gpg = (options.gpg ?? remote?.gpgVerify ?? true) ? openKeyring(repo, { remote: name }) : undefined;
  return { gpg, sign: verifiers(remote, "sign-verify", options) };
}

/** What a remote's summary must be signed by. */
export function summaryTrust(repo: Repo, name: string, options: TrustOptions = {}): Trust {
  const remote = tryFindRemote(repo, name);
  const gpg = (options.gpg ?? remote?.gpgVerifySummary ?? false) ? openKeyring(repo, { remote: name }) : undefined;
  return { gpg, sign: verifiers(remote, "sign-verify-summary", options) };
}

function verifiers(remote: Remote | undefined, key: string, options: TrustOptions): Verifier[] | undefined {
  return remote && (options.sign ?? true) ? configuredVerifiers(remote, key) : undefined;
}

export function isTrustNeeded(trust: Trust): boolean {
  return trust.gpg !== undefined || trust.sign !== undefined;
}

/** verifiers_from_config: a boolean, or the types that will do. */
function configuredVerifiers(remote: Remote, key: string): Verifier[] | undefined {
  const value = remote.option(key)?.trim() ?? "";
  if (value === "" || value === "false" || value === "0") return undefined;
  if (value === "true" || value === "1") {
    return signTypes.map((type) => configuredKeys(remote, type) ?? { type, keys: () => loadSystemKeys(type) });
  }
  // The list of the key file has semicolons; `remote add` of libostree writes commas.
  const types = value.split(/[;,]/).filter((name) => name !== "");
  return types.map((name) => {
    const type = parseSignType(name);
    const found = configuredKeys(remote, type);
    if (!found) throw ostreeError("sign-keys", `No keys found for required signapi type ${type}`);
    return found;
  });
}

/**
 * Keys of `verification-TYPE-key` and `verification-TYPE-file` (_signapi_load_public_keys). Stricter than libostree:
 * a key that the system revokes does not count here either.
 */
function configuredKeys(remote: Remote, type: SignType): Verifier | undefined {
  const file = remote.option(`verification-${type}-file`);
  const inline = remote.option(`verification-${type}-key`);
  if (file === undefined && inline === undefined) return undefined;
  const trusted = [
    ...(file === undefined ? [] : loading(`'${file}'`, type, () => readPublicKeys(type, file))),
    ...(inline === undefined ? [] : loading("inline `verification-key`", type, () => [parsePublicKey(type, inline)])),
  ];
  return { type, keys: () => ({ trusted, revoked: type === "dummy" ? [] : loadRevokedKeys(type) }) };
}

function loading<T>(source: string, type: SignType, load: () => T): T {
  try {
    return load();
  } catch (error) {
    if (!ostreeError.is(error, "sign-keys")) throw error;
    const message = `Failed loading '${type}' keys from ${source}`;
    throw ostreeError("sign-keys", `${message}: ${error.message}`, { cause: error });
  }
}

/** What was found out about something that is signed as it must be. */
export interface Verified {
  /** The GPG signatures, when they were asked for. */
  readonly gpg?: readonly SignatureResult[];
  /** What libostree says of the other kind. */
  readonly sign?: string;
}

/**
 * Checks a commit before anything of it is kept (_verify_unwritten_commit). Throws `ostree-gpg-verify` or
 * `ostree-sign-verify`.
 * @param bytes of its detached metadata, if it has any
 */
export async function verifyCommitTrust(
  trust: Trust,
  commit: Checksum,
  data: Uint8Array,
  bytes: Uint8Array | undefined,
): Promise<Verified> {
  if (!isTrustNeeded(trust)) return {};
  const detached = readDetached(bytes, `${commit}.commitmeta`);
  const gpg = trust.gpg && (await prefixed(`Commit ${commit}`, () => verifyGpg(trust.gpg!, data, detached)));
  if (!trust.sign) return gpg ? { gpg } : {};
  if (bytes === undefined) throw ostreeError("sign-verify", "Can't verify commit without detached metadata");
  const sign = await prefixed("Can't verify commit", () => verifyByAny(trust.sign!, data, detached));
  return { ...(gpg ? { gpg } : {}), sign };
}

/** Checks a summary by the content of its `summary.sig` (_ostree_repo_verify_summary). */
export async function verifySummaryTrust(
  trust: Trust,
  data: Uint8Array | undefined,
  bytes: Uint8Array | undefined,
): Promise<Verified> {
  if (!isTrustNeeded(trust)) return {};
  const kind = trust.gpg ? "gpg" : "sign";
  const enabled = `${trust.gpg ? "GPG" : "Signature"} verification enabled, but no`;
  const disable = `(use ${kind}-verify-summary=false in remote config to disable)`;
  if (!data) throw ostreeError(`${kind}-verify`, `${enabled} summary found ${disable}`);
  if (!bytes) throw ostreeError(`${kind}-verify`, `${enabled} summary.sig found ${disable}`);
  const detached = readDetached(bytes, "summary.sig");
  const gpg = trust.gpg && (await verifyGpg(trust.gpg, data, detached));
  return {
    ...(gpg ? { gpg } : {}),
    ...(trust.sign ? { sign: verifyByAny(trust.sign, data, detached) } : {}),
  };
}

async function verifyGpg(keyring: Keyring, data: Uint8Array, detached: Detached): Promise<SignatureResult[]> {
  const signatures = signaturesIn(detached, "gpg");
  if (!signatures) {
    const disable = "(use gpg-verify=false in remote config to disable)";
    throw ostreeError("gpg-verify", `GPG verification enabled, but no signatures found ${disable}`);
  }
  const results = await verifySignatures(data, signatures, keyring);
  requireValid(results);
  return results;
}

/** _sign_verify_for_remote: the first good signature, of whichever type. */
function verifyByAny(verifiers: readonly Verifier[], data: Uint8Array, detached: Detached): string {
  const failures: Error[] = [];
  for (const { type, keys } of verifiers) {
    const signatures = signaturesIn(detached, type);
    if (!signatures) continue;
    try {
      return verifyBytes(type, keys(), data, signatures);
    } catch (error) {
      if (!ostreeError.is(error, "sign-verify", "sign-keys")) throw error;
      failures.push(error);
    }
  }
  const [first] = failures;
  if (!first) throw ostreeError("sign-verify", "No signatures found");
  const others = failures.length > 1 ? `(${failures.length - 1} other invalid signatures): ` : "";
  throw ostreeError("sign-verify", `${others}${first.message}`, { cause: first });
}

async function prefixed<T>(prefix: string, check: () => T | Promise<T>): Promise<T> {
  try {
    return await check();
  } catch (error) {
    if (ostreeError.is(error, "gpg-verify")) {
      const hint = error.hint === undefined ? {} : { hint: error.hint };
      throw ostreeError("gpg-verify", `${prefix}: ${error.message}`, { cause: error, ...hint });
    }
    if (ostreeError.is(error, "sign-verify")) {
      throw ostreeError("sign-verify", `${prefix}: ${error.message}`, { cause: error });
    }
    throw error;
  }
}

/**
 * Whether a commit that is here is signed as its remote asks for (ostree_repo_signature_verify_commit_data).
 * Throws also when the remote asks for nothing.
 */
export async function verifyForRemote(repo: Repo, commit: Checksum, name: string): Promise<Verified> {
  const bytes = repo.has(commit, "commitmeta") ? repo.loadMetadata(commit, "commitmeta") : undefined;
  if (bytes === undefined) throw ostreeError("sign-verify", "Can't verify commit without detached metadata");
  const trust = commitTrust(repo, findRemote(repo, name).name);
  if (!isTrustNeeded(trust)) {
    const nothing = "GPG verification disabled, and no signapi verifiers configured";
    throw ostreeError("sign-verify", `Cannot verify commit for remote ${name}; ${nothing}`);
  }
  return verifyCommitTrust(trust, commit, repo.loadMetadata(commit, "commit"), bytes);
}
