// SPDX-License-Identifier: Apache-2.0
import { defineErrors } from "../base/index.ts";

export const gearError = defineErrors("gear", {
  "bad-name":
    "A name of an application, container, volume, secret or tenant is 1 to 63 characters of a-z, 0-9 and -, and begins and ends with a letter or digit.",
  "bad-file": "A file that describes containers does not read as it must; the message has the line and column.",
  unsupported:
    "The file asks for something that cannot be done here. It is refused by name, so that nothing is left out silently.",
});
