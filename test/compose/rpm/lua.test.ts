// SPDX-License-Identifier: Apache-2.0
// Lua scriptlets leave the same files as they do under the stock rpm. Needs root.
import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { after, before, test } from "node:test";
import { ScriptSession } from "../../../src/compose/rpm/scripts/session.ts";
import { makeWorkspace } from "../../../src/compose/sandbox.ts";
import { makeRpms } from "./rpms.ts";

let scratch: string;
before(() => {
  scratch = mkdtempSync(join(tmpdir(), "atomic-lua-"));
});
after(() => rmSync(scratch, { recursive: true, force: true }));

/** The root that scriptlets run in: a shell, and the accounts that names are looked up in. */
function makeRoot(directory: string): void {
  for (const name of ["etc", "tmp", "usr/bin", "usr/lib/rpm/lua", "var/lib", "var/tmp", "dev", "proc", "run"]) {
    mkdirSync(join(directory, name), { recursive: true });
  }
  execFileSync("ln", ["-s", "usr/bin", join(directory, "bin")]);
  cpSync("/bin/busybox", join(directory, "usr/bin/busybox"));
  for (const name of ["sh", "touch", "echo", "cat", "false"]) {
    execFileSync("ln", ["-s", "busybox", join(directory, "usr/bin", name)]);
  }
  writeFileSync(join(directory, "etc/passwd"), "root:x:0:0:root:/root:/bin/sh\ndaemon:x:1:2:Daemon:/:/bin/false\n");
  writeFileSync(join(directory, "etc/group"), "root:x:0:\ndaemon:x:2:one,two\n");
  writeFileSync(join(directory, "etc/text"), "first\nsecond\n42 rest\nlast");
  execFileSync("ln", ["-s", "/etc/text", join(directory, "etc/absolute")]);
  writeFileSync(join(directory, "etc/packed.gz"), gzipSync("unpacked\n"));
}

/** What is below a root, as far as scriptlets can make it: type, mode, owner, content. */
function listing(root: string): string {
  const script = `find . -path ./var/lib/rpm -prune -o -path ./usr/lib/sysimage -prune -o -type d -printf '%y %m %U %G - %p\\n' -o -printf '%y %m %U %G %n %p %l\\n' | sort -k6
find etc var -path var/lib/rpm -prune -o -type f -print | sort | xargs sha256sum`;
  return execFileSync("sh", ["-c", script], { cwd: root, encoding: "utf8" });
}

function stock(
  name: string,
  script: string,
): { readonly root: string; readonly code: number; readonly output: string } {
  const root = join(scratch, `stock-${name}`);
  mkdirSync(root);
  makeRoot(root);
  const [rpm = ""] = makeRpms(scratch, [{ name, scripts: `%pre -p <lua>\n${script.replaceAll("%", "%%")}\n` }]);
  const args = ["--root", root, "--define", "_dbpath /usr/lib/sysimage/rpm", "--nosignature", "-i", rpm];
  const { status, stdout, stderr } = spawnSync("rpm", args, { encoding: "utf8", env: { PATH: process.env["PATH"] } });
  return { root, code: status ?? -1, output: stdout + stderr };
}

async function ours(name: string, script: string, lines?: string[], instructions?: number) {
  const workspace = makeWorkspace(join(scratch, `ours-${name}`));
  makeRoot(workspace.lower);
  const env = { PATH: "/sbin:/bin:/usr/sbin:/usr/bin" };
  let end;
  {
    await using session = new ScriptSession(workspace);
    await session.open();
    end = await session.run({
      kind: "lua",
      script,
      name,
      args: ["1"],
      env,
      macros: { _own: "given" },
      ...(lines && { lines }),
      ...(instructions !== undefined && { instructions }),
    });
    await session.close();
  }
  const merged = join(scratch, `merged-${name}`);
  const copy = `mount -t overlay overlay -o lowerdir=lower,upperdir=upper,workdir=work2 merged && cp -a merged/. "$0"`;
  mkdirSync(join(workspace.path, "work2"));
  execFileSync("unshare", ["--mount", "sh", "-c", copy, merged], { cwd: workspace.path });
  return { root: merged, ...end };
}

