// SPDX-License-Identifier: Apache-2.0
import { logFields, type LoggedInstance, type LogQuery, type LogSubject } from "./model.ts";

/**
 * journalctl(1)'s matches for a query: groups with `+` between them, of which an entry is in one. What a container's unit
 * writes has our fields. What is written about it has others: by systemd of its unit, by journald of messages that it
 * suppressed, by the engine of the container.
 */
export function logMatches(query: LogQuery, instances: readonly LoggedInstance[]): string[] {
  const groups = subjectsOf(query).flatMap((subject) => {
    const own = [...subjectFields(subject, instances), ...matchesOf(query.fields)];
    return [...trusted(own), ...aboutInstances(query, instancesIn(query, subject, instances))];
  });
  return groups.filter((group) => group.length > 0).flatMap((group, at) => (at === 0 ? group : ["+", ...group]));
}

/**
 * Any user may write an entry with fields of any name, but none that begins with `_`. Engines and units are root's; what a
 * container of a tenant prints has its own user, and its unit's fields by systemd, which no stream can have otherwise
 * (systemd-journald's `client_context_read_extra_fields`).
 */
function trusted(matches: readonly string[]): string[][] {
  const named = matches.some((match) => /^(?:ATOMIC|CONTAINER|PODMAN)_/.test(match));
  if (!named) return [[...matches]];
  return ["_UID=0", "_TRANSPORT=stdout"].map((who) => [who, ...matches]);
}

const subjectsOf = ({ subjects }: LogQuery): readonly (LogSubject | undefined)[] =>
  subjects.length === 0 ? [undefined] : subjects;

const matchesOf = (fields: LogQuery["fields"]): string[] =>
  [...fields].flatMap(([field, values]) => values.map((value) => `${field}=${value}`));

function subjectFields(subject: LogSubject | undefined, instances: readonly LoggedInstance[]): string[] {
  if (subject === undefined) return [];
  const { application, part } = subject;
  const own = `ATOMIC_APP=${application}`;
  if (part === undefined) return [own];
  const isComponent = instances.some((one) => one.application === application && one.component === part);
  const named = instances.find((one) => one.application === application && isNamed(one, part));
  if (isComponent || named === undefined) return [own, `${logFields.container}=${part}`];
  return [own, `${logFields.instance}=${instanceField(named)}`];
}

/** An instance by its id in the application, or its name on the host. */
export const isNamed = (one: LoggedInstance, name: string): boolean =>
  one.id === name || one.container === name || instanceField(one) === name;

/** The value of ATOMIC_INSTANCE, by which links name it as well. */
export const instanceField = ({ unit }: LoggedInstance): string => unit.replace(/\.service$/, "");

/** Fields of a query that are known of an instance without an entry of its own. */
const knownOf = new Set<string>([logFields.tenant, logFields.container, logFields.instance]);

/** None where nothing of the query is about certain containers, or it asks for what only entries of their own have. */
function instancesIn(query: LogQuery, subject: LogSubject | undefined, instances: readonly LoggedInstance[]) {
  const asked = [...query.fields].filter(([field]) => field.startsWith("ATOMIC_"));
  if (subject === undefined && asked.length === 0) return [];
  if (asked.some(([field]) => !knownOf.has(field))) return [];
  const has = (field: string, value: string | undefined): boolean => {
    const values = query.fields.get(field);
    return values === undefined || (value !== undefined && values.includes(value));
  };
  return instances.filter(
    (one) =>
      (subject === undefined || isOf(one, subject)) &&
      has(logFields.tenant, one.tenant) &&
      has(logFields.container, one.component) &&
      has(logFields.instance, instanceField(one)),
  );
}

const isOf = (one: LoggedInstance, { application, part }: LogSubject): boolean =>
  one.application === application && (part === undefined || one.component === part || isNamed(one, part));

/** The service manager is known by its process, as for `journalctl --unit` (add_matches_for_unit), journald by its transport. */
function aboutInstances(query: LogQuery, instances: readonly LoggedInstance[]): string[][] {
  if (instances.length === 0) return [];
  const others = matchesOf(new Map([...query.fields].filter(([field]) => !field.startsWith("ATOMIC_"))));
  const unique = (field: string, value: (one: LoggedInstance) => string) =>
    [...new Set(instances.map(value))].map((text) => `${field}=${text}`);
  return [
    ["_PID=1", ...unique("UNIT", ({ unit }) => unit)],
    ["_TRANSPORT=driver", ...unique("OBJECT_SYSTEMD_UNIT", ({ unit }) => unit)],
    unique("CONTAINER_NAME", ({ container }) => container),
    unique("PODMAN_NAME", ({ container }) => container),
  ].flatMap((group) => trusted([...group, ...others]));
}
