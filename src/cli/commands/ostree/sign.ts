// SPDX-License-Identifier: Apache-2.0
import type { Checksum, Repo, SignType } from "../../../ostree/index.ts";
import { defineCommand, type Invocation } from "../../command.ts";
import { cliError } from "../../errors.ts";
import { argument, openRepo, repoOption } from "./open-repo.ts";

export default defineCommand<string>({
  path: ["ostree", "sign"],
  summary: "Sign a commit",
  examples: [
    {
      command: "atomic ostree --repo=repo sign --keys-file=secret.key main",
      text: "Add a signature by the ed25519 key in that file",
    },
    {
      command: "atomic ostree --repo=repo sign --verify --keys-file=public.key main",
      text: "Check that one of the keys in that file signed it",
    },
  ],
  arguments: [
    { name: "COMMIT", optional: true },
    { name: "KEY-ID", optional: true, repeat: true },
  ],
  options: [
    repoOption,
    { name: "delete", short: "d", help: "Delete signatures having any of the KEY-IDs" },
    { name: "verify", help: "Verify signatures" },
    { name: "sign-type", short: "s", value: "NAME", help: "Signature type to use (defaults to 'ed25519')" },
    { name: "keys-file", value: "NAME", help: "Read keys from file" },
    {
      name: "keys-dir",
      value: "NAME",
      help: "Redefine system-wide directories with public and revoked keys for verification",
    },
  ],
  async run(invocation) {
    const rev = argument(invocation, 0, "Need a COMMIT to sign or verify");
    const keys = invocation.args.slice(1);
    if (!invocation.flag("verify") && invocation.value("keys-file") === undefined && keys.length === 0) {
      throw cliError("usage", "Need at least one KEY-ID to sign with");
    }
    const { defaultSignType, parseSignType } = await import("../../../ostree/index.ts");
    const repo = await openRepo(invocation);
    const commit = repo.resolve(rev);
    const type = parseSignType(invocation.value("sign-type") ?? defaultSignType);
    if (invocation.flag("verify")) return verify(invocation, repo, commit, type, keys);
    if (invocation.flag("delete")) return deleteBy(invocation, repo, commit, type, keys);
    await sign(invocation, repo, commit, type, keys);
    return "";
  },
  render: (text) => text,
});

async function sign(
  invocation: Invocation,
  repo: Repo,
  commit: Checksum,
  type: SignType,
  keys: readonly string[],
): Promise<void> {
  const { keySigner, parseSecretKey, readSecretKeys, signCommit } = await import("../../../ostree/index.ts");
  const file = invocation.value("keys-file");
  const fromFile = file === undefined ? [] : readSecretKeys(type, file);
  for (const secret of [...keys.map((key) => parseSecretKey(type, key)), ...fromFile]) {
    await signCommit(repo, commit, keySigner(type, secret));
  }
}

/** Keys given as arguments are tried first, then those of the file; without any, the system's. */
async function verify(
  invocation: Invocation,
  repo: Repo,
  commit: Checksum,
  type: SignType,
  keys: readonly string[],
): Promise<string> {
  const { keySet, loadSystemKeys, ostreeError, readPublicKeys, verifyCommit } =
    await import("../../../ostree/index.ts");
  for (const key of keys) {
    try {
      return verifyCommit(repo, commit, type, keySet(type, key));
    } catch (error) {
      if (!ostreeError.is(error, "sign-verify", "sign-keys")) throw error;
    }
  }
  const file = invocation.value("keys-file");
  if (file !== undefined) {
    return verifyCommit(repo, commit, type, { trusted: readPublicKeys(type, file), revoked: [] });
  }
  if (keys.length > 0) throw ostreeError("sign-verify", "No valid signatures found");
  return verifyCommit(repo, commit, type, loadSystemKeys(type, invocation.value("keys-dir")));
}

async function deleteBy(
  invocation: Invocation,
  repo: Repo,
  commit: Checksum,
  type: SignType,
  keys: readonly string[],
): Promise<string> {
  const { deleteSignatures, keySet, readPublicKeys } = await import("../../../ostree/index.ts");
  const file = invocation.value("keys-file");
  const fromFile = file === undefined ? [] : readPublicKeys(type, file);
  const { trusted } = keySet(type, ...keys);
  const deleted = deleteSignatures(repo, commit, type, { trusted: [...trusted, ...fromFile], revoked: [] });
  return `Signatures deleted: ${deleted}`;
}
