// SPDX-License-Identifier: Apache-2.0
import { serveWorker } from "../base/index.ts";
import { FileCheckout } from "./checkout-file.ts";
import type { CheckoutData, CheckoutTask } from "./checkout.ts";
import { Repo } from "./repo.ts";

serveWorker<CheckoutTask[], void, CheckoutData, FileCheckout>(
  ({ repo, options }) => new FileCheckout(Repo.open(repo), options),
  async (tasks, checkout) => {
    for (const { directory, inner, files } of tasks) {
      for (const { name, checksum } of files) {
        const large = checkout.write(checksum, directory, name, inner);
        if (large) await large;
      }
    }
  },
);
