// SPDX-License-Identifier: Apache-2.0
import { defineErrors } from "../base/index.ts";

export const gearError = defineErrors("gear", {
  "bad-name":
    "A name of an application, container, volume, secret or tenant is 1 to 63 characters of a-z, 0-9 and -, and begins and ends with a letter or digit.",
  "bad-file": "A file that describes containers does not read as it must; the message has the line and column.",
  unsupported:
    "The file asks for something that cannot be done here. It is refused by name, so that nothing is left out silently.",
  "cannot-link":
    "A link leads to a container or port that the application does not have, or two links ask for what cannot be had together.",
  "no-host": "An instance has no host to run on: too few were named, or none that the file allows it.",
  "port-conflict":
    "A port of a host is asked for twice, or somebody else listens on it. Nothing has been started; name another port, or 0 to have one allocated.",
  "too-large": "An application asks for more instances or links than one can have.",
  engine: "The container engine (podman or docker) refused or failed; the message has its own words.",
  "engine-connection":
    "The container engine does not answer on its socket. Start it (systemctl start podman.socket, or docker.socket) or name another socket.",
  "bad-image": "A reference is no name of an image, or a directory or archive has no image that can be read.",
  credentials:
    "The credentials of a registry could not be read: the file (containers-auth.json, docker's config.json) or its helper is wrong.",
  "signature-policy":
    "containers-policy.json(5) asks for a signature that nobody would verify this way, or refuses the image. Podman verifies what it pulls from registries.",
  systemd: "The service manager refused; the message has its own words.",
  "unit-job":
    "A unit was not started or stopped as asked; the message says how its job ended and what state the unit is in.",
  "bad-link":
    "A link is ADDRESS:PORT=HOST:PORT: an IP address that programs of the container connect to, and the name or address where that leads. An address and port lead to one place.",
  "link-conflict": "An address of a link is in use in the container's network already. Choose another one.",
  unresolved: "The name of a link's target has no address of the family of the address that leads there.",
  "no-namespace": "A container has no network of its own on this host: it does not run, or shares the host's.",
  "not-running": "No such instance runs on this host.",
  "other-host":
    "The file asks for another version of the host than the one that runs, or than the one that boots next (--with-host).",
  busy: "Another command is changing the application; the message says which. Wait for it to end.",
  conflict:
    "A unit's name or a port that the application needs belongs to somebody else. Each is listed; nothing was changed.",
  interrupted: "The command was interrupted (Ctrl-C, SIGTERM) before it had changed anything.",
  "no-application": "No application of that name is deployed on this host.",
  "no-logs":
    "Neither this host nor the journal that was asked knows the container, field or value. The hint says which there are.",
  "bad-certificate":
    "A key or certificate for sending or receiving journals cannot be used; the message says which file, and why.",
  "bad-collector":
    "A collector of journals is named by https://HOST[:PORT], without a port it is 19532; and a host has one collector.",
  "no-journal-program":
    "The program of systemd that sends or receives journals is not installed. Distributions have it in a package of its own, systemd-journal-remote.",
  "bad-journal":
    "Journals could not be sealed or verified: the keys or the directory that were given are not such. Nothing of a key is shown.",
  "no-generation": "The application has no generation of that number, or nothing to go back to.",
  "no-image": "An image is not in the engine's storage, and pulling it was not asked for or cannot bring it.",
  "bad-host":
    "A host is named as ssh(1) takes it: [USER@]NAME, of letters, digits, dots and dashes; or its IP address.",
  host: "A host could not be reached by ssh, or the connection broke. The message has ssh's own words: try `ssh HOST atomic version`.",
  "host-version": "A host has no `atomic`, or one that does not understand this one. Update the older of both.",
  "host-answer": "A host answered what no `atomic` does. Nothing that it says is used.",
  "several-hosts":
    "The application is deployed on several hosts as one, so that it is changed on all of them: name them all.",
  store:
    "What is kept of an application below /var/lib/atomic/gear does not read as it was written. Restore it, or remove the directory and deploy anew.",
  "bad-tenants":
    "The table of tenants (/var/lib/atomic/gear/tenants/tenants.json) does not read as it must. Nothing is allocated until it is restored: it is the only record of what is whose.",
  "tenants-full": "No categories or users are left for another tenant.",
  "no-tenant": "No tenant of this name is on this host.",
  "tenant-busy": "Containers of the tenant run. Its categories and users are in use until they have ended.",
  "not-a-volume": "A directory of the system or of another tenant is not labelled as a tenant's volume.",
  "too-deep": "Directories are nested deeper than anybody needs; whoever made them may want to stop those who look.",
  "bad-label":
    "A label of an image (INSTALL, RUN, STOP, UNINSTALL) is not one plain command of the container engine with that image. Images are others' words: no shell and no other program of the host is run for them.",
  permission:
    "An image asks for more than any container has, and that was not allowed. Each thing is listed; allow it by name if you trust the image.",
  "bad-permission": "A permission is one of those that `--allow` knows; the message has them.",
  "not-installed":
    "An image or container is not installed, or an image that wants to be installed before it is run was not.",
  "bad-exports":
    "What an image says of itself below /exports (config.json, manifest.json, service.template, hostfs) cannot be used, or asks for what no system container may have.",
  "bad-variable":
    "A variable of a system container's image has no value, is not known to the image, or cannot be set. --set=NAME=VALUE gives one.",
  "bad-policy": "A policy of SELinux cannot be made from what a container declares; the message says of what.",
});
