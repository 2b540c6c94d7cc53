// SPDX-License-Identifier: Apache-2.0
import { quoteUnitWord, type SystemdUnit } from "../../../formats/index.ts";
import { accountId } from "../account-id.ts";
import type { Conversion } from "../conversion.ts";
import { ownName } from "../names.ts";
import { PodmanCommand } from "../podman-command.ts";
import type { QuadletFile } from "../quadlet-file.ts";
import { beginService, makeOneshot } from "../service.ts";
import { imageSource, type Using } from "../sources.ts";

/** podman's ConvertVolume. */
export function convertVolume(file: QuadletFile, conversion: Conversion): SystemdUnit {
  const service = beginService(file, conversion);
  const create = PodmanCommand.create(file, conversion, "volume");
  for (const [key, option] of Object.entries({ UID: "--uid", GID: "--gid", Driver: "--driver" })) {
    const value = file.text(key);
    if (value !== undefined) create.add(option, value);
  }
  if (file.text("Driver") === "image") create.add("--opt", `image=${volumeImage({ file, service, conversion })}`);
  else addMountOptions(file, service, create);
  create.addPairs({ Label: "--label" });
  create.addPodmanArgs();
  service.add("Service", "ExecStart", create.createLine(ownName(file, "VolumeName")));
  makeOneshot(service);
  return service;
}

function volumeImage(using: Using): string {
  const image = using.file.filled("Image");
  if (image === undefined) throw using.file.error("the key Image is mandatory when using the image driver", "Driver");
  return imageSource(using, image);
}

function addMountOptions(file: QuadletFile, service: SystemdUnit, create: PodmanCommand): void {
  const copy = file.boolean("Copy");
  if (copy !== undefined) create.add("--opt", copy ? "copy" : "nocopy");
  const [device, type] = [file.filled("Device"), file.filled("Type")];
  if (device !== undefined) create.add("--opt", `device=${device}`);
  if (type !== undefined) {
    if (device === undefined) throw file.error("key Type can't be used without Device", "Type");
    create.add("--opt", `type=${type}`);
    if (type === "bind") service.add("Unit", "RequiresMountsFor", quoteUnitWord(device));
  }
  const [uid, gid] = [ownerId(file, "User", "passwd"), ownerId(file, "Group", "group")];
  const options = [uid === undefined ? "" : `uid=${uid}`, gid === undefined ? "" : `gid=${gid}`, file.text("Options")];
  const given = options.filter((option) => option);
  if (given.length > 0) create.add("--opt", `o=${given.join(",")}`);
}

function ownerId(file: QuadletFile, key: string, accounts: "passwd" | "group"): number | undefined {
  const name = file.text(key);
  if (name === undefined || /^\d/.test(name)) return file.number(key);
  const id = accountId(accounts, name);
  if (id === undefined) throw file.error(`${key}=${name} is in no /etc/${accounts} here`, key);
  return id;
}
