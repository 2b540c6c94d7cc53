// SPDX-License-Identifier: Apache-2.0
import type { SystemdUnit } from "../../../formats/index.ts";
import type { Conversion } from "../conversion.ts";
import { PodmanCommand } from "../podman-command.ts";
import type { QuadletFile } from "../quadlet-file.ts";
import { beginService, makeOneshot } from "../service.ts";

/** podman's ConvertArtifact. */
export function convertArtifact(file: QuadletFile, conversion: Conversion): SystemdUnit {
  const service = beginService(file, conversion);
  const artifact = file.filled("Artifact");
  if (artifact === undefined) throw file.error("no Artifact key specified");
  const pull = new PodmanCommand(file, conversion, "artifact", "pull");
  pull.addTexts({
    AuthFile: "--authfile",
    CertDir: "--cert-dir",
    Creds: "--creds",
    DecryptionKey: "--decryption-key",
    Retry: "--retry",
    RetryDelay: "--retry-delay",
  });
  pull.addBooleans({ Quiet: "--quiet", TLSVerify: "--tls-verify" });
  pull.addPodmanArgs();
  pull.add(artifact);
  service.add("Service", "ExecStart", pull.line());
  makeOneshot(service);
  return service;
}
