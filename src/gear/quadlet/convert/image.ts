// SPDX-License-Identifier: Apache-2.0
import type { SystemdUnit } from "../../../formats/index.ts";
import type { Conversion } from "../conversion.ts";
import { pinOf } from "../names.ts";
import { PodmanCommand } from "../podman-command.ts";
import type { QuadletFile } from "../quadlet-file.ts";
import { beginService, makeOneshot } from "../service.ts";

/** podman's ConvertImage. An image that is pinned has been pulled, so that the service looks for it without a network. */
export function convertImage(file: QuadletFile, conversion: Conversion): SystemdUnit {
  const service = beginService(file, conversion);
  const image = file.filled("Image");
  if (image === undefined) throw file.error("no Image key specified");
  const pinned = file.boolean("AllTags") === true ? undefined : pinOf(file, conversion.pins);
  const command =
    pinned === undefined
      ? pull(file, conversion, image)
      : new PodmanCommand(file, conversion, "image", "exists", pinned);
  service.add("Service", "ExecStart", command.line());
  makeOneshot(service);
  return service;
}

function pull(file: QuadletFile, conversion: Conversion, image: string): PodmanCommand {
  const command = new PodmanCommand(file, conversion, "image", "pull");
  command.addTexts({
    Arch: "--arch",
    AuthFile: "--authfile",
    CertDir: "--cert-dir",
    Creds: "--creds",
    DecryptionKey: "--decryption-key",
    OS: "--os",
    Policy: "--policy",
    Variant: "--variant",
    Retry: "--retry",
    RetryDelay: "--retry-delay",
  });
  command.addBooleans({ AllTags: "--all-tags", TLSVerify: "--tls-verify" });
  command.addPodmanArgs();
  command.add(image);
  return command;
}
