// SPDX-License-Identifier: Apache-2.0
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import type { InspectedPackage, Keyring } from "../../../packages/index.ts";
import { defineCommand, type Invocation } from "../../command.ts";
import { renderPackage } from "../../render/package.ts";

/** Where Fedora, CentOS and RHEL keep the keys of their packages. */
const systemKeys = "/etc/pki/rpm-gpg";

export default defineCommand<InspectedPackage>({
  path: ["compose", "inspect"],
  summary: "Tell what is in a package file, and who signed it",
  description:
    "The package is read whole and its digests are verified: a damaged one is an error. Signatures are judged by the keys of " +
    `--keyring, or of ${systemKeys}; one that does not fit the package is an error too.`,
  examples: [
    { command: "atomic compose inspect bash-5.2.26-4.fc41.x86_64.rpm", text: "An RPM package" },
    { command: "atomic compose inspect bash_5.2.37-2_amd64.deb --json", text: "A Debian package, for a program" },
    { command: "atomic compose inspect app.rpm --keyring=RPM-GPG-KEY-app", text: "Who signed it, by a key file" },
  ],
  arguments: [{ name: "FILE" }],
  options: [{ name: "keyring", value: "FILE", repeat: true, help: "File of OpenPGP keys that are trusted" }],
  json: true,
  async run(invocation) {
    const { inspectPackage } = await import("../../../packages/index.ts");
    const [file = ""] = invocation.args;
    return inspectPackage(file, { keyring: await readKeys(invocation) });
  },
  render: renderPackage,
});

async function readKeys(invocation: Invocation): Promise<Keyring> {
  const { loadKeyring } = await import("../../../packages/index.ts");
  const given = invocation.values("keyring");
  const files = given.length > 0 ? given : keyFiles();
  const keyrings = await Promise.all(files.map((file) => loadKeyring(file)));
  return { name: files.join(", "), keys: keyrings.flatMap(({ keys }) => keys) };
}

function keyFiles(): string[] {
  if (!existsSync(systemKeys)) return [];
  return readdirSync(systemKeys)
    .filter((name) => name.startsWith("RPM-GPG-KEY"))
    .map((name) => join(systemKeys, name));
}
