// SPDX-License-Identifier: Apache-2.0
import { AtomicError } from "../../base/index.ts";
import { gearError } from "../errors.ts";
import { parseName } from "../name.ts";
import { plainName } from "../read/application-name.ts";
import { engineCommand } from "./engine-command.ts";
import type { LabelCommand, LabelSubject, LabelVerb } from "./model.ts";
import { splitLabel } from "./split-label.ts";
import { labelVariables, lookUpIn } from "./variables.ts";

type Labels = ReadonlyMap<string, string>;

/** In the letters that the old command line looked for: RUN, run, Run. */
export function findLabel(labels: Labels, verb: LabelVerb): string | undefined {
  const spellings = [verb, verb.toLowerCase(), verb.charAt(0) + verb.slice(1).toLowerCase()];
  const text = spellings.map((name) => labels.get(name)).find((value) => value !== undefined);
  return text?.trim() === "" ? undefined : text;
}

/** Its container's name where none is given: the last word of the image's name. */
export function nameOfImage(image: string): string {
  const [path = ""] = image.split("@");
  const last = path.split("/").at(-1)!.replace(/:.*$/, "");
  return parseName(plainName(last), "a container");
}

export interface LabelRequest {
  readonly verb: LabelVerb;
  readonly labels: Labels;
  /** Words behind what the label says, for the container. */
  readonly more?: readonly string[];
  /** With all that a tool for the host itself needs, instead of what the label says (`atomic run --spc`). */
  readonly superPrivileged?: boolean;
}

/**
 * What a label comes to for one image and container, ready to be shown or run.
 * @returns undefined where the image has no such label and nothing is usual instead
 * @throws gear-bad-label
 */
export function labelCommand(request: LabelRequest, subject: LabelSubject): LabelCommand | undefined {
  const { verb, labels, more = [], superPrivileged = false } = request;
  const text = superPrivileged ? undefined : findLabel(labels, verb);
  const used = text ?? (superPrivileged ? superPrivilegedText : usual(verb, labels));
  if (used === undefined) return undefined;
  const { image, name } = subject;
  const variables = labelVariables(subject);
  try {
    const words = splitLabel(used, lookUpIn(variables)).map((word) => bareWords(word, variables));
    return { verb, image, name, text, ...engineCommand([...words, ...more], subject, variables) };
  } catch (error) {
    if (!gearError.is(error, "bad-label")) throw error;
    const { message, hint } = error as AtomicError;
    throw gearError("bad-label", `${verb} of ${image}: ${message}`, hint === undefined ? {} : { hint });
  }
}

/** Older labels have the words themselves: `--name NAME -e IMAGE=IMAGE IMAGE`. */
function bareWords(word: string, variables: Labels): string {
  if (word === "NAME" || word === "IMAGE") return variables.get(word)!;
  const [, key] = /^(NAME|IMAGE)=\1$/.exec(word) ?? [];
  return key === undefined ? word : `${key}=${variables.get(key)!}`;
}

function usual(verb: LabelVerb, labels: Labels): string | undefined {
  if (verb === "RUN") return `podman run -i -t ${labels.get("atomic.run") === "once" ? "--rm " : ""}--name NAME IMAGE`;
  return verb === "STOP" ? "podman stop NAME" : undefined;
}

const superPrivilegedText =
  "podman run -i -t --rm --privileged -v /:/host -v /run:/run -v /var/log:/var/log -v /etc/localtime:/etc/localtime:ro " +
  "--network host --ipc host --pid host -e HOST=/host -e NAME=NAME -e IMAGE=IMAGE --name NAME IMAGE";
