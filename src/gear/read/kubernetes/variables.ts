// SPDX-License-Identifier: Apache-2.0
import type { SecretUse, Variable } from "../../model.ts";
import type { World } from "./world.ts";
import type { Workload } from "./workload.ts";

export interface Environment {
  readonly variables: readonly Variable[];
  readonly secrets: readonly SecretUse[];
  /** A command or argument with variables put in. */
  expand(word: string, path: readonly (string | number)[]): string;
}

/** The environment of a container: whole ConfigMaps first, then single variables, which may refer to those before them. */
export function environmentOf(world: World, { pod, source, path }: Workload): Environment {
  const { env, envFrom } = pod.containers;
  const known = new Map<string, string>();
  const secret = new Set<string>();
  const secrets: SecretUse[] = [];
  const of = [...path, "containers", 0];
  const expand = (word: string, at: readonly (string | number)[]): string => {
    const text = expanded(word, known, (name) => {
      if (secret.has(name)) source.unsupported(at, `a secret, ${name}, cannot be put into something else`);
    });
    return text ?? source.fault(at, `becomes longer than ${longestWord} bytes`) ?? "";
  };
  envFrom.forEach(({ prefix, configMapRef }, index) => {
    const data = world.configMap(configMapRef.name, source, [...of, "envFrom", index, "configMapRef", "name"]);
    for (const [name, value] of data ?? []) known.set(prefix + name, value);
  });
  env.forEach(({ name, value, valueFrom }, index) => {
    const at = [...of, "env", index];
    const { secretKeyRef, configMapKeyRef } = valueFrom ?? {};
    known.delete(name);
    secret.delete(name);
    if (secretKeyRef) {
      secret.add(name);
      secrets.push({
        name: world.secret(secretKeyRef.name, secretKeyRef.key, source, at),
        target: { kind: "environment", variable: name },
      });
    } else if (configMapKeyRef) {
      const found = world.configMap(configMapKeyRef.name, source, [...at, "valueFrom"])?.get(configMapKeyRef.key);
      if (found === undefined)
        source.fault([...at, "valueFrom"], `ConfigMap ${configMapKeyRef.name} has no key ${configMapKeyRef.key}`);
      known.set(name, found ?? "");
    } else known.set(name, expand(value ?? "", [...at, "value"]));
  });
  return { variables: [...known].map(([name, value]) => ({ name, value })), secrets, expand };
}

/** What Linux takes as one argument or variable (MAX_ARG_STRLEN); variables of each other's doubles would grow without end. */
const longestWord = 131_072;

/**
 * k8s.io/third_party/forked/golang/expansion: `$(NAME)` is a variable if there is one, `$$` is `$`.
 * @returns undefined for what grows too long
 */
function expanded(word: string, known: ReadonlyMap<string, string>, told: (name: string) => void): string | undefined {
  let length = word.length;
  const text = word.replaceAll(/\$\$|\$\(([^)]*)\)/g, (whole, name: string | undefined) => {
    if (name === undefined) return "$";
    told(name);
    const value = known.get(name) ?? whole;
    length += value.length - whole.length;
    return length > longestWord ? "" : value;
  });
  return length > longestWord ? undefined : text;
}
