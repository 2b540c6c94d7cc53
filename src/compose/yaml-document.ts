// SPDX-License-Identifier: Apache-2.0
import { parseYaml, type YamlNode } from "../formats/index.ts";
import { composeError } from "./errors.ts";

/**
 * A file's one document; undefined where it is empty. Merge keys are of YAML 1.1, which serde_yaml does not follow.
 * @param code of what is thrown where it cannot be read
 * @param sizeLimit characters, for a file that a program writes
 */
export function yamlDocument(
  text: string,
  path: string,
  code: "treefile-syntax" | "lockfile" | "extensions",
  sizeLimit?: number,
): YamlNode | undefined {
  const { documents, faults } = parseYaml(text, path, { merge: false, ...(sizeLimit !== undefined && { sizeLimit }) });
  const [fault] = faults;
  if (fault) throw composeError(code, `${path}:${fault.at.line}:${fault.at.column}: ${fault.message}`);
  if (documents.length > 1) throw composeError(code, `${path}: more than one document`);
  return documents[0];
}
