// SPDX-License-Identifier: Apache-2.0
import type { SystemdUnit } from "../../../formats/index.ts";
import type { Conversion } from "../conversion.ts";
import { PodmanCommand } from "../podman-command.ts";
import { type QuadletFile, startsWithSpecifier } from "../quadlet-file.ts";
import { beginService, makeOneshot } from "../service.ts";
import { addNetworks, addVolumes } from "../sources.ts";
import { isUrl, setWorkingDirectory } from "../working-directory.ts";

/** podman's ConvertBuild. */
export function convertBuild(file: QuadletFile, conversion: Conversion): SystemdUnit {
  const service = beginService(file, conversion);
  const using = { file, service, conversion };
  if (!file.all("ImageTag")[0]) throw file.error("no ImageTag key specified");
  const build = new PodmanCommand(file, conversion, "build");
  const pull = file.filled("Pull");
  if (pull !== undefined) build.add(`--pull=${pull}`);
  addOptions(build);
  addNetworks(using, build);
  build.addEach("--secret", file.args("Secret", conversion.warn));
  addVolumes(using, build);
  const context = setWorkingDirectory(file, service);
  const containerfile = file.text("File") ?? "";
  const directory = service.get("Service", "WorkingDirectory") ?? "";
  if (directory === "" && containerfile === "" && !context) {
    throw file.error("neither SetWorkingDirectory, nor File key specified");
  }
  if (containerfile !== "") build.add("--file", containerfile);
  build.addPodmanArgs();
  if (context) {
    build.add(context);
  } else if (!startsWithSpecifier(containerfile) && !containerfile.startsWith("/") && !isUrl(containerfile)) {
    if (directory === "") {
      throw file.error("relative path in File key requires SetWorkingDirectory key to be set", "File");
    }
    build.add(directory);
  }
  service.add("Service", "ExecStart", build.line());
  makeOneshot(service, false);
  return service;
}

function addOptions(build: PodmanCommand): void {
  build.addTexts({
    Arch: "--arch",
    AuthFile: "--authfile",
    IgnoreFile: "--ignorefile",
    Target: "--target",
    Variant: "--variant",
    Retry: "--retry",
    RetryDelay: "--retry-delay",
  });
  build.addBooleans({ TLSVerify: "--tls-verify", ForceRM: "--force-rm" });
  build.addLists({
    DNS: "--dns",
    DNSOption: "--dns-option",
    DNSSearch: "--dns-search",
    GroupAdd: "--group-add",
    ImageTag: "--tag",
  });
  build.addPairs({ BuildArg: "--build-arg", Environment: "--env", Label: "--label", Annotation: "--annotation" });
}
