// SPDX-License-Identifier: Apache-2.0
/** skopeo(1), which talks to registries and storages, and verifies signatures as containers-policy.json(5) asks. */
import { existsSync } from "node:fs";
import { AtomicError, run, runBytes } from "../../base/index.ts";
import { ociDocumentLimit } from "../../formats/index.ts";
import { ostreeError } from "../errors.ts";
import { formatImage, type ImageReference } from "./image-reference.ts";
import { findPolicy } from "./signature-policy.ts";

export interface SkopeoOptions {
  readonly signal?: AbortSignal | undefined;
  /** containers-auth.json(5); default: the host's own, `/etc/ostree/auth.json`, else nobody is logged in. */
  readonly authFile?: string | undefined;
}

/** The manifest that a reference leads to, or an index, as its bytes; nothing of it is verified. */
export async function inspectRaw(image: ImageReference, options: SkopeoOptions = {}): Promise<Buffer> {
  const bytes = await skopeo(image, ["inspect", "--raw", ...credentials(options, ""), formatImage(image)], options);
  if (bytes.length <= ociDocumentLimit) return bytes;
  throw ostreeError("image-fetch", `${formatImage(image)}: a manifest of more than ${ociDocumentLimit} bytes`);
}

/** The configuration of the image that a reference leads to. */
export async function inspectConfig(image: ImageReference, options: SkopeoOptions = {}): Promise<Buffer> {
  const how = ["--config", "--raw", ...credentials(options, "")];
  return skopeo(image, ["inspect", ...how, formatImage(image)], options);
}

/**
 * Copies an image that the policy lets pass into an OCI layout. Blobs that the layout has are not fetched
 * (containers/image, `ociImageDestination.TryReusingBlob`).
 * @param exact fail rather than change the manifest
 */
export async function copyToLayout(
  image: ImageReference,
  directory: string,
  { exact, ...options }: SkopeoOptions & { readonly exact: boolean },
): Promise<void> {
  // A layout has no place for signatures; they are verified at their source.
  const how = ["--remove-signatures", ...(exact ? ["--preserve-digests"] : []), ...credentials(options, "src-")];
  await skopeo(image, ["copy", "--quiet", ...how, formatImage(image), `oci:${directory}`], options);
}

/** Copies the one image of a layout to where it is wanted. */
export async function copyFromLayout(
  directory: string,
  image: ImageReference,
  options: SkopeoOptions & { readonly retries?: number | undefined } = {},
): Promise<void> {
  const authFile = options.authFile === undefined ? [] : ["--dest-authfile", options.authFile];
  const retries = options.retries === undefined ? [] : ["--retry-times", String(options.retries)];
  const exact = image.transport === "docker" ? ["--preserve-digests"] : [];
  // What we made ourselves needs nobody's signature.
  const args = ["--insecure-policy", "copy", "--quiet", ...exact, ...authFile, ...retries];
  const { signal } = options;
  await run("skopeo", [...args, `oci:${directory}`, formatImage(image)], signal === undefined ? {} : { signal });
}

async function skopeo(image: ImageReference, args: readonly string[], { signal }: SkopeoOptions): Promise<Buffer> {
  try {
    return await runBytes("skopeo", ["--policy", findPolicy(), ...args], signal === undefined ? {} : { signal });
  } catch (cause) {
    if (!(cause instanceof AtomicError) || cause.code !== "base-process-failed") throw cause;
    throw ostreeError("image-fetch", `${formatImage(image)}: ${lastLine(cause.message)}`, { cause });
  }
}

/** Of what it logs: `time="..." level=fatal msg="..."`. */
function lastLine(text: string): string {
  const line = text.trim().split("\n").at(-1)?.trim() ?? "";
  const quoted = /\bmsg=("(?:[^"\\]|\\.)*")/.exec(line)?.[1];
  return quoted === undefined ? line : (JSON.parse(quoted) as string);
}

/** The host's registry logins (ostree-rs-ext, `get_global_authfile`): those of whoever calls are not for it. */
const authFiles = ["/run/ostree/auth.json", "/etc/ostree/auth.json", "/usr/lib/ostree/auth.json"];

function credentials({ authFile }: SkopeoOptions, prefix: "" | "src-"): string[] {
  const path = authFile ?? authFiles.find((one) => existsSync(one));
  return path === undefined ? [`--${prefix}no-creds`] : [`--${prefix === "" ? "" : prefix}authfile`, path];
}
