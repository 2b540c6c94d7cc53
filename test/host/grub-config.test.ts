// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { test } from "node:test";
import { parseBlsEntry } from "../../src/formats/index.ts";
import { renderGrubConfig } from "../../src/host/index.ts";

const entry = (title: string, options: string) =>
  parseBlsEntry(
    `title ${title}\noptions ${options}\nlinux /boot/k\ninitrd /boot/i\ninitrd /boot/overlay\ndevicetree /boot/dtb\n`,
  );

test("one menu entry for each boot entry, in order, the others as fallbacks", () => {
  const text = renderGrubConfig([entry("New (ostree:0)", "root=LABEL=root rw"), entry("Old (ostree:1)", "rw")]);
  assert.equal(
    text,
    `# Written by atomic from the boot entries beside it; changes are lost.
set default=0
set fallback="1"
if [ -z "\${timeout_style}" ]; then set timeout_style=menu; fi
set timeout=1
menuentry 'New (ostree:0)' --id ostree-0 {
  linux /boot/k root=LABEL=root rw
  initrd /boot/i /boot/overlay
  devicetree /boot/dtb
}
menuentry 'Old (ostree:1)' --id ostree-1 {
  linux /boot/k rw
  initrd /boot/i /boot/overlay
  devicetree /boot/dtb
}
`,
  );
});

test("nothing in titles and arguments is taken as GRUB's language", () => {
  const text = renderGrubConfig([entry(`It's $(evil) {"x"} \\ ;`, `a=$b c='d' dyndbg="file a.c +p; x" |&<>`)]);
  // GRUB's own parser is the judge of the syntax.
  execFileSync("grub-script-check", { input: text });
  assert.match(text, /menuentry 'It'"'"'s \$\(evil\) \{x\} \\ ;' --id/);
  assert.match(text, /linux \/boot\/k 'a=\$b' 'c='"'"'d'"'"'' 'dyndbg=file a\.c \+p; x' '\|&<>'/);
});

test("a single entry has no fallback, none is an empty menu", () => {
  assert.doesNotMatch(renderGrubConfig([entry("x", "rw")]), /fallback/);
  execFileSync("grub-script-check", { input: renderGrubConfig([]) });
});
