// SPDX-License-Identifier: Apache-2.0
/** The kinds of Quadlet files: podman-systemd.unit(5); what podman's pkg/systemd/quadlet knows of each. */

export type QuadletKind = "artifact" | "build" | "container" | "image" | "kube" | "network" | "pod" | "volume";

export interface KindFacts {
  /** Its own section, which the service has as `X-SECTION`. */
  readonly section: string;
  /** What the service's name has behind the file's. */
  readonly suffix: string;
  /** Kinds that others name are converted before those (SupportedExtensions). */
  readonly order: number;
  /** Keys of its section; any other is an error (groupsInfo). */
  readonly keys: ReadonlySet<string>;
}

const words = (text: string): string[] => text.trim().split(/\s+/);

const everywhere = words("ContainersConfModule GlobalArgs PodmanArgs ServiceName");
const remaps = words("RemapGid RemapUid RemapUidSize RemapUsers");
const mappings = words("GIDMap SubGIDMap SubUIDMap UIDMap UserNS");
const names = words("DNS DNSOption DNSSearch");
const pulls = words("AuthFile CertDir Creds DecryptionKey Retry RetryDelay TLSVerify");

function facts(section: string, suffix: string, order: number, ...keys: (readonly string[])[]): KindFacts {
  return { section, suffix, order, keys: new Set([...everywhere, ...keys.flat()]) };
}

export const kinds: Readonly<Record<QuadletKind, KindFacts>> = {
  artifact: facts("Artifact", "-artifact", 1, pulls, ["Artifact", "Quiet"]),
  image: facts("Image", "-image", 1, pulls, words("AllTags Arch Image ImageTag OS Policy Variant")),
  network: facts(
    "Network",
    "-network",
    2,
    words(`DNS DisableDNS Driver Gateway IPAMDriver IPRange IPv6 InterfaceName Internal Label NetworkDeleteOnStop
      NetworkName Options Subnet`),
  ),
  volume: facts(
    "Volume",
    "-volume",
    2,
    words("Copy Device Driver GID Group Image Label Options Type UID User VolumeName"),
  ),
  build: facts(
    "Build",
    "-build",
    3,
    names,
    words(`Annotation Arch AuthFile BuildArg Environment File ForceRM GroupAdd IgnoreFile ImageTag Label Network Pull
      Retry RetryDelay Secret SetWorkingDirectory TLSVerify Target Variant Volume`),
  ),
  container: facts(
    "Container",
    "",
    4,
    names,
    remaps,
    mappings,
    words(`AddCapability AddDevice AddHost Annotation AppArmor AutoUpdate CgroupsMode ContainerName DropCapability Entrypoint
      Environment EnvironmentFile EnvironmentHost Exec ExposeHostPort Group GroupAdd HealthCmd HealthInterval
      HealthLogDestination HealthMaxLogCount HealthMaxLogSize HealthOnFailure HealthRetries HealthStartPeriod
      HealthStartupCmd HealthStartupInterval HealthStartupRetries HealthStartupSuccess HealthStartupTimeout HealthTimeout
      HostName HttpProxy IP IP6 Image Label LogDriver LogOpt Mask Memory Mount Network NetworkAlias NoNewPrivileges
      Notify PidsLimit Pod PublishPort Pull ReadOnly ReadOnlyTmpfs ReloadCmd ReloadSignal Retry RetryDelay Rootfs RunInit
      SeccompProfile Secret SecurityLabelDisable SecurityLabelFileType SecurityLabelLevel SecurityLabelNested
      SecurityLabelType ShmSize StartWithPod StopSignal StopTimeout Sysctl Timezone Tmpfs Ulimit Unmask User VolatileTmp
      Volume WorkingDir`),
  ),
  kube: facts(
    "Kube",
    "",
    4,
    remaps,
    words(`AutoUpdate ConfigMap ExitCodePropagation KubeDownForce LogDriver LogOpt Network PublishPort SetWorkingDirectory
      UserNS Yaml`),
  ),
  pod: facts(
    "Pod",
    "-pod",
    5,
    names,
    remaps,
    mappings,
    words(
      "AddHost ExitPolicy HostName IP IP6 Label Network NetworkAlias PodName PublishPort ShmSize StopTimeout Volume",
    ),
  ),
};

/** Keys of [Quadlet], which each kind may have. */
export const quadletKeys: ReadonlySet<string> = new Set(["DefaultDependencies"]);

/** By the ending of a file's name; undefined where it is no Quadlet file. */
export function kindOf(name: string): QuadletKind | undefined {
  const ending = /^.+\.([a-z]+)$/.exec(name)?.[1];
  return ending !== undefined && Object.hasOwn(kinds, ending) ? (ending as QuadletKind) : undefined;
}

/** Units of systemd that are no Quadlet files. */
export const isPlainUnit = (name: string): boolean => /^.+\.(?:service|socket|timer|path|target|slice)$/.test(name);
