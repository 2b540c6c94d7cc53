// SPDX-License-Identifier: Apache-2.0
import { defaultUpdate, type DeployRequest, type Pins, type Rendered } from "../../../src/gear/index.ts";
import { name } from "../application.ts";

/** A unit's text as a renderer writes it, with a line for its image. */
export interface GivenUnit {
  readonly lines?: readonly string[];
  readonly image?: string;
}

export const webImage = "docker.io/library/web:1";
export const dbImage = "docker.io/library/db:1";

export const digest = (digit: string) => `sha256:${digit.repeat(64)}`;

/** shop-web needs shop-db; each has a container with a health check. */
export const twoUnits: Record<string, GivenUnit> = {
  "shop-db.service": { image: dbImage },
  "shop-web.service": { image: webImage, lines: ["Requires=shop-db.service", "After=shop-db.service"] },
};

export function renderUnits(units: Record<string, GivenUnit>, more: Partial<Rendered> = {}): (pins: Pins) => Rendered {
  return (pins) => {
    const references = [...new Set(Object.values(units).flatMap(({ image }) => (image === undefined ? [] : [image])))];
    return {
      application: name("shop"),
      tenant: undefined,
      units: new Map(
        Object.entries(units).map(([unit, { lines = [], image }]) => {
          const started = image === undefined ? [] : [`Image=${pins.get(image) ?? image}`];
          return [unit, ["[Unit]", ...lines, ...started, "[Install]", "WantedBy=multi-user.target", ""].join("\n")];
        }),
      ),
      files: new Map(),
      start: Object.keys(units),
      images: references.map((reference) => ({ reference, pinned: pins.get(reference) })),
      ports: [],
      instances: Object.entries(units).flatMap(([unit, { image }]) =>
        image === undefined
          ? []
          : [
              {
                id: name(unit.replace(/^shop-|\.service$/g, "")),
                unit,
                container: unit.replace(/\.service$/, ""),
                image,
                hasHealthCheck: true,
              },
            ],
      ),
      ...more,
    };
  };
}

export function deployRequest(
  units: Record<string, GivenUnit>,
  more: Partial<DeployRequest> = {},
  rendered: Partial<Rendered> = {},
): DeployRequest {
  return {
    application: name("shop"),
    source: { path: "/srv/shop.yaml", files: new Map([["shop.yaml", `${JSON.stringify(units)}\n`]]) },
    policy: defaultUpdate,
    place: () => ({ placed: [], render: renderUnits(units, rendered) }),
    pull: "always",
    message: undefined,
    by: "root",
    command: "atomic gear deploy shop.yaml",
    ...more,
  };
}
