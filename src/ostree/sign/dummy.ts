// SPDX-License-Identifier: Apache-2.0
import { ostreeError } from "../errors.ts";
import type { SignEngine } from "./model.ts";

/** It proves nothing, so it must be asked for by the environment (check_dummy_sign_enabled). */
function checkEnabled(): void {
  if (process.env["OSTREE_DUMMY_SIGN_ENABLED"] !== "1") {
    throw ostreeError("sign-verify", "dummy signature type is only for ostree testing");
  }
}

/** For tests: the signature is the key (ostree-sign-dummy.c). */
export const dummy: SignEngine = {
  secretKey(bytes) {
    checkEnabled();
    return bytes;
  },
  publicKey: (bytes) => bytes,
  sign(secret) {
    checkEnabled();
    return Buffer.from(secret);
  },
  verify(key, _data, signature) {
    checkEnabled();
    return Buffer.compare(key, signature) === 0;
  },
};
