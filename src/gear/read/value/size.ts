// SPDX-License-Identifier: Apache-2.0
const units = new Map([..."bkmgt"].map((unit, power) => [unit, 1024 ** power]));

/** `512M`, `1.5g`, `64MiB`, `1024`: letters are powers of 1024, as systemd.resource-control(5) and Compose take them. */
export const sizePattern = "[0-9]{1,15}(?:\\.[0-9]{1,3})?(?:[bB]|[kKmMgGtT](?:i?[bB])?)?";
const form = new RegExp(`^${sizePattern}$`);

/** Bytes, or `undefined` when it is none, or more than can be counted exactly. */
export function parseSize(text: string): number | undefined {
  if (!form.test(text)) return undefined;
  const unit = /[a-z]/.exec(text.toLowerCase())?.[0] ?? "b";
  const bytes = Math.round(Number.parseFloat(text) * (units.get(unit) ?? 1));
  return Number.isSafeInteger(bytes) ? bytes : undefined;
}
