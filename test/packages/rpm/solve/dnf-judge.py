# SPDX-License-Identifier: Apache-2.0
"""Answers requests as dnf does: one JSON object a line in, one out.

In: {specs, weak, exclude}, and for a system {root, action}: install (the default), upgrade, remove, distro-sync; with
{also}: further specs by action, {allowErasing} and {best}.
Out: sorted NEVRAs that are installed, or null; for a system a list of these and one of those that go.
Arguments: an empty directory for the install root, then repositories as ID=DIRECTORY.
"""
import json
import sys

import dnf
import dnf.exceptions


def make_base(root, repositories, request, system):
    base = dnf.Base()
    conf = base.conf
    conf.installroot = root
    conf.cachedir = root + "/cache"
    conf.persistdir = root + "/persist"
    conf.substitutions["releasever"] = "9"
    conf.substitutions["basearch"] = conf.substitutions["arch"] = "x86_64"
    conf.module_platform_id = "platform:el9"
    conf.best = request.get("best", True)
    conf.install_weak_deps = request["weak"]
    conf.excludepkgs = request.get("exclude", [])
    conf.plugins = False
    for repository in repositories:
        name, directory = repository.split("=", 1)
        base.repos.add_new_repo(name, conf, baseurl=["file://" + directory])
    base.fill_sack(load_system_repo=system)
    return base


def mark(base, action, specs):
    for spec in specs:
        if action == "install" and spec.startswith("@"):
            base.install_specs([spec])
        elif action == "install":
            base.install(spec)
        elif action == "upgrade":
            base.upgrade(spec)
        elif action == "remove":
            base.remove(spec)
    if not specs:
        base.upgrade_all() if action == "upgrade" else base.distro_sync()


def nevras(packages):
    return sorted(str(package) for package in packages)


def answer(root, repositories, request):
    system = request.get("root")
    action = request.get("action", "install")
    base = make_base(system or root, repositories, request, system is not None)
    try:
        mark(base, action, request["specs"])
        for other, specs in request.get("also", {}).items():
            mark(base, other, specs)
        base.resolve(allow_erasing=request.get("allowErasing", action == "remove"))
        coming = nevras(base.transaction.install_set if base.transaction else [])
        if system is None:
            return coming
        return [coming, nevras(base.transaction.remove_set if base.transaction else [])]
    except dnf.exceptions.Error:
        return None
    finally:
        base.close()


for line in sys.stdin:
    print(json.dumps(answer(sys.argv[1], sys.argv[2:], json.loads(line))), flush=True)
