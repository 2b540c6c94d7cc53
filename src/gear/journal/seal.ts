// SPDX-License-Identifier: Apache-2.0
import { rmSync } from "node:fs";
import { join } from "node:path";
import { lstatIfExists, makeDirectories, readTextIfExists, removeIfExists, run } from "../../base/index.ts";
import { gearError } from "../errors.ts";
import type { Name } from "../name.ts";
import type { ServiceManager } from "../systemd/model.ts";
import { expectDone } from "../systemd/expect-done.ts";
import { journalService } from "../tenant/journal.ts";
import { removeServiceFiles, type ServiceFile, writeServiceFiles } from "./service-files.ts";
import { hostJournal, readHeader } from "./verify.ts";

/** A journal that is sealed from now on (Forward Secure Sealing, journalctl(1) --setup-keys). */
export interface SealedJournal {
  /** `host`, or a tenant. */
  readonly journal: string;
  /** What verifies it; kept nowhere on this host. Undefined: it was sealed before, and nobody here knows. */
  readonly verificationKey: string | undefined;
  /** Why its journald did not begin to seal. */
  readonly problem: string | undefined;
}

/**
 * Seals the journals of the host and of tenants that are not sealed yet.
 *
 * The sealing key of a host is one file, whatever the namespace (journal_file_fss_load), which each journald brings forward as
 * its own: seals of two that share it do not verify. So each tenant's journald has a directory with a key of its own where the
 * host's would be, and without one does not seal (`journalSettings`).
 *
 * @param interval of systemd.time(7): how long after it was written an entry can still be changed unnoticed
 */
export async function sealJournals(
  services: ServiceManager,
  tenants: readonly Name[],
  interval: string,
): Promise<SealedJournal[]> {
  const machine = readTextIfExists("/etc/machine-id")?.trim() ?? "";
  const own = join("/var/log/journal", machine);
  // First what was kept in memory so far: it is older than any seal, which would not verify with it in the same file.
  makeDirectories(own);
  await run("journalctl", ["--flush"]);
  const keys = await setUpAllKeys(tenants, own, interval);
  for (const tenant of tenants) writeServiceFiles(sealFiles(tenant));
  await services.daemonReload();
  const sealed: SealedJournal[] = [];
  for (const [journal, verificationKey] of keys) {
    const begin = verificationKey === undefined ? undefined : beginSealing(services, journal, own);
    // The key is told all the same: nobody could tell it later.
    const problem = await begin?.then(
      () => undefined,
      (error: Error) => error.message,
    );
    sealed.push({ journal, verificationKey, problem });
  }
  return sealed;
}

/** By journal. Where one cannot be made, none is: those of the others would be known to nobody. */
async function setUpAllKeys(
  tenants: readonly Name[],
  own: string,
  interval: string,
): Promise<ReadonlyMap<string, string | undefined>> {
  const directories = new Map([[hostJournal, own], ...tenants.map((name) => [name, keyDirectory(name)] as const)]);
  const keys = new Map<string, string | undefined>();
  try {
    for (const [journal, directory] of directories) keys.set(journal, await setUpKeys(directory, own, interval));
    return keys;
  } catch (error) {
    for (const [journal, key] of keys) if (key !== undefined) removeIfExists(join(directories.get(journal)!, "fss"));
    throw error;
  }
}

/**
 * Keys are read when a file is begun. One that is begun and put aside within one interval does not verify with systemd 257 ("Epoch
 * sequence not continuous"), so that no more of them are begun than must be.
 */
async function beginSealing(services: ServiceManager, journal: string, own: string): Promise<void> {
  if (journal === hostJournal) {
    await run("journalctl", ["--rotate"]);
    return;
  }
  expectDone(await services.restart(journalService(journal as Name)));
  const { isSealed } = await readHeader(join(`${own}.${journal}`, "system.journal"));
  if (!isSealed) await run("journalctl", [`--namespace=${journal}`, "--rotate"]);
}

/** What sealing a tenant's journal needs, for whoever deletes the tenant. */
export function removeSeal(tenant: Name, root = "/"): void {
  removeServiceFiles(
    sealFiles(tenant).map(({ path }) => path),
    root,
  );
  rmSync(join(root, keyDirectory(tenant)), { recursive: true, force: true });
}

const keyDirectory = (tenant: Name): string => `/var/lib/atomic/gear/journal-keys/${tenant}`;

function sealFiles(tenant: Name): ServiceFile[] {
  const name = "50-atomic-seal.conf";
  return [
    {
      path: `etc/systemd/system/${journalService(tenant)}.d/${name}`,
      content: `[Service]\nBindPaths=${keyDirectory(tenant)}:/var/log/journal/%m\n`,
    },
    { path: `etc/systemd/journald@${tenant}.conf.d/${name}`, content: "[Journal]\nSeal=yes\n" },
  ];
}

/**
 * Has journalctl make the keys: the sealing key in a directory, the verification key for us.
 * @param place where journalctl writes it; another directory is put there, for journalctl alone
 */
async function setUpKeys(directory: string, place: string, interval: string): Promise<string | undefined> {
  if (lstatIfExists(join(directory, "fss")) !== undefined) return undefined;
  makeDirectories(directory, directory === place ? 0o755 : 0o700);
  const script = '[ "$1" = "$2" ] || mount --bind "$1" "$2"; exec journalctl --setup-keys --interval="$3"';
  const args = ["--mount", "--propagation=private", "sh", "-ec", script, "sh", directory, place, interval];
  const { stdout } = await run("unshare", args);
  const key = stdout.trim();
  if (/^[0-9a-f-]+\/[0-9a-f]+-[0-9a-f]+$/.test(key)) return key;
  throw gearError("bad-journal", "journalctl --setup-keys printed no verification key");
}
