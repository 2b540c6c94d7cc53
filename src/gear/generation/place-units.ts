// SPDX-License-Identifier: Apache-2.0
/**
 * Says in a unit file which generation it is of. Renderings do not know: so an unchanged unit is the same text in the next
 * generation, and is not restarted.
 *
 * `%%` is passed over in pairs, as systemd reads it: a value of somebody's that has these words is written with it and stays.
 *
 * @param directory of the generation's files
 */
export function placeUnit(text: string, directory: string, number: number): string {
  return text.replace(/%%|%GENERATION%|%GENERATION_NUMBER%/g, (found) => {
    if (found === "%%") return found;
    return found === "%GENERATION%" ? directory : String(number);
  });
}
