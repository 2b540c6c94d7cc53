// SPDX-License-Identifier: Apache-2.0
import type { SystemdUnit } from "../../../formats/index.ts";
import type { Conversion } from "../conversion.ts";
import { containerName } from "../names.ts";
import { PodmanCommand } from "../podman-command.ts";
import type { QuadletFile } from "../quadlet-file.ts";
import { beginService, isOneshot, requireKillMode, setUnlessSaid } from "../service.ts";
import { addMounts, addNetworks, addPod, addVolumes, imageSource, type Using } from "../sources.ts";
import { addUser, addUserMappings } from "../user-mappings.ts";

/** podman's ConvertContainer. */
export function convertContainer(file: QuadletFile, conversion: Conversion): SystemdUnit {
  const service = beginService(file, conversion);
  const using = { file, service, conversion };
  const image = containerImage(using);
  const name = containerName(file);
  // podman auto-update restarts the unit that a container names.
  service.add("Service", "Environment", "PODMAN_SYSTEMD_UNIT=%n");
  requireKillMode(file, service);
  addStopAndReload(using, name);
  service.add("Service", "Delegate", "yes");

  const run = new PodmanCommand(file, conversion, "run", "--name", name, "--replace", "--rm");
  addLogging(file, run);
  addProcess(file, run);
  addNetworks(using, run);
  addReadiness(file, service, run);
  setUnlessSaid(service, "SyslogIdentifier", "%N");
  addSecurity(file, run);
  addDevices(using, run);
  addCapabilities(file, run);
  addFileSystems(using, run);
  addPublication(using, run);
  addEnvironment(using, run);
  addMounts(using, run);
  addHealth(run);
  addPod(using, run);
  run.addPodmanArgs();
  if (image === undefined) run.add("--rootfs", file.text("Rootfs")!);
  else run.add(image);
  run.addAll(file.lastArgs("Exec", conversion.warn) ?? []);
  service.add("Service", "ExecStart", run.line());
  return service;
}

/** Undefined where it has a directory instead. */
function containerImage(using: Using): string | undefined {
  const { file, conversion } = using;
  const [image, rootfs] = [file.filled("Image"), file.filled("Rootfs")];
  if (image === undefined && rootfs === undefined) throw file.error("no Image or Rootfs key specified");
  if (image !== undefined && rootfs !== undefined) {
    throw file.error("the Image And Rootfs keys conflict can not be specified together", "Rootfs");
  }
  if (image === undefined) return undefined;
  if (!/\.(?:build|image)$/.test(image) && !isQualified(image)) {
    conversion.warn(
      `${file.path}: the image "${image}" is not a fully qualified image name, so which one it is depends on the host`,
    );
  }
  return imageSource(using, image);
}

/** A digest or id, or a name whose first part is a registry (podman's isUnambiguousName). */
const isQualified = (image: string): boolean => /^sha256:|^[0-9A-Fa-f]{64}$|^localhost\/|^[^/]*[.:][^/]*\//.test(image);

function addStopAndReload({ file, service, conversion }: Using, name: string): void {
  // conmon that was killed leaves the container; -i is for one that is gone.
  const remove = new PodmanCommand(file, conversion, "rm", "-v", "-f", "-i", name);
  service.add("Service", "ExecStop", remove.line());
  // systemd passes over ExecStop= when the main process was killed.
  service.add("Service", "ExecStopPost", remove.line("-"));
  const signal = file.filled("ReloadSignal");
  const command = file.lastArgs("ReloadCmd", conversion.warn) ?? [];
  if (signal !== undefined && command.length > 0) {
    throw file.error("ReloadCmd and ReloadSignal are mutually exclusive but both are set", "ReloadCmd");
  }
  if (signal === undefined && command.length === 0) return;
  const reload = new PodmanCommand(file, conversion);
  if (signal === undefined) reload.add("exec", name, ...command);
  else reload.add("kill", "--signal", signal, name);
  service.add("Service", "ExecReload", reload.line());
}

export function addLogging(file: QuadletFile, command: PodmanCommand): void {
  const driver = file.text("LogDriver");
  if (driver !== undefined) command.add("--log-driver", driver);
  command.addEach("--log-opt", file.words("LogOpt"));
}

function addProcess(file: QuadletFile, run: PodmanCommand): void {
  const cgroups = file.filled("CgroupsMode");
  run.add(...(cgroups === undefined ? ["--cgroups=split"] : ["--cgroups", cgroups]));
  // An empty one takes away the image's.
  const entrypoint = file.text("Entrypoint");
  if (entrypoint !== undefined) run.add(`--entrypoint=${entrypoint}`);
  run.addTexts({
    Timezone: "--tz",
    PidsLimit: "--pids-limit",
    ShmSize: "--shm-size",
    WorkingDir: "--workdir",
    IP: "--ip",
    IP6: "--ip6",
    HostName: "--hostname",
    StopSignal: "--stop-signal",
    StopTimeout: "--stop-timeout",
    Pull: "--pull",
    Memory: "--memory",
    Retry: "--retry",
    RetryDelay: "--retry-delay",
  });
  run.addLists({
    NetworkAlias: "--network-alias",
    Ulimit: "--ulimit",
    DNS: "--dns",
    DNSOption: "--dns-option",
    DNSSearch: "--dns-search",
    GroupAdd: "--group-add",
    AddHost: "--add-host",
    Tmpfs: "--tmpfs",
  });
  run.addBooleans({
    RunInit: "--init",
    EnvironmentHost: "--env-host",
    HttpProxy: "--http-proxy",
    ReadOnlyTmpfs: "--read-only-tmpfs",
  });
}

