// SPDX-License-Identifier: Apache-2.0
/** Users of the container and how they are those of the host (podman's handleUser, handleUserMappings, handleUserRemap). */
import type { PodmanCommand } from "./podman-command.ts";
import type { QuadletFile } from "./quadlet-file.ts";

export function addUser(file: QuadletFile, command: PodmanCommand): void {
  const [user, group] = [file.filled("User"), file.filled("Group")];
  if (user === undefined && group !== undefined) throw file.error("invalid Group set without User", "Group");
  if (user !== undefined) command.add("--user", group === undefined ? user : `${user}:${group}`);
}

/** @param manual whether podman's command takes --uidmap */
export function addUserMappings(file: QuadletFile, command: PodmanCommand, manual: boolean): void {
  const namespace = file.filled("UserNS");
  const [uids, gids] = [file.words("UIDMap"), file.words("GIDMap")];
  const [subUids, subGids] = [file.filled("SubUIDMap"), file.filled("SubGIDMap")];
  if (namespace !== undefined) command.add("--userns", namespace);
  command.addEach("--uidmap", uids);
  command.addEach("--gidmap", gids);
  if (subUids !== undefined) command.add("--subuidname", subUids);
  if (subGids !== undefined) command.add("--subgidname", subGids);
  if (namespace === undefined && subUids === undefined && subGids === undefined && uids.length + gids.length === 0) {
    addRemap(file, command, manual);
  } else if (["RemapUid", "RemapGid", "RemapUsers"].some((key) => file.text(key) !== undefined)) {
    throw file.error("deprecated Remap keys are set along with explicit mapping keys", "RemapUsers");
  }
}

function addRemap(file: QuadletFile, command: PodmanCommand, manual: boolean): void {
  const [uids, gids] = [file.words("RemapUid"), file.words("RemapGid")];
  const users = file.unit.get(file.section, "RemapUsers") ?? "";
  const namespace = (kind: string, options: string[]) => {
    command.add("--userns", options.length === 0 ? kind : `${kind}:${options.join(",")}`);
  };
  if (users === "") {
    if (uids.length > 0) throw file.error("UidMap set without RemapUsers", "RemapUid");
    if (gids.length > 0) throw file.error("GidMap set without RemapUsers", "RemapGid");
  } else if (users === "manual") {
    if (!manual) throw file.error("RemapUsers=manual is not supported", "RemapUsers");
    command.addEach("--uidmap", uids);
    command.addEach("--gidmap", gids);
  } else if (users === "auto") {
    const size = file.number("RemapUidSize") ?? 0;
    const mappings = [...uids.map((map) => `uidmapping=${map}`), ...gids.map((map) => `gidmapping=${map}`)];
    namespace("auto", [...mappings, ...(size > 0 ? [`size=${size}`] : [])]);
  } else if (users === "keep-id") {
    if (uids.length > 1)
      throw file.error("RemapUsers=keep-id supports only a single value for UID mapping", "RemapUid");
    if (gids.length > 1)
      throw file.error("RemapUsers=keep-id supports only a single value for GID mapping", "RemapGid");
    namespace("keep-id", [...uids.map((uid) => `uid=${uid}`), ...gids.map((gid) => `gid=${gid}`)]);
  } else {
    throw file.error(`unsupported RemapUsers option '${users}'`, "RemapUsers");
  }
}
