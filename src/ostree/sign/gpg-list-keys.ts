// SPDX-License-Identifier: Apache-2.0
import type { Key, Subkey, User } from "openpgp";
import type { Keyring } from "./gpg-keyring.ts";
import { isSubkeyRevoked } from "./gpg-verify.ts";
import { keyDirectoryUrls } from "./web-key-directory.ts";

/** A primary key or a subkey. */
export interface KeyPart {
  readonly fingerprint: string;
  readonly created: Date;
  readonly expires?: Date;
  readonly revoked: boolean;
}

export interface KeyUser {
  readonly userId: string;
  readonly revoked: boolean;
  /** Where the owner's domain may publish news of the key; none when the user has no mail address. */
  readonly urls?: { readonly advanced: string; readonly direct: string };
}

/** A key that is trusted, with what hangs on it (OSTREE_GPG_KEY_GVARIANT_FORMAT). */
export interface TrustedKey {
  readonly primary: KeyPart;
  readonly users: readonly KeyUser[];
  readonly subkeys: readonly KeyPart[];
}

/** The keys in a keyring, in its order (ostree_repo_remote_get_gpg_keys). */
export async function listKeys(keyring: Keyring): Promise<TrustedKey[]> {
  return Promise.all((await keyring.keys()).map(describeKey));
}

async function describeKey(key: Key): Promise<TrustedKey> {
  // As GnuPG has it: with the key everything that hangs on it is revoked.
  const revoked = await key.isRevoked();
  const users = key.users.filter(({ userID }) => userID !== null);
  return {
    primary: await describePart(key, revoked),
    users: await Promise.all(users.map((user) => describeUser(user, revoked))),
    subkeys: await Promise.all(
      key.subkeys.map(async (subkey) => describePart(subkey, revoked || (await isSubkeyRevoked(subkey)))),
    ),
  };
}

async function describePart(part: Key | Subkey, revoked: boolean): Promise<KeyPart> {
  const expires = await part.getExpirationTime();
  return {
    fingerprint: part.getFingerprint().toUpperCase(),
    created: part.getCreationTime(),
    ...(expires instanceof Date ? { expires } : {}),
    revoked,
  };
}

async function describeUser(user: User, keyRevoked: boolean): Promise<KeyUser> {
  const { userID = "", email = "" } = user.userID ?? {};
  const certification = user.selfCertifications.at(-1);
  const urls = keyDirectoryUrls(email);
  return {
    userId: userID,
    revoked: keyRevoked || (certification !== undefined && (await user.isRevoked(certification))),
    ...(urls ? { urls } : {}),
  };
}