/** Who says that the service is ready: the container (Notify=yes), its health, or conmon when it runs. */
function addReadiness(file: QuadletFile, service: SystemdUnit, run: PodmanCommand): void {
  if (isOneshot(file)) return;
  const healthy = file.text("Notify")?.toLowerCase() === "healthy";
  run.add(`--sdnotify=${healthy ? "healthy" : file.boolean("Notify") === true ? "container" : "conmon"}`);
  service.set("Service", "Type", "notify");
  service.set("Service", "NotifyAccess", "all");
  run.add("-d");
}

function addSecurity(file: QuadletFile, run: PodmanCommand): void {
  if (file.boolean("NoNewPrivileges") === true) run.add("--security-opt=no-new-privileges");
  if (file.boolean("SecurityLabelDisable") === true) run.add("--security-opt", "label=disable");
  if (file.boolean("SecurityLabelNested") === true) run.add("--security-opt", "label=nested");
  const options = {
    SecurityLabelType: "label=type:",
    SecurityLabelFileType: "label=filetype:",
    SecurityLabelLevel: "label=level:",
    AppArmor: "apparmor=",
  };
  for (const [key, option] of Object.entries(options)) {
    const value = file.filled(key);
    if (value !== undefined) run.add("--security-opt", option + value);
  }
}

function addDevices({ file, conversion }: Using, run: PodmanCommand): void {
  for (const device of file.words("AddDevice")) {
    const optional = device.startsWith("-");
    const path = optional ? device.slice(1) : device;
    if (!optional || conversion.deviceExists(path.split(":")[0]!)) run.add("--device", path);
  }
}

function addCapabilities(file: QuadletFile, run: PodmanCommand): void {
  const seccomp = file.text("SeccompProfile");
  if (seccomp !== undefined) run.add("--security-opt", `seccomp=${seccomp}`);
  const lower = (key: string) => file.words(key).map((capability) => capability.toLowerCase());
  run.addEach("--cap-drop", lower("DropCapability"));
  run.addEach("--cap-add", lower("AddCapability"));
  run.addEach("--sysctl", file.words("Sysctl"));
}

function addFileSystems(using: Using, run: PodmanCommand): void {
  const { file } = using;
  run.addBooleans({ ReadOnly: "--read-only" });
  if (file.boolean("VolatileTmp") === true && file.boolean("ReadOnly") !== true) {
    run.add("--tmpfs", "/tmp:rw,size=512M,mode=1777");
  }
  addUser(file, run);
  addUserMappings(file, run, true);
  addVolumes(using, run);
}

function addPublication({ file, conversion }: Using, run: PodmanCommand): void {
  const update = file.filled("AutoUpdate");
  // podman auto-update leaves alone what a generation has pinned.
  if (update !== undefined && conversion.pins.size === 0) run.add("--label", `io.containers.autoupdate=${update}`);
  for (const port of file.all("ExposeHostPort").map((value) => value.trim())) {
    if (!/^\d+(-\d+)?(\/udp|\/tcp)?$/.test(port)) throw file.error(`invalid port format '${port}'`, "ExposeHostPort");
    run.add("--expose", port);
  }
  run.addLists({ PublishPort: "--publish" });
}

function addEnvironment({ file, conversion: { warn, place } }: Using, run: PodmanCommand): void {
  run.addPairs({ Environment: "--env", Label: "--label", Annotation: "--annotation" });
  for (const path of file.args("Mask", warn)) run.add("--security-opt", `mask=${path}`);
  for (const path of file.args("Unmask", warn)) run.add("--security-opt", `unmask=${path}`);
  for (const path of file.args("EnvironmentFile", warn)) run.add("--env-file", place(file, "EnvironmentFile", path));
  run.addEach("--secret", file.args("Secret", warn));
}

function addHealth(run: PodmanCommand): void {
  run.addTexts({
    HealthCmd: "--health-cmd",
    HealthInterval: "--health-interval",
    HealthOnFailure: "--health-on-failure",
    HealthLogDestination: "--health-log-destination",
    HealthMaxLogCount: "--health-max-log-count",
    HealthMaxLogSize: "--health-max-log-size",
    HealthRetries: "--health-retries",
    HealthStartPeriod: "--health-start-period",
    HealthTimeout: "--health-timeout",
    HealthStartupCmd: "--health-startup-cmd",
    HealthStartupInterval: "--health-startup-interval",
    HealthStartupRetries: "--health-startup-retries",
    HealthStartupSuccess: "--health-startup-success",
    HealthStartupTimeout: "--health-startup-timeout",
  });
}
