# SPDX-License-Identifier: Apache-2.0
"""What a treefile comes to by the words of rpm-ostree's docs/treefile.md: a second computation to judge the first by."""
import json, os, re, sys
import yaml

SETS = {"packages", "ignore-removed-users", "ignore-removed-groups"}
MAPS = {"add-commit-metadata", "metadata", "repovars"}
LEGACY = {"boot_location", "default_target", "automatic_version_prefix", "gpg_key"}
SUBSTITUTED = ("ref", "automatic-version-prefix", "mutate-os-release", "platform-module")
UNPRINTED = {"include", "arch-include", "conditional-include", "variables", "repovars"}
# Keys of the data that no version of rpm-ostree has known; only the outermost file's are printed.
UNKNOWN = {"comment", "osname", "install-langs-comment"}


def holds(condition, variables):
    conditions = condition if isinstance(condition, list) else [condition]
    for one in conditions:
        name, operator, value = re.match(r"\s*(\w+)\s*(\S+)\s*(.*?)\s*$", one).groups()
        left, right = variables[name], json.loads(value)
        assert type(left) is type(right), one
        if not eval("left %s right" % operator, {}, {"left": left, "right": right}):
            return False
    return True


def words(items):
    return [word for item in items for word in item.split()]


def read(path, arch, variables):
    text = open(path).read()
    own = yaml.safe_load(text) if path.endswith((".yaml", ".yml")) else json.loads(text)
    own = {(key.replace("_", "-") if key in LEGACY else key): value for key, value in own.items()}
    for key in ("bootstrap_packages", "packages-" + arch):
        own["packages"] = own.get("packages", []) + own.pop(key, [])
    own["packages"] = words(own.get("packages", []))
    for entry in own.get("repo-packages", []):
        entry["packages"] = sorted(set(words(entry["packages"])))
    given = dict(own.get("variables", {}))
    if "releasever" in own:
        given["releasever"] = own["releasever"]
    for name, value in given.items():
        variables.setdefault(name, value)
    many = lambda value: value if isinstance(value, list) else [value]
    includes = many(own.get("include", [])) + many(own.get("arch-include", {}).get(arch, []))
    for entry in own.get("conditional-include", []):
        if holds(entry["if"], variables):
            includes += many(entry["include"])
    for name in includes:
        merge(own, read(os.path.join(os.path.dirname(path), name), arch, variables))
    return own


def merge(child, parent):
    for key, value in parent.items():
        if key in UNPRINTED or key.startswith("packages-") or key in UNKNOWN:
            continue
        if key not in child:
            child[key] = value
        elif key in MAPS:
            child[key] = {**value, **child[key]}
        elif isinstance(value, list) and key != "container-cmd":
            child[key] = value + child[key]


def substitute(text, variables):
    return re.sub(r"\$\{(\w+)\}", lambda match: str(variables[match.group(1)]), text)


def flatten(path, arch):
    variables = {"basearch": arch}
    tree = read(path, arch, variables)
    tree["basearch"] = arch
    for key in SUBSTITUTED:
        if key in tree:
            tree[key] = substitute(tree[key], variables)
    for key in ("metadata", "add-commit-metadata", "rojig"):
        for field, value in tree.get(key, {}).items():
            if isinstance(value, str) and not (key == "rojig" and field == "license"):
                tree[key][field] = substitute(value, variables)
    if "rojig" in tree:
        tree["rojig"].setdefault("description", None)
    for key in SETS & tree.keys():
        tree[key] = sorted(set(tree[key]))
    return {key: value for key, value in tree.items() if key not in UNPRINTED and not key.startswith("packages-")}


arch, *paths = sys.argv[1:]
json.dump([flatten(path, arch) for path in paths], sys.stdout)
