// SPDX-License-Identifier: Apache-2.0
/** Keys of a keyring as Node's, with the word whether they may sign packages: RFC 9580 section 5.5 and 9. */
import { createPublicKey, type KeyObject } from "node:crypto";
import type { Key, KeyID, Subkey } from "openpgp";
import type { Keyring } from "../../keyring.ts";
import { algorithms } from "./packet.ts";

/** A key of the keyring that may have made a signature. */
export interface Candidate {
  /** Sixteen hexadecimal digits in upper case. */
  readonly keyId: string;
  readonly fingerprint: string;
  readonly userId: string;
  readonly algorithm: number;
  /** Seconds since 1970. */
  readonly created: number;
  readonly expires?: number;
  /** Why it must not be trusted: revoked, without a valid binding, too weak. */
  readonly objection?: string;
  readonly key: KeyObject;
  /** Bytes of each of the two numbers of a DSA or ECDSA signature. */
  readonly numberSize: number;
}

/** Whether keys and hashes that are no longer held safe are accepted: `legacy` for old archives. */
export type SignaturePolicy = "default" | "legacy";

/** What was found before: a repository's packages are all signed by one key, whose own signatures take a while to verify. */
const known = new WeakMap<Keyring, Map<string, Promise<Candidate[]>>>();

/** All keys and subkeys with this id; more than one where somebody made ids collide. */
export function findCandidates(keyring: Keyring, keyId: string, policy: SignaturePolicy): Promise<Candidate[]> {
  const all = known.get(keyring) ?? new Map<string, Promise<Candidate[]>>();
  known.set(keyring, all);
  const name = `${keyId} ${policy}`;
  const found = all.get(name) ?? lookUp(keyring, keyId, policy);
  all.set(name, found);
  return found;
}

/** All keys and subkeys of which signatures can be verified. */
export function listCandidates(keyring: Keyring, policy: SignaturePolicy): Promise<Candidate[]> {
  return lookUp(keyring, undefined, policy);
}

async function lookUp(keyring: Keyring, keyId: string | undefined, policy: SignaturePolicy): Promise<Candidate[]> {
  const found: Candidate[] = [];
  for (const key of keyring.keys) {
    for (const part of [key, ...key.getSubkeys()]) {
      if (keyId !== undefined && idOf(part) !== keyId) continue;
      const candidate = await toCandidate(key, part, policy);
      if (candidate !== undefined) found.push(candidate);
    }
  }
  return found;
}

function idOf(part: Key | Subkey): string {
  return part.getKeyID().toHex().toUpperCase();
}

async function toCandidate(key: Key, part: Key | Subkey, policy: SignaturePolicy): Promise<Candidate | undefined> {
  const packet = part.keyPacket;
  const material = toNodeKey(packet.algorithm as number, packet.publicParams as Params);
  if (material === undefined) return undefined;
  const objection = await objectionTo(key, part.getKeyID(), policy);
  const expires = await expiration(key, part);
  return {
    keyId: idOf(part),
    fingerprint: part.getFingerprint().toUpperCase(),
    userId: key.getUserIDs()[0] ?? "",
    algorithm: packet.algorithm as number,
    created: Math.floor(packet.created.getTime() / 1000),
    ...(expires === undefined ? {} : { expires }),
    ...(objection === undefined ? {} : { objection }),
    ...material,
  };
}

/**
 * The library checks self-signatures, revocations, that the key may sign, and that a subkey signed back (CVE-2021-3521);
 * not times, which are looked at beside the signature's own.
 */
async function objectionTo(key: Key, id: KeyID, policy: SignaturePolicy): Promise<string | undefined> {
  const { config, enums } = await import("openpgp");
  const legacy = {
    ...config,
    rejectPublicKeyAlgorithms: new Set([enums.publicKey.elgamal]),
    rejectHashAlgorithms: new Set([enums.hash.md5]),
    minRSABits: 1024 as const,
    allowMissingKeyFlags: true,
  };
  try {
    await key.getSigningKey(id, null as unknown as Date, undefined, policy === "legacy" ? legacy : config);
    return undefined;
  } catch (error) {
    return (error as Error).message;
  }
}

