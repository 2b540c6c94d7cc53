// SPDX-License-Identifier: Apache-2.0
import { serveWorker } from "../../base/index.ts";
import { DirectoryVerifier } from "./directory-verifier.ts";
import type { VerifyData, VerifyResult } from "./verify-all.ts";

serveWorker<null, VerifyResult, VerifyData, DirectoryVerifier>(
  (data) => new DirectoryVerifier(data),
  (_, verifier) => verifier.run(),
);
