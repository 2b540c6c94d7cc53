// SPDX-License-Identifier: Apache-2.0
/** Tiny RPM packages that tests make with rpmbuild. */
import { execFileSync } from "node:child_process";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";

export interface RpmSpec {
  readonly name: string;
  readonly version?: string;
  readonly release?: string;
  readonly architecture?: "noarch" | "x86_64";
  /** More lines of the preamble: `Requires: x`. */
  readonly preamble?: string;
  /** Content or link by path; the lines of %files are made of it unless `list` is given. */
  readonly files?: Readonly<Record<string, string | Buffer | { readonly link: string } | { readonly directory: true }>>;
  /** Attributes in %files, by path: `%config %attr(0755,root,root)`. */
  readonly attributes?: Readonly<Record<string, string>>;
  /** More lines of %files: ghosts, directories. */
  readonly list?: string;
  /** Scriptlets as they stand in a spec: `%post -p <lua>\n...`. */
  readonly scripts?: string;
  /** Shell lines that run on the finished root of the build. */
  readonly install?: string;
}

const applets = ["sh", "grep", "wc", "cat", "echo", "touch", "ls", "sort", "mkdir", "id", "true"];

/** The smallest root that scriptlets run in: a merged /usr, accounts and a shell. */
export function tinyRpmBase(): RpmSpec[] {
  return [
    {
      name: "filesystem",
      preamble: "Requires(pre): setup",
      files: {
        "/bin": { link: "usr/bin" },
        "/lib": { link: "usr/lib" },
        "/lib64": { link: "usr/lib64" },
        "/sbin": { link: "usr/sbin" },
        "/etc": { directory: true },
        "/home": { directory: true },
        "/usr/bin": { directory: true },
        "/usr/lib": { directory: true },
        "/usr/lib64": { directory: true },
        "/usr/sbin": { directory: true },
        "/var/lib": { directory: true },
        "/var/tmp": { directory: true },
        "/var/mail": { link: "spool/mail" },
        "/tmp": { directory: true },
      },
      attributes: { "/tmp": "%attr(1777,root,root)", "/var/tmp": "%attr(1777,root,root)" },
    },
    {
      name: "setup",
      files: {
        "/etc/passwd": "root:x:0:0:root:/root:/bin/sh\ndaemon:x:2:3:daemon:/:/bin/false\n",
        "/etc/group": "root:x:0:\ndaemon:x:3:\n",
        "/etc/shells": "/bin/sh\n",
      },
    },
    {
      name: "shell",
      architecture: "x86_64",
      preamble: "Requires: filesystem\nProvides: /bin/sh",
      files: {
        "/usr/bin/busybox": readFileSync("/bin/busybox"),
        ...Object.fromEntries(applets.map((name) => [`/usr/bin/${name}`, { link: "busybox" }])),
      },
      attributes: { "/usr/bin/busybox": "%attr(0755,root,root)" },
    },
  ];
}

/** Builds packages, and returns their paths in the order given. The epoch of their times is fixed. */
export function makeRpms(directory: string, specs: readonly RpmSpec[]): string[] {
  return specs.map((spec) => {
    const top = join(directory, `build-${spec.name}-${spec.version ?? "1"}`);
    const root = join(top, "root");
    mkdirSync(root, { recursive: true });
    writeFiles(root, spec);
    const file = join(top, `${spec.name}.spec`);
    writeFileSync(file, specText(spec, root));
    const { architecture = "noarch" } = spec;
    const defines = { _topdir: top, _rpmdir: directory, _rpmfilename: "%{NAME}-%{VERSION}-%{RELEASE}.%{ARCH}.rpm" };
    const options = Object.entries({ ...defines, ...fixed }).flatMap(([name, value]) => [
      "--define",
      `${name} ${value}`,
    ]);
    execFileSync("rpmbuild", ["-bb", "--quiet", "--target", architecture, ...options, file], {
      env: { ...process.env, SOURCE_DATE_EPOCH: "1700000000" },
      stdio: ["ignore", "ignore", "pipe"],
    });
    return join(directory, `${spec.name}-${spec.version ?? "1"}-${spec.release ?? "1"}.${architecture}.rpm`);
  });
}

const fixed = {
  use_source_date_epoch_as_buildtime: "1",
  clamp_mtime_to_source_date_epoch: "1",
  _buildhost: "localhost",
  _binary_payload: "w3.zstdio",
  _build_id_links: "none",
  debug_package: "%{nil}",
  __os_install_post: "%{nil}",
  // Otherwise programs of the packages are looked into for what they need.
  __find_requires: "%{nil}",
  __find_provides: "%{nil}",
  _use_internal_dependency_generator: "0",
};

function writeFiles(root: string, { files = {} }: RpmSpec): void {
  for (const [path, content] of Object.entries(files)) {
    const target = join(root, path);
    mkdirSync(dirname(target), { recursive: true });
    if (typeof content === "string" || Buffer.isBuffer(content)) writeFileSync(target, content, { mode: 0o644 });
    else if ("directory" in content) mkdirSync(target, { recursive: true });
    else execFileSync("ln", ["-sfn", content.link, target]);
  }
}

function specText(spec: RpmSpec, root: string): string {
  const { name, version = "1", release = "1", preamble = "", files = {}, attributes = {} } = spec;
  const { list = "", scripts = "", install = "" } = spec;
  const lines = Object.entries(files).map(([path, content]) => {
    const directory = typeof content === "object" && "directory" in content ? "%dir " : "";
    return `${directory}${attributes[path] ?? "%attr(-,root,root)"} ${path}`;
  });
  return `Name: ${name}
Version: ${version}
Release: ${release}
Summary: package ${name}
License: none
AutoReqProv: no
${preamble}
%description
A package of the tests.
%install
rm -rf %{buildroot}; mkdir -p %{buildroot}; cp -a ${root}/. %{buildroot}/
${install}
${scripts}
%files
%defattr(-,root,root)
${lines.join("\n")}
${list}
`;
}