/** The earlier one of the key's and the subkey's, in seconds since 1970. */
async function expiration(key: Key, part: Key | Subkey): Promise<number | undefined> {
  const times = [await key.getExpirationTime(), await part.getExpirationTime()];
  const dates = times.filter((time) => time instanceof Date).map(Number);
  return dates.length === 0 ? undefined : Math.floor(Math.min(...dates) / 1000);
}

type Params = Readonly<Record<string, unknown>>;

function toNodeKey(algorithm: number, params: Params): { key: KeyObject; numberSize: number } | undefined {
  const bytes = (name: string) => Buffer.from(params[name] as Uint8Array);
  const fromJwk = (jwk: Record<string, string>, numberSize = 0) => ({
    key: createPublicKey({ key: jwk, format: "jwk" }),
    numberSize,
  });
  switch (algorithm) {
    case algorithms.rsa:
    case algorithms.rsaSign:
      return fromJwk({ kty: "RSA", n: bytes("n").toString("base64url"), e: bytes("e").toString("base64url") });
    case algorithms.dsa:
      return { key: dsaKey(bytes("p"), bytes("q"), bytes("g"), bytes("y")), numberSize: bytes("q").length };
    case algorithms.ecdsa:
      return ecdsaKey((params["oid"] as { toHex(): string }).toHex(), bytes("Q"));
    case algorithms.eddsaLegacy:
      // The point has the prefix 0x40.
      return fromJwk({ kty: "OKP", crv: "Ed25519", x: bytes("Q").subarray(1).toString("base64url") }, 32);
    case algorithms.ed25519:
      return fromJwk({ kty: "OKP", crv: "Ed25519", x: bytes("A").toString("base64url") });
    case algorithms.ed448:
      return fromJwk({ kty: "OKP", crv: "Ed448", x: bytes("A").toString("base64url") });
    default:
      return undefined;
  }
}

/** RFC 9580 section 9.2: the object identifiers of the curves that Node names in keys. */
const curves: Readonly<Record<string, readonly [string, number]>> = {
  "2a8648ce3d030107": ["P-256", 32],
  "2b81040022": ["P-384", 48],
  "2b81040023": ["P-521", 66],
};

function ecdsaKey(oid: string, point: Buffer): { key: KeyObject; numberSize: number } | undefined {
  const [curve, size] = curves[oid] ?? ["", 0];
  if (size === 0 || point.length !== 1 + 2 * size || point[0] !== 4) return undefined;
  const [x, y] = [point.subarray(1, 1 + size), point.subarray(1 + size)].map((one) => one.toString("base64url"));
  const jwk = { kty: "EC", crv: curve, x: x!, y: y! };
  return { key: createPublicKey({ key: jwk, format: "jwk" }), numberSize: size };
}

/** SubjectPublicKeyInfo of RFC 3279 section 2.3.2: JSON web keys have no DSA. */
function dsaKey(p: Buffer, q: Buffer, g: Buffer, y: Buffer): KeyObject {
  const number = (value: Buffer) => der(0x02, (value[0] ?? 0) < 0x80 ? value : Buffer.concat([Buffer.alloc(1), value]));
  const parameters = der(0x30, number(p), number(q), number(g));
  const algorithm = der(0x30, Buffer.from("06072a8648ce380401", "hex"), parameters);
  const info = der(0x30, algorithm, der(0x03, Buffer.alloc(1), number(y)));
  return createPublicKey({ key: info, format: "der", type: "spki" });
}

function der(tag: number, ...parts: Buffer[]): Buffer {
  const content = Buffer.concat(parts);
  const length = content.length < 128 ? Buffer.from([content.length]) : Buffer.alloc(3);
  if (length.length === 3) {
    length[0] = 0x82;
    length.writeUInt16BE(content.length, 1);
  }
  return Buffer.concat([Buffer.from([tag]), length, content]);
}
