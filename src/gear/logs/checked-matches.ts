// SPDX-License-Identifier: Apache-2.0
import { closestNames } from "../../base/index.ts";
import { gearError } from "../errors.ts";
import type { GenerationStore } from "../generation/store.ts";
import type { TenantStore } from "../tenant/store.ts";
import { knownFields, knownValues, notLogged } from "./known-values.ts";
import { isNamed, logMatches } from "./log-matches.ts";
import { loggedInstances } from "./logged-instances.ts";
import { logFields, type LoggedInstance, type LogQuery, type LogSource, type LogSubject } from "./model.ts";

export interface LogContext {
  readonly source: LogSource;
  readonly store: GenerationStore;
  readonly tenants: TenantStore;
  /** What is asked for may come later. */
  readonly follow: boolean;
}

/**
 * journalctl's matches for a query, without a subject for all applications. What neither this host nor the journal knows is
 * refused: journalctl would show nothing, or with `--follow` wait for ever.
 * @throws gear-no-application, gear-no-tenant, gear-no-logs
 */
export async function checkedMatches(query: LogQuery, context: LogContext): Promise<string[]> {
  const instances = context.source.local ? loggedInstances(context.store) : [];
  const applications = await knownApplications(context);
  for (const subject of query.subjects) await checkSubject(subject, applications, instances, context);
  const fields = await checkedFields(query.fields, instances, context);
  const isOpen = query.subjects.length === 0 && fields.size === 0;
  return logMatches({ ...query, fields: isOpen ? new Map([["ATOMIC_APP", applications]]) : fields }, instances);
}

async function knownApplications({ source, store }: LogContext): Promise<string[]> {
  const here = source.local ? store.applications() : [];
  return [...new Set([...here, ...(await knownValues(source, "ATOMIC_APP"))])].sort();
}

async function checkSubject(
  { application, part }: LogSubject,
  applications: readonly string[],
  instances: readonly LoggedInstance[],
  { source }: LogContext,
): Promise<void> {
  if (!applications.includes(application)) throw noApplication(application, applications);
  if (part === undefined) return;
  const own = instances.filter((one) => one.application === application);
  if (own.some((one) => one.component === part || isNamed(one, part))) return;
  const logged = await knownValues(source, logFields.container);
  if (logged.includes(part)) return;
  const here = own.flatMap(({ component }) => component ?? []);
  throw notLogged(`container of ${application} called`, part, here.length > 0 ? [...new Set(here)] : logged);
}

function noApplication(application: string, known: readonly string[]) {
  const near = closestNames(known, application);
  const hint = near.length > 0 ? `did you mean ${near.join(" or ")}?` : `there are: ${known.join(", ")}`;
  const told = `there is no application ${application}, nor anything of it in the journal`;
  return gearError("no-application", told, known.length === 0 ? {} : { hint });
}

async function checkedFields(
  fields: LogQuery["fields"],
  instances: readonly LoggedInstance[],
  context: LogContext,
): Promise<Map<string, readonly string[]>> {
  const names = fields.size === 0 ? [] : await knownFields(context.source);
  const checked = new Map<string, readonly string[]>();
  for (const [field, values] of fields) {
    if (!names.includes(field) && !isOurs(field) && !context.follow) throw notLogged("field", field, names);
    const known = [...(await knownValues(context.source, field)), ...knownHere(field, instances, context)];
    checked.set(
      field,
      values.map((value) => checkedValue(field, value, known, context)),
    );
  }
  return checked;
}

const isOurs = (field: string): boolean => Object.values<string>(logFields).includes(field);

function knownHere(field: string, instances: readonly LoggedInstance[], { source, tenants }: LogContext): string[] {
  if (!source.local) return [];
  if (field === logFields.tenant) return tenants.tenants().map(({ name }) => name);
  if (field === logFields.container) return instances.flatMap(({ component }) => component ?? []);
  return [];
}

function checkedValue(field: string, value: string, known: readonly string[], { follow }: LogContext): string {
  if (known.includes(value)) return value;
  if (field === logFields.digest) {
    // As it is printed, shortened: of any that begin so.
    const [whole, ...more] = [...new Set(known)].filter((digest) => digest.replace(/^sha256:/, "").startsWith(value));
    if (whole !== undefined && more.length === 0) return whole;
  }
  if (field === logFields.tenant) throw noTenant(value, known);
  if (follow) return value;
  throw notLogged(Object.entries(logFields).find(([, name]) => name === field)?.[0] ?? field, value, known);
}

function noTenant(value: string, known: readonly string[]) {
  const there = [...new Set(known)].sort();
  const told = `there is no tenant ${JSON.stringify(value.slice(0, 80))}, nor anything of it in the journal`;
  return gearError("no-tenant", told, there.length === 0 ? {} : { hint: `there are: ${there.join(", ")}` });
}