const scripts: Record<string, string> = {
  files: `
    assert(posix.mkdir("/etc/new") == 0)
    posix.chmod("/etc/new", "u=rwx,go-w"); posix.chmod("/etc/text", 640)
    posix.symlink("../text", "/etc/new/link"); posix.link("/etc/text", "/etc/hard")
    posix.mkfifo("/etc/pipe"); posix.chown("/etc/new", "daemon", "daemon")
    local f = io.open("/etc/written", "w"); f:write("a", 1, 2.5, "\\n"); f:close()
    f = io.open("/etc/written", "a+"); f:write("more\\n"); f:seek("set", 0); local line = f:read(); f:close()
    f = io.open("/etc/absolute", "r+"); f:seek("set", 6); f:write("SECOND"); f:close()
    os.rename("/etc/hard", "/etc/renamed"); assert(posix.rmdir("/tmp") == 0); assert(os.remove("/etc/group"))
    io.open("/etc/line", "w"):write(line):close()
    posix.umask(77); io.open("/etc/masked", "w"):close(); posix.utime("/etc/masked", 5, 5)`,
  values: `
    local out = io.open("/etc/out", "w")
    local function say(...) for i = 1, select("#", ...) do out:write(tostring((select(i, ...))), "|") end out:write("\\n") end
    say(arg[1], arg[2], #arg, type(arg[2]), _VERSION:sub(1, 5))
    say(posix.access("/etc/text", "r"), posix.access("/none")); say(posix.chmod("/none", 644)); say(posix.errno())
    say(posix.stat("/etc/text", "size"), posix.stat("/etc/text", "type"), posix.stat("/etc/absolute", "type"))
    say(posix.stat("/etc/text", "mode"), posix.stat("/etc/text").uid, posix.stat("/none"))
    say(posix.getpasswd("daemon", "shell"), posix.getpasswd(0).name, posix.getgroup("daemon").gid, posix.getgroup(2)[2])
    say(posix.readlink("/etc/absolute"), posix.readlink("/etc/text")); say(posix.getcwd()); posix.chdir("/etc"); say(posix.getcwd())
    say(posix.getprocessid("uid"), posix.umask()); posix.umask("ug-w"); say(posix.umask())
    say(rpm.vercmp("1.0~rc1-1", "1.0-1"), rpm.vercmp("2:1-1", "1-2"), rpm.vercmp("1^a", "1"))
    say(rpm.b64encode("blob data"), rpm.b64decode("YmxvYg=="), #rpm.b64encode(("x"):rep(100)), rpm.b64encode("abc", 0))
    rpm.define("mine some %{?none:no}text"); say(rpm.expand("%{mine} %mine %% %{!?none:absent} %{?mine:there} %{unknown}"))
    say(macros.mine, rpm.isdefined("mine"), macros.none)
    say(rpm.ver("3:1.5-2").e, rpm.ver("3:1.5-2").v, rpm.ver("1.5").r, tostring(rpm.ver(1, "2", "3")), rpm.ver("1") < rpm.ver("2"))
    for line in io.lines("/etc/text") do say(line) end
    local f = io.open("/etc/text"); say(f:read("l", 3, "n")); say(f:read("a")); say(f:read("l")); f:close()
    say(io.open("/none")); say(pcall(io.lines, "/none")); say(io.type(f), io.type(1))
    f = rpm.open("/etc/text"); say(f:read(4)); say(f:read()); f:close()
    f = rpm.open("/etc/packed.gz", "r.gzdio"); say(f:read()); f:close()
    local names = posix.dir("/etc"); table.sort(names); say(table.unpack(names))
    local found = {}; for n in posix.files("/usr") do found[#found + 1] = n end table.sort(found); say(table.unpack(found))
    say(posix.uname("%s"))
    say((pcall(posix.mkdir))); say(pcall(error, "own")); say(os.getenv("NONE"), os.remove("/none"))
    out:close()`,
  programs: `
    local out = io.open("/etc/out", "w")
    local function say(...) for i = 1, select("#", ...) do out:write(tostring((select(i, ...))), "|") end out:write("\\n") end
    say(rpm.execute("/usr/bin/touch", "/etc/touched")); say((rpm.execute("false"))); say((rpm.execute("/none")))
    say(os.execute("exit 3")); say(os.execute("true && echo x > /etc/by-shell"))
    local p = io.popen("echo one; echo two"); say(p:read("l")); say(p:read("a")); say(p:close())
    posix.setenv("GIVEN", "value"); os.execute("echo $GIVEN > /etc/given"); posix.chdir("/var"); os.execute("echo > here")
    out:close()`,
  fork: `
    local log = io.open("/etc/log", "a")
    log:write("before\\n"); log:flush()
    local function start(program, ...)
      local pid = posix.fork()
      if pid == 0 then posix.setenv("CHILD", "yes"); posix.exec(program, ...); os.exit(1)
      elseif pid > 0 then posix.wait(pid) end
      return pid
    end
    assert(start("/bin/sh", "-c", "echo $CHILD >> /etc/children") > 0)
    assert(start("/bin/touch", "/etc/second") > 0)
    assert(start("/none") > 0)
    log:write("after ", tostring(os.getenv("CHILD")), "\\n"); log:close()
    local pid = posix.fork()
    if pid == 0 then io.open("/etc/by-child", "w"):close() else posix.wait(pid); io.open("/etc/by-parent", "w"):close() end`,
};

