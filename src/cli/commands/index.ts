// SPDX-License-Identifier: Apache-2.0
import type { Command } from "../command.ts";

type Loader = () => Promise<{ readonly default: Command }>;

/** Every command by the words that call it; each is loaded only when it is called. */
export const commands: Readonly<Record<string, Loader>> = {
  completion: () => import("./completion.ts"),
  "compose resolve": () => import("./compose/resolve.ts"),
  "compose tree": () => import("./compose/tree.ts"),
  doctor: () => import("./doctor.ts"),
  explain: () => import("./explain.ts"),
  "host cleanup": () => import("./host/cleanup.ts"),
  quickstart: () => import("./quickstart.ts"),
  "host deploy": () => import("./host/deploy.ts"),
  "host finalize-staged": () => import("./host/finalize-staged.ts"),
  "host init": () => import("./host/init.ts"),
  "host kargs": () => import("./host/kargs.ts"),
  "host pin": () => import("./host/pin.ts"),
  "host refresh-menu": () => import("./host/refresh-menu.ts"),
  "host rollback": () => import("./host/rollback.ts"),
  "host status": () => import("./host/status.ts"),
  "host unpin": () => import("./host/unpin.ts"),
  "host upgrade": () => import("./host/upgrade.ts"),
  "image build": () => import("./image/build.ts"),
  "image run": () => import("./image/run.ts"),
  "ostree cat": () => import("./ostree/cat.ts"),
  "ostree checkout": () => import("./ostree/checkout.ts"),
  "ostree checksum": () => import("./ostree/checksum.ts"),
  "ostree commit": () => import("./ostree/commit.ts"),
  "ostree config": () => import("./ostree/config.ts"),
  "ostree create-usb": () => import("./ostree/create-usb.ts"),
  "ostree diff": () => import("./ostree/diff.ts"),
  "ostree find-remotes": () => import("./ostree/find-remotes.ts"),
  "ostree fsck": () => import("./ostree/fsck.ts"),
  "ostree sign": () => import("./ostree/sign.ts"),
  "ostree gpg-sign": () => import("./ostree/gpg-sign.ts"),
  "ostree init": () => import("./ostree/init.ts"),
  "ostree log": () => import("./ostree/log.ts"),
  "ostree ls": () => import("./ostree/ls.ts"),
  "ostree prune": () => import("./ostree/prune.ts"),
  "ostree pull": () => import("./ostree/pull.ts"),
  "ostree pull-local": () => import("./ostree/pull-local.ts"),
  "ostree refs": () => import("./ostree/refs.ts"),
  "ostree remote add": () => import("./ostree/remote-add.ts"),
  "ostree remote delete": () => import("./ostree/remote-delete.ts"),
  "ostree remote gpg-list-keys": () => import("./ostree/remote-gpg-list-keys.ts"),
  "ostree remote gpg-import": () => import("./ostree/remote-gpg-import.ts"),
  "ostree remote list": () => import("./ostree/remote-list.ts"),
  "ostree remote refs": () => import("./ostree/remote-refs.ts"),
  "ostree remote show-url": () => import("./ostree/remote-show-url.ts"),
  "ostree remote summary": () => import("./ostree/remote-summary.ts"),
  "ostree reset": () => import("./ostree/reset.ts"),
  "ostree rev-parse": () => import("./ostree/rev-parse.ts"),
  "ostree show": () => import("./ostree/show.ts"),
  "ostree static-delta apply-offline": () => import("./ostree/static-delta/apply-offline.ts"),
  "ostree static-delta delete": () => import("./ostree/static-delta/delete.ts"),
  "ostree static-delta indexes": () => import("./ostree/static-delta/indexes.ts"),
  "ostree static-delta list": () => import("./ostree/static-delta/list.ts"),
  "ostree static-delta reindex": () => import("./ostree/static-delta/reindex.ts"),
  "ostree static-delta show": () => import("./ostree/static-delta/show.ts"),
  "ostree static-delta verify": () => import("./ostree/static-delta/verify.ts"),
  "ostree summary": () => import("./ostree/summary.ts"),
};

export async function loadCommand(name: string): Promise<Command> {
  const loader = commands[name];
  if (loader === undefined) throw new Error(`no command ${name}`);
  return (await loader()).default;
}
