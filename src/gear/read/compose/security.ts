// SPDX-License-Identifier: Apache-2.0
import type { Security } from "../../model.ts";
import { list, mapped, type Shape, text } from "../shape/index.ts";
import { onHost } from "./volumes.ts";

type Loosened = Partial<Pick<Security, "newPrivileges" | "seccomp" | "selinuxType">>;

/** `docker run --security-opt`. */
const option: Shape<Loosened> = mapped(text(), (word, place, node): Loosened | undefined => {
  const [key = "", value = ""] = word.split(/[:=](.*)/s);
  if (key === "no-new-privileges") return { newPrivileges: value === "false" };
  if (key === "seccomp" && value !== "") {
    return { seccomp: value === "unconfined" ? value : onHost(value, node) };
  }
  if (key === "label" && value === "disable") return { selinuxType: "disable" };
  const type = key === "label" ? /^type:([A-Za-z][A-Za-z0-9_]*)$/.exec(value)?.[1] : undefined;
  if (type !== undefined) return { selinuxType: type };
  return place.unsupported(node.at, `${JSON.stringify(word.slice(0, 80))} is not supported`);
});

export const securityOptions: Shape<Loosened> = mapped(
  list(option, "a list of options"),
  (all) => Object.assign({}, ...all) as Loosened,
);
