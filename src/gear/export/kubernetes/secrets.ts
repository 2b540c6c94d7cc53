// SPDX-License-Identifier: Apache-2.0
import type { Container } from "../../model.ts";
import { objectName, type Scene } from "./manifest.ts";
import type { PodVolume } from "./volumes.ts";

/** Key of the value in the Secret of each secret. */
export const secretKey = "value";

/** Variables of secrets: references, never values. */
export function secretVariables(scene: Scene, { secrets }: Container): Record<string, unknown>[] {
  return secrets.flatMap(({ name, target }) =>
    target.kind === "environment"
      ? [{ name: target.variable, valueFrom: { secretKeyRef: { name: objectName(scene, name), key: secretKey } } }]
      : [],
  );
}

/** Files of secrets, in the place and with the permissions that podman and docker give them: /run/secrets/NAME, 0444. */
export function secretVolumes(scene: Scene, { secrets }: Container): PodVolume[] {
  return secrets.flatMap(({ name, target }, index) => {
    if (target.kind !== "file") return [];
    const volume = `secret-${index}`;
    const secret = { secretName: objectName(scene, name), items: [{ key: secretKey, path: name }], defaultMode: 0o444 };
    const mountPath = target.path ?? `/run/secrets/${name}`;
    return [
      {
        volume: { name: volume, secret },
        mount: { name: volume, mountPath, subPath: name, readOnly: true },
      },
    ];
  });
}
