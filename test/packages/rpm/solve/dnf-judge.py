# SPDX-License-Identifier: Apache-2.0
"""Answers requests as dnf does: one JSON object a line, {specs, weak, exclude} in, a sorted list of NEVRAs or null out.

Arguments: an empty directory for the install root, then repositories as ID=DIRECTORY.
"""
import json
import sys

import dnf
import dnf.exceptions


def make_base(root, repositories, weak, exclude):
    base = dnf.Base()
    conf = base.conf
    conf.installroot = root
    conf.cachedir = root + "/cache"
    conf.persistdir = root + "/persist"
    conf.substitutions["releasever"] = "9"
    conf.substitutions["basearch"] = conf.substitutions["arch"] = "x86_64"
    conf.module_platform_id = "platform:el9"
    conf.best = True
    conf.install_weak_deps = weak
    conf.excludepkgs = exclude
    conf.plugins = False
    for repository in repositories:
        name, directory = repository.split("=", 1)
        base.repos.add_new_repo(name, conf, baseurl=["file://" + directory])
    base.fill_sack(load_system_repo=False)
    return base


def answer(root, repositories, request):
    base = make_base(root, repositories, request["weak"], request.get("exclude", []))
    try:
        for spec in request["specs"]:
            base.install(spec)
        base.resolve()
        return sorted(str(package) for package in base.transaction.install_set)
    except (dnf.exceptions.MarkingError, dnf.exceptions.DepsolveError):
        return None
    finally:
        base.close()


for line in sys.stdin:
    print(json.dumps(answer(sys.argv[1], sys.argv[2:], json.loads(line))), flush=True)
