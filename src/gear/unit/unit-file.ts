// SPDX-License-Identifier: Apache-2.0
import { quoteUnitLiteral, SystemdUnit } from "../../formats/index.ts";
import type { Pins } from "../generation/model.ts";
import type { Name } from "../name.ts";
import type { Scene } from "./settings.ts";

export type Entry = readonly [key: string, value: string];
export type Sections = Readonly<Record<string, readonly Entry[]>>;

export function unitFile(sections: Sections): string {
  const unit = SystemdUnit.empty();
  for (const [section, entries] of Object.entries(sections)) {
    for (const [key, value] of entries) unit.add(section, key, value);
  }
  return unit.toString();
}

/** One entry for each, in order and once. */
export const each = (key: string, values: readonly string[]): Entry[] =>
  [...new Set(values)].map((value) => [key, value]);

/** Values by field of the journal. */
export type LogFields = Readonly<Record<string, string | readonly string[]>>;

/** Where what a unit's processes print goes to, and the fields by which it is found (systemd.exec(5)). */
export function logEntries({ application, tenant }: Scene, fields: LogFields): Entry[] {
  return [
    ...logFieldEntries(application, fields),
    ...(tenant?.logNamespace === undefined ? [] : [["LogNamespace", quoteUnitLiteral(tenant.logNamespace)] as const]),
  ];
}

/** The fields that what a unit's processes print is found by. */
export function logFieldEntries(
  { name, tenant }: { readonly name: Name; readonly tenant: Name | undefined },
  fields: LogFields,
): Entry[] {
  const all = { ATOMIC_APP: name, ...(tenant === undefined ? {} : { ATOMIC_TENANT: tenant }), ...fields };
  return [
    ...Object.entries(all).flatMap(([field, value]) =>
      [value].flat().map((one): Entry => ["LogExtraFields", quoteUnitLiteral(`${field}=${one}`)]),
    ),
    ["LogExtraFields", "ATOMIC_GENERATION=%GENERATION_NUMBER%"],
  ];
}

/** Of a container: which part of the application it is, and its image, by digest where it is pinned to one. */
export function imageFields(component: string, image: string, pins: Pins): Record<string, string> {
  const digest = /(?:^|@)(sha256:[0-9a-f]{64})$/.exec(pins.get(image) ?? image)?.[1];
  const known = { ATOMIC_COMPONENT: component, ATOMIC_IMAGE: image };
  return digest === undefined ? known : { ...known, ATOMIC_IMAGE_DIGEST: digest };
}
