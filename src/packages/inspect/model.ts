// SPDX-License-Identifier: Apache-2.0
/** What is told of a package file, whatever its format. */

export interface InspectedFile {
  /** Absolute; in a source package only a name. */
  readonly path: string;
  readonly type: "file" | "hardlink" | "symlink" | "character" | "block" | "directory" | "fifo";
  /** Four octal digits: `4755`. */
  readonly mode: string;
  readonly user: string;
  readonly group: string;
  readonly size: number;
  /** Seconds since 1970. */
  readonly mtime: number;
  /** `sha256:HEX`, of regular files. */
  readonly digest?: string;
  /** A symlink's target, or the path that a hard link is another name of. */
  readonly target?: string;
  /** As cap_to_text(3) writes them. */
  readonly capabilities?: string;
  /** Languages that it is for. */
  readonly language?: string;
  /** `config`, `noreplace`, `doc`, `ghost`, `license`, ... */
  readonly flags: readonly string[];
}

export interface InspectedScript {
  /** `post`, `pre`, `posttrans`; in Debian's words `postinst`, `preinst`, ... */
  readonly name: string;
  readonly interpreter: string;
  readonly body?: string;
  /** Of triggers: what sets them off. */
  readonly conditions?: readonly string[];
}

export interface InspectedSignature {
  readonly range: string;
  readonly algorithm: string;
  readonly keyId: string;
  /** Seconds since 1970. */
  readonly created: number;
  /** `good`, `unknown-key`, `expired-key`, `untrusted`, `unchecked`. */
  readonly status: string;
  readonly userId?: string;
  readonly reason?: string;
}

export interface InspectedPackage {
  readonly format: "rpm" | "deb";
  readonly name: string;
  /** Whole, with epoch and release where there are any. */
  readonly version: string;
  readonly architecture: string;
  readonly summary: string;
  readonly description: string;
  /** The rest of the header that a person reads, in order: vendor, license, build time, ... */
  readonly header: Readonly<Record<string, string>>;
  /** By kind, in the format's own words and order. */
  readonly dependencies: Readonly<Record<string, readonly string[]>>;
  readonly files: readonly InspectedFile[];
  readonly scripts: readonly InspectedScript[];
  /** `header sha256`, `payload sha256`: what the package says of itself and what was found true. */
  readonly digests: readonly { readonly of: string; readonly algorithm: string; readonly hex: string }[];
  readonly signatures: readonly InspectedSignature[];
}
