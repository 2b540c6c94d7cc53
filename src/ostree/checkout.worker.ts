// SPDX-License-Identifier: Apache-2.0
import { serveWorker } from "../base/index.ts";
import { FileCheckout } from "./checkout-file.ts";
import type { CheckoutData, CheckoutTask } from "./checkout-tree.ts";
import { Repo } from "./repo.ts";

serveWorker<CheckoutTask[], void, CheckoutData, FileCheckout>(
  ({ repo, options }) => new FileCheckout(Repo.open(repo), options),
  async (tasks, checkout) => {
    for (const task of tasks) {
      const large = checkout.writeTask(task);
      if (large) await large;
    }
  },
);
