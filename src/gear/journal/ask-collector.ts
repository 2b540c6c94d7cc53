// SPDX-License-Identifier: Apache-2.0
import { readFileSync } from "node:fs";
import { request } from "node:https";
import type { CertificatePaths } from "./certificates.ts";

/** Its first connection starts a collector. */
const answerSeconds = 30;

/**
 * Whether a collector answers, and takes this host's certificate as well as this host its: with TLS 1.3 only an answer tells.
 * @returns why not; undefined where it does
 */
export function askCollector(url: string, paths: CertificatePaths): Promise<string | undefined> {
  const [key, cert, ca] = [paths.key, paths.certificate, paths.trust].map((path) => readFileSync(path));
  const options = { key, cert, ca, agent: false, timeout: answerSeconds * 1000 };
  return new Promise((resolve) => {
    const asked = request(`${url}/`, options, (response) => {
      resolve(undefined);
      response.destroy();
    });
    asked.on("timeout", () => asked.destroy(new Error(`no answer in ${answerSeconds} seconds`)));
    asked.on("error", ({ message }) => resolve(message));
    asked.end();
  });
}
