// SPDX-License-Identifier: Apache-2.0
import type { Image, LabelSubject, Name } from "../../../../gear/index.ts";
import type { Invocation } from "../../../command.ts";
import { engineOption } from "../engine-option.ts";
import { pullOption } from "../pull-option.ts";
import { openEngine } from "../shared.ts";

/** An image of the engine with what its labels are read for. */
export interface OpenedImage {
  readonly image: Image;
  readonly subject: LabelSubject;
}

/** Finds the image in the engine, or has it brought there, as --pull says. */
export async function openImage(invocation: Invocation, reference: string): Promise<OpenedImage> {
  const { connectSystemd, gearError, nameOfImage, parseName } = await import("../../../../gear/index.ts");
  const kind = engineOption(invocation);
  using services = await connectSystemd();
  using engine = await openEngine(services, kind);
  const when = pullOption(invocation, "missing");
  const here = when === "always" ? undefined : await engine.image(reference);
  if (here === undefined && when === "never")
    throw gearError("no-image", `image ${reference} is not here`, { hint: "--pull=missing  brings it" });
  const image = here ?? (await engine.pull(reference, { progress: invocation.progress }));
  const named = invocation.value("name");
  const name: Name = named === undefined ? (nameOfImage(reference) as Name) : parseName(named, "a container");
  const { id } = image;
  return { image, subject: { ...asker(invocation), image: runnable(reference, image), id, name, engine: kind } };
}

/** What the engine's command line can name; a directory or archive has been taken into its storage. */
function runnable(reference: string, { names, id }: Image): string {
  if (/^(?:oci|oci-archive|docker-archive):/.test(reference)) return names[0] ?? id;
  return reference.replace(/^docker:\/\//, "");
}

/** Who runs the command, from where. */
export function asker(invocation: Invocation): Pick<LabelSubject, "options" | "user" | "directory" | "terminal"> {
  const number = (name: string) => {
    const value = process.env[name] ?? "";
    return /^\d{1,10}$/.test(value) ? value : "0";
  };
  return {
    options: [1, 2, 3].map((index) => invocation.value(`opt${index}`) ?? ""),
    user: { uid: number("SUDO_UID"), gid: number("SUDO_GID") },
    directory: process.cwd(),
    terminal: process.stdin.isTTY && process.stdout.isTTY,
  };
}
