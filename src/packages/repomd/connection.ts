// SPDX-License-Identifier: Apache-2.0
import { type ConnectionSettings, readTextIfExists, type RequestOptions } from "../../base/index.ts";
import { packageError } from "../errors.ts";
import type { RpmSource } from "./model.ts";

/** The options of requests to a repository's servers. One object for a source, so that connections are used again. */
export function requestOptions({ id, connection = {} }: RpmSource): RequestOptions {
  const { sslVerify, sslCaCert, sslClientCert, sslClientKey, username, password } = connection;
  const { proxy, family, userAgent, timeout, retries } = connection;
  const [ca, cert, key] = [sslCaCert, sslClientCert, sslClientKey].map((path) => readPem(path, id));
  const settings: ConnectionSettings = {
    ...(ca !== undefined && { ca }),
    ...(cert !== undefined && { cert }),
    // curl takes the key from the file of the certificate when no other is named.
    ...((key ?? cert) !== undefined && { key: (key ?? cert)! }),
    ...(sslVerify !== undefined && { verify: sslVerify }),
    ...(proxy !== undefined && { proxy }),
    ...(family !== undefined && { family }),
    ...(username !== undefined && username !== "" && { auth: `${username}:${password ?? ""}` }),
    ...(userAgent !== undefined && { userAgent }),
  };
  return {
    connection: settings,
    ...(timeout !== undefined && timeout > 0 && Number.isFinite(timeout) && { idleSeconds: timeout }),
    ...(retries !== undefined && { retries }),
  };
}

function readPem(path: string | undefined, id: string): string | undefined {
  if (path === undefined || path === "") return undefined;
  const text = readTextIfExists(path.replace(/^file:\/\/(?=\/)/, ""));
  if (text === undefined) throw packageError("repo-file", `${id}: the certificate or key ${path} does not exist`);
  return text;
}
