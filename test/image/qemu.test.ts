// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { test } from "node:test";
import { hardwareArguments, type Hardware, loginCredentials } from "../../src/image/index.ts";

const hardware: Hardware = {
  disk: "/a,b.raw",
  format: "raw",
  memory: 1024,
  cpus: 1,
  accelerator: "tcg",
  firmware: { type: "bios" },
  snapshot: true,
  unsafe: false,
  forwards: [{ host: 2222, guest: 22 }],
  credentials: loginCredentials,
};

function valuesOf(option: string, given: Hardware): string[] {
  const args = hardwareArguments(given);
  return args.flatMap((arg, index) => (arg === option ? [args[index + 1]!] : []));
}

test("a comma in the disk's name does not end the option", () => {
  assert.match(valuesOf("-drive", hardware)[0]!, /^file=\/a,,b\.raw,.*snapshot=on$/);
});

test("a further disk keeps what is written to it, whatever becomes of the first one", () => {
  const moreDisks = [{ path: "/target.raw", format: "raw" }] as const;
  const drives = valuesOf("-drive", { ...hardware, moreDisks });
  assert.match(drives[0]!, /^file=\/a,,b\.raw,.*id=disk,.*snapshot=on$/);
  assert.match(drives[1]!, /^file=\/target\.raw,.*id=disk2,.*unmap,snapshot=off$/);
  const devices = valuesOf("-device", { ...hardware, moreDisks });
  assert.ok(devices.indexOf("virtio-blk-pci,drive=disk") < devices.indexOf("virtio-blk-pci,drive=disk2"));
});

test("ports are forwarded from the loopback interface only", () => {
  assert.match(valuesOf("-netdev", hardware)[0]!, /hostfwd=tcp:127\.0\.0\.1:2222-:22/);
});

test("credentials are SMBIOS strings that hold no character of QEMU's syntax", () => {
  const strings = valuesOf("-smbios", hardware);
  assert.equal(strings[0], "type=11,value=io.systemd.credential.binary:agetty.autologin=cm9vdA==");
  assert.equal(strings.length, 2);
});

test("an emulated machine has no cmpxchg16b; one under KVM has the host's processor", () => {
  assert.deepEqual(valuesOf("-cpu", hardware), ["max,-cx16"]);
  assert.deepEqual(valuesOf("-cpu", { ...hardware, accelerator: "kvm" }), ["host"]);
});

test("UEFI firmware is two flash drives, of which the code is read-only", () => {
  const firmware = { type: "uefi", code: "/c.fd", vars: "/v.fd" } as const;
  assert.deepEqual(valuesOf("-drive", { ...hardware, firmware }).slice(0, 2), [
    "if=pflash,format=raw,file=/c.fd,readonly=on",
    "if=pflash,format=raw,file=/v.fd",
  ]);
});
