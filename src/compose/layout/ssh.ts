// SPDX-License-Identifier: Apache-2.0
import type { DirNode } from "../../ostree/index.ts";
import { lookupFile, makeFileNode, makeSymlinkNode, put } from "../tree.ts";

const unit = `[Unit]
Description=Generate the SSH host keys
Documentation=man:ssh-keygen(1)
ConditionPathExists=|!/etc/ssh/ssh_host_rsa_key
ConditionPathExists=|!/etc/ssh/ssh_host_ecdsa_key
ConditionPathExists=|!/etc/ssh/ssh_host_ed25519_key
Before=ssh.service ssh.socket sshd.service

[Service]
Type=oneshot
RemainAfterExit=yes
ExecStart=/usr/bin/ssh-keygen -A
`;

/** The keys that the package made are every machine's and so nobody's; each machine makes its own at first boot. */
export function addSshKeygen(tree: DirNode): void {
  const server = ["usr/lib/systemd/system/ssh.service", "usr/lib/systemd/system/sshd.service"];
  if (!server.some((path) => lookupFile(tree, path))) return;
  // Fedora's openssh-server has its own units for that.
  if (lookupFile(tree, "usr/lib/systemd/system/sshd-keygen.target")) return;
  const name = "atomic-ssh-keygen.service";
  put(tree, `usr/lib/systemd/system/${name}`, makeFileNode(unit));
  put(tree, `usr/lib/systemd/system/multi-user.target.wants/${name}`, makeSymlinkNode(`../${name}`));
}
