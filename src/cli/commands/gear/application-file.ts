// SPDX-License-Identifier: Apache-2.0
import { readFileSync, statSync } from "node:fs";
import { basename, dirname, relative, resolve } from "node:path";
import type {
  Application,
  ApplicationPlacement,
  Deployment,
  DeployRequest,
  EngineKind,
  GenerationStore,
  Name,
} from "../../../gear/index.ts";
import type { ProgressListener } from "../../../base/index.ts";

/** What is asked of a file besides what it says. */
export interface FileOptions {
  /** Of an application whose file has no name for it. */
  readonly name: Name | undefined;
  readonly engine: EngineKind;
  readonly store: GenerationStore;
  readonly progress: ProgressListener;
}

export interface ReadApplication extends Pick<
  DeployRequest,
  "application" | "source" | "policy" | "place" | "hostVersion"
> {
  /** What the host must have before units of it start; more of it than is used does no harm. */
  prepare(): Promise<void>;
}

/** Reads a file of any kind that describes an application, or a directory of Quadlet files. */
export async function readApplicationFile(path: string, options: FileOptions): Promise<ReadApplication> {
  const { kindOf } = await import("../../../gear/index.ts");
  const isQuadlet = statSync(path).isDirectory() || kindOf(basename(path)) !== undefined || path.endsWith(".quadlets");
  return isQuadlet ? readQuadletFiles(path, options) : readDeploymentFile(path, options);
}

async function readQuadletFiles(path: string, { name, engine, progress }: FileOptions): Promise<ReadApplication> {
  const { defaultUpdate, gearError, loadQuadlets, quadletApplication, quadletSource, quadletUpdate, renderQuadlets } =
    await import("../../../gear/index.ts");
  if (engine !== "podman") throw gearError("unsupported", `${path}: Quadlet files are for podman`);
  const application = name ?? quadletApplication([path]);
  const set = loadQuadlets([path]);
  const told = new Set<string>();
  const warn = (text: string) => {
    if (!told.has(text)) progress({ type: "warning", text });
    told.add(text);
  };
  const place = (): ApplicationPlacement => ({
    placed: [],
    render: (pins) => renderQuadlets(set, { application, pins, warn }),
  });
  // Rendering reads manifests and environment files, which are of the source.
  place().render(new Map());
  return {
    application,
    source: quadletSource(set, path),
    policy: { ...defaultUpdate, images: quadletUpdate(set, warn) },
    hostVersion: undefined,
    place,
    prepare: async () => {},
  };
}

async function readDeploymentFile(path: string, options: FileOptions): Promise<ReadApplication> {
  const { deployment, source } = await readDeploymentSource(path, options.name);
  return preparedApplication(deployment, source, options);
}

/** What a file that is not Quadlet's describes, and what a generation keeps of it. */
export async function readDeploymentSource(
  path: string,
  name: Name | undefined,
): Promise<{ readonly deployment: Deployment; readonly source: ReadApplication["source"] }> {
  const { readDeployment } = await import("../../../gear/index.ts");
  const deployment = readDeployment(path, { environment: process.env, ...(name === undefined ? {} : { name }) });
  return { deployment, source: { path: resolve(path), files: sourceFiles(path, deployment.files ?? new Map()) } };
}

/** A gear file that no file has, under the name that it is kept by. */
export async function readApplicationText(text: string, path: string, options: FileOptions): Promise<ReadApplication> {
  const { parseDeployment } = await import("../../../gear/index.ts");
  return preparedApplication(parseDeployment(text, path), { path, files: new Map([[path, text]]) }, options);
}

async function preparedApplication(
  { application, previous, naming }: Deployment,
  source: ReadApplication["source"],
  { engine, store }: FileOptions,
): Promise<ReadApplication> {
  const { loadPolicies, placedInstances, plan, portsInUse, render, tenantSettings, TenantStore } =
    await import("../../../gear/index.ts");
  const tenant =
    application.tenant === undefined
      ? undefined
      : tenantSettings(new TenantStore(store.root).tenant(application.tenant));
  const taken = portsInUse(store, application.name).map((port) => ({ ...port, host: thisHost }));
  const place: ReadApplication["place"] = (running) => {
    const before = running.length > 0 ? running : (previous ?? []);
    const made = plan(application, [], {
      previous: before,
      portsInUse: taken,
      ...(naming === undefined ? {} : { naming }),
    });
    return {
      placed: placedInstances(made),
      render: (pins) => render(made, thisHost, { engine, pins, tenant }),
    };
  };
  const prepare = async () => void (await loadPolicies(application));
  const { name: named, update: policy, hostVersion } = application;
  return { application: named, source, policy, hostVersion, place, prepare };
}

/** The file itself, and those that it names: relative to its directory, or absolute where they are elsewhere. */
function sourceFiles(path: string, others: ReadonlyMap<string, string>): ReadonlyMap<string, string> {
  const named = [...others].map(([other, text]): [string, string] => {
    const inside = relative(dirname(resolve(path)), resolve(other));
    return [inside.startsWith("..") ? resolve(other) : inside, text];
  });
  return new Map([[basename(path), readFileSync(path, "utf8")], ...named]);
}

/** As plans and units call it. */
const thisHost = "localhost";

/** What the file can say and nothing does on several hosts as one. */
export async function refuseUnsupported({ hostVersion, name }: Application): Promise<void> {
  const { gearError } = await import("../../../gear/index.ts");
  const refuse = (what: string, hint: string) => {
    throw gearError("unsupported", `${name}: ${what}`, { hint });
  };
  if (hostVersion !== undefined)
    refuse("several hosts cannot go with their versions as one", "leave host-version out, or deploy it on one host");
}
