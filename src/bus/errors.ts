// SPDX-License-Identifier: Apache-2.0
import { defineErrors } from "../base/index.ts";

export const busError = defineErrors("bus", {
  connection:
    "The D-Bus connection could not be made or was lost: is the bus running, may we own the name, is the peer who it says?",
});