test("no path leads out of the tree, and a script that fails says why", async () => {
  const outside = join(scratch, "outside");
  writeFileSync(outside, "kept");
  const escape = `
    posix.symlink("${outside}", "/etc/out"); posix.symlink("../../../../../..${outside}", "/etc/relative")
    for _, path in ipairs({ "/etc/out", "/etc/relative", "${outside}", "../../../..${outside}" }) do
      assert(io.open(path) == nil, path); assert(not posix.chmod(path, 777)); assert(not os.remove("${outside}"))
    end
    assert(rpm.expand("%{_own}") == "given"); posix.chdir("/"); posix.chdir(".."); assert(posix.stat("etc/text")); assert(not posix.stat("work"))
    for _, name in ipairs({ "setuid", "setgid", "kill" }) do assert(not pcall(posix[name], 1)) end
    error("the reason")`;
  const { code, output } = await ours("escape", escape);
  assert.equal(code, 1);
  assert.match(output, /the reason\n$/);
  assert.equal(readFileSync(outside, "utf8"), "kept");
});

test("a script that forks without end is ended", async () => {
  const { code, output } = await ours(
    "forks",
    "while true do if posix.fork() == 0 then posix.exec('/bin/false') end end",
  );
  assert.equal(code, 1);
  assert.match(output, /more than 64 forks/);
});

for (const [name, script] of Object.entries({
  plain: "while true do end",
  catching: "while true do pcall(function() while true do end end) end",
  coroutines: "while true do pcall(coroutine.wrap(function() while true do pcall(error) end end)) end",
})) {
  test(`an endless loop is ended: ${name}`, async () => {
    const { code, output } = await ours(`endless-${name}`, script, undefined, 1_000_000);
    assert.equal(code, 1);
    assert.match(output, /the script was ended after 1000000 instructions/);
  });
}

test("a chunk of bytecode that a script brings along is refused", async () => {
  const { code, output } = await ours("bytecode", 'assert(load(string.dump(function() end), "x", "t"))');
  assert.equal(code, 1);
  assert.match(output, /attempt to load a binary chunk/);
});

test("a file trigger's script is given its paths by rpm.next_file", async () => {
  const script = "local path = rpm.next_file(); while path do print(path); path = rpm.next_file() end";
  const { output } = await ours("lines", script, ["/usr/a", "/usr/b\u00e9"]);
  assert.equal(output, "/usr/a\n/usr/b\u00e9\n");
});

for (const [name, script] of Object.entries(scripts)) {
  test(`the stock rpm and this leave the same: ${name}`, async () => {
    const [theirs, mine] = [stock(name, script), await ours(name, script)];
    assert.equal(theirs.code, 0, theirs.output);
    assert.equal(mine.code, 0, mine.output);
    for (const file of ["etc/out", "etc/log"]) {
      const text = (root: string) => {
        try {
          return readFileSync(join(root, file), "utf8").replaceAll("Lua 5.3", "Lua 5.4");
        } catch {
          return "";
        }
      };
      assert.equal(text(mine.root), text(theirs.root));
    }
    assert.equal(listing(mine.root), listing(theirs.root));
  });
}
