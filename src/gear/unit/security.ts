// SPDX-License-Identifier: Apache-2.0
import { gearError } from "../errors.ts";
import type { Container } from "../model.ts";
import { generatedType, policyType } from "../tenant/policy/needs.ts";
import type { Scene } from "./settings.ts";

/** Everything is closed that the container does not name: capabilities, new privileges, its own root, users of the host. */
export function securityWords(scene: Scene, { name, security, mounts }: Container): string[] {
  const { selinuxType } = security;
  const type = selinuxType === generatedType ? policyType(scene.application.name, name) : selinuxType;
  const options = [
    ...(security.newPrivileges ? [] : ["no-new-privileges"]),
    ...(security.seccomp === undefined ? [] : [`seccomp=${security.seccomp}`]),
    ...selinuxOptions(scene, type),
  ];
  return [
    "--cap-drop=ALL",
    ...security.capabilities.map((capability) => `--cap-add=${checkCapability(name, capability)}`),
    ...options.map((option) => `--security-opt=${option}`),
    ...(security.writableRoot
      ? []
      : readOnlyWords(
          scene,
          mounts.map(({ target }) => target),
        )),
    ...userWords(scene, name, security.userNamespace),
    ...security.devices.map((device) => `--device=${device}`),
  ];
}

/** podman mounts /run, /tmp and /var/tmp by itself (--read-only-tmpfs), but for what is mounted there anyway; Docker must be told. */
function readOnlyWords({ engine }: Scene, targets: readonly string[]): string[] {
  if (engine === "podman") return ["--read-only"];
  const free = ["/run", "/tmp", "/var/tmp"].filter((path) => !targets.includes(path));
  return ["--read-only", ...free.map((path) => `--tmpfs=${path}`)];
}

function selinuxOptions({ tenant }: Scene, type: string | undefined): string[] {
  if (type === "disable") return ["label=disable"];
  return [
    ...(type === undefined ? [] : [`label=type:${checkType(type)}`]),
    ...(tenant?.level === undefined ? [] : [`label=level:${tenant.level}`]),
  ];
}

function checkType(type: string): string {
  if (/^[A-Za-z0-9_]+$/.test(type)) return type;
  throw gearError("unsupported", `${JSON.stringify(type)} is no type of SELinux`);
}

function userWords({ engine, tenant }: Scene, name: string, userNamespace: string | undefined): string[] {
  if (userNamespace === "host") return ["--userns=host"];
  if (userNamespace !== undefined) {
    throw gearError("unsupported", `${name}: a user namespace ${JSON.stringify(userNamespace)}`, {
      hint: "it is the tenant's, or host",
    });
  }
  if (tenant?.users === undefined) return [];
  if (engine === "docker") {
    throw gearError("unsupported", `${name}: Docker has no user namespace for each tenant`, {
      hint: "podman has; or say user-namespace: host",
    });
  }
  const { first, count } = tenant.users;
  return [`--uidmap=0:${first}:${count}`, `--gidmap=0:${first}:${count}`];
}

function checkCapability(container: string, capability: string): string {
  if (/^[A-Z][A-Z_]+$/.test(capability) && capability !== "ALL") return capability;
  throw gearError("unsupported", `${container}: the capability ${JSON.stringify(capability)}`, {
    hint: "each is named alone, such as NET_BIND_SERVICE",
  });
}
