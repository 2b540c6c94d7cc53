// SPDX-License-Identifier: Apache-2.0
/**
 * How one gets into a machine whose image has no password and no key: by credentials that the hypervisor hands to the
 * guest's systemd (systemd.system-credentials(7)). The image itself stays as it is shipped.
 */
export interface Credential {
  readonly name: string;
  readonly value: string;
}

/** Logs root in on the serial console without a password (agetty(8) and login(1), "CREDENTIALS"). */
export const loginCredentials: readonly Credential[] = [
  { name: "agetty.autologin", value: "root" },
  { name: "login.noauth", value: "yes" },
];

const unit = "atomic-console-shell.service";

/** Begins the lines of the protocol. Constant, so that a restored machine's shell can be talked to; nobody prints it. */
export const shellMark = "@@atomic-8d41c6f0";

/**
 * Starts a shell for a program on the second serial line, by a unit that systemd-debug-generator(8) makes from the
 * credential. One line in, `NUMBER BASE64-OF-SCRIPT`, gives `MARK begin NUMBER`, the output, `MARK end NUMBER STATUS`.
 */
export const shellCredentials: readonly Credential[] = [
  { name: `systemd.extra-unit.${unit}`, value: shellUnit() },
  { name: "systemd.unit-dropin.sysinit.target", value: `[Unit]\nWants=${unit}\n` },
];

function shellUnit(): string {
  const loop = [
    "stty raw -echo",
    `echo ${shellMark} ready`,
    "while read -r number text",
    `do echo "$text" | base64 -d >/run/atomic-console-shell`,
    `echo ${shellMark} begin $number`,
    "/bin/sh /run/atomic-console-shell </dev/null 2>&1",
    `printf "\\n${shellMark} end %%s %%s\\n" $number $?`,
    "done",
  ].join("; ");
  // In a unit file `$` and `%` are doubled, and a backslash too.
  const escaped = loop.replace("; do; ", "; do ").replaceAll("$", "$$$$").replaceAll("\\n", "\\\\n");
  return `[Unit]
Description=Shell for the program that runs this machine
DefaultDependencies=no
IgnoreOnIsolate=yes
ConditionPathExists=!/etc/initrd-release
[Service]
Environment=HOME=/root TERM=dumb LC_ALL=C.UTF-8
ExecStart=/bin/sh -c '${escaped}'
StandardInput=tty
StandardOutput=tty
StandardError=tty
TTYPath=/dev/ttyS1
Restart=always
RestartSec=1
KillMode=process
`;
}
