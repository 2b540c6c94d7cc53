// SPDX-License-Identifier: Apache-2.0
import { composeError } from "../errors.ts";
import type { PackageFormat } from "../format.ts";

/** RPM packages from rpm-md repositories; scriptlets are run here, as rpm would. */
export const rpmFormat: PackageFormat = {
  environment: {},
  layout: {
    database: { installed: "var/lib/rpm", released: "usr/share/rpm" },
    varFiles: "dropped",
    pythonCaches: "kept",
    accounts: "altfiles",
  },
  inputHashKey: "rpmostree.inputhash",
  choose({ treefile }) {
    throw composeError("treefile-unsupported", `${treefile.path}: composing from RPM packages is not done yet`);
  },
};
