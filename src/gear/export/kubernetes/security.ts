// SPDX-License-Identifier: Apache-2.0
import type { Container } from "../../model.ts";
import { some } from "./manifest.ts";

/** What is loosened stays loosened, and nothing else: the Pod passes the "restricted" standard where it can. */
export function securityContext({ security, user }: Container): Record<string, unknown> {
  const [uid, gid] = numericUser(user);
  const { selinuxType } = security;
  return {
    allowPrivilegeEscalation: security.newPrivileges,
    readOnlyRootFilesystem: !security.writableRoot,
    capabilities: { drop: ["ALL"], add: some(security.capabilities) },
    seccompProfile: seccompProfile(security.seccomp),
    seLinuxOptions: selinuxType === undefined ? undefined : { type: selinuxType === "disable" ? "spc_t" : selinuxType },
    runAsUser: uid,
    runAsGroup: gid,
    runAsNonRoot: uid === undefined ? undefined : uid > 0,
  };
}

/** A profile is a file below the kubelet's own directory. */
function seccompProfile(seccomp: string | undefined): Record<string, unknown> {
  if (seccomp === undefined) return { type: "RuntimeDefault" };
  if (seccomp === "unconfined") return { type: "Unconfined" };
  return { type: "Localhost", localhostProfile: seccomp.replace(/^.*\//, "") };
}

/** Kubernetes takes numbers alone; an image's names it does not know. */
export function numericUser(user: string | undefined): [uid: number | undefined, gid: number | undefined] {
  const [uid = "", gid = ""] = user?.split(":") ?? [];
  const number = (text: string) => (/^\d{1,10}$/.test(text) ? Number(text) : undefined);
  return [number(uid), number(gid)];
}
