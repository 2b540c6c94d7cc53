// SPDX-License-Identifier: Apache-2.0
/** The database of installed packages in SQLite: rpm's lib/backend/sqlite.c. */
import { existsSync, statSync } from "node:fs";
import { DatabaseSync } from "node:sqlite";
import { pathToFileURL } from "node:url";
import { packageError } from "../../errors.ts";
import { decodeHeader, type RpmHeader } from "../header.ts";
import { tag } from "../tags.ts";
import { indexTables } from "./indexes.ts";
import { encodeInstalled, type InstalledRpm } from "./installed-header.ts";

const options = { kind: "database" } as const;

/** The headers in the order of their numbers. Throws `packages-rpmdb`, `packages-rpm`. */
export function* readSqliteDatabase(path: string): Generator<RpmHeader, void, undefined> {
  using database = openForReading(path);
  const rows = database.prepare("SELECT hnum, blob FROM Packages ORDER BY hnum").iterate();
  for (const row of rows) {
    const { hnum, blob } = row as { hnum: unknown; blob: unknown };
    if (!(blob instanceof Uint8Array)) throw packageError("rpmdb", `${path}: package ${String(hnum)} is no header`);
    const bytes = Buffer.from(blob.buffer, blob.byteOffset, blob.length);
    yield decodeHeader(bytes, `${path}: package ${String(hnum)}`, options);
  }
}

/**
 * A write-ahead log can only be read where files can be made beside it: without one that holds anything, the database is
 * opened as a file that nobody changes (sqlite.org/uri.html, "immutable"), as in a commit's read-only tree.
 */
function openForReading(path: string): DatabaseSync {
  const log = `${path}-wal`;
  const quiet = !existsSync(log) || statSync(log).size === 0;
  const url = pathToFileURL(path);
  if (quiet) url.searchParams.set("immutable", "1");
  try {
    const database = new DatabaseSync(url, { readOnly: true });
    database.prepare("SELECT 1 FROM Packages").get();
    return database;
  } catch (error) {
    throw packageError("rpmdb", `${path}: ${(error as Error).message}`, { cause: error });
  }
}

/**
 * Writes a database with these packages, in their order; the file must not exist. It is left without a write-ahead log, so
 * that it can be read where nothing can be written; the same packages make the same bytes.
 */
export function writeSqliteDatabase(path: string, packages: Iterable<InstalledRpm>): void {
  using database = openForWriting(path);
  createTables(database);
  insertPackages(database, 0, packages);
  // Built at the end, in order, they are smaller and made faster than row by row.
  for (const { name, indexed } of indexTables) {
    for (const column of indexed) database.exec(`CREATE INDEX '${name}_${column}_idx' ON '${name}'(${column} ASC)`);
  }
  database.exec("COMMIT");
}

/**
 * Changes a database that nobody else has open: packages go, others come. What stays keeps its number and its header to
 * the last byte.
 */
export function changeSqliteDatabase(
  path: string,
  goes: (header: RpmHeader) => boolean,
  comes: Iterable<InstalledRpm>,
): void {
  using database = openForWriting(path);
  let last = 0;
  const rows = database.prepare("SELECT hnum, blob FROM Packages ORDER BY hnum").all();
  for (const { hnum, blob } of rows as { hnum: number; blob: Uint8Array }[]) {
    last = hnum;
    const bytes = Buffer.from(blob.buffer, blob.byteOffset, blob.length);
    if (!goes(decodeHeader(bytes, `${path}: package ${hnum}`, options))) continue;
    for (const table of ["Packages", ...indexTables.map(({ name }) => name)])
      database.prepare(`DELETE FROM '${table}' WHERE hnum = ?`).run(hnum);
  }
  insertPackages(database, last, comes);
  database.exec("COMMIT");
}

/** Without a journal and without fsync: the file is thrown away when this is cut short. */
function openForWriting(path: string): DatabaseSync {
  const database = new DatabaseSync(path);
  database.exec("PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; PRAGMA foreign_keys = OFF; BEGIN");
  return database;
}

function insertPackages(database: DatabaseSync, last: number, packages: Iterable<InstalledRpm>): void {
  const insertPackage = database.prepare("INSERT INTO Packages VALUES(?, ?)");
  const tables = indexTables.map((table) => ({
    table,
    insert: database.prepare(`INSERT INTO '${table.name}' VALUES(?, ?, ?)`),
  }));
  let number = last;
  for (const installed of packages) {
    const what = installed.header.string(tag.name) ?? "?";
    const blob = encodeInstalled(installed, what);
    number++;
    insertPackage.run(number, blob);
    const stored = decodeHeader(blob, what, options);
    for (const { table, insert } of tables) {
      for (const { key, element } of table.rows(stored)) insert.run(key, number, element);
    }
  }
}

/** The types are quoted as rpm quotes them: its own check compares the schema's text. */
function createTables(database: DatabaseSync): void {
  database.exec("CREATE TABLE 'Packages' (hnum INTEGER PRIMARY KEY AUTOINCREMENT,blob BLOB NOT NULL)");
  for (const { name, keyType } of indexTables) {
    database.exec(
      `CREATE TABLE '${name}' (key '${keyType}' NOT NULL, hnum INTEGER NOT NULL, idx INTEGER NOT NULL, ` +
        "FOREIGN KEY (hnum) REFERENCES 'Packages'(hnum))",
    );
  }
}
