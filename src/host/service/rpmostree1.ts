// SPDX-License-Identifier: Apache-2.0
/** The interfaces of `org.projectatomic.rpmostree1`, as rpm-ostree declares them and its clients know them. */
import { args, type InterfaceDeclaration, method, type MethodDeclaration } from "./interface.ts";

export const serviceName = "org.projectatomic.rpmostree1";
export const servicePath = "/org/projectatomic/rpmostree1";

const options = "options:a{sv}";
const address = "transaction_address:s";
/** Calls that begin a transaction give the address of its own D-Bus server. */
const transaction = (inputs = "", descriptors = false): MethodDeclaration => method(inputs, address, descriptors);
const diff = "result:a(sua{sv})";
const diffAndDetails = `${diff} details:a{sv}`;
const packageSearch = (input: string) => method(`${input}:as`, "packages:aa{sv}");

export const sysrootInterface = {
  name: `${serviceName}.Sysroot`,
  methods: {
    RegisterClient: method(options),
    UnregisterClient: method(options),
    Reload: method(),
    ReloadConfig: method(),
    GetOS: method("name:s", "object_path:o"),
  },
  properties: {
    Booted: "o",
    Path: "s",
    ActiveTransaction: "(sss)",
    ActiveTransactionPath: "s",
    AutomaticUpdatePolicy: "s",
    Deployments: "aa{sv}",
  },
  signals: {},
} satisfies InterfaceDeclaration;

export const osInterface = {
  name: `${serviceName}.OS`,
  methods: {
    AutomaticUpdateTrigger: method(options, `enabled:b ${address}`),
    GetDeploymentsRpmDiff: method("deployid0:s deployid1:s", diff),
    Deploy: transaction(`revision:s ${options}`, true),
    GetCachedDeployRpmDiff: method("revision:s packages:as", diffAndDetails),
    DownloadDeployRpmDiff: transaction("revision:s packages:as"),
    Upgrade: transaction(options, true),
    GetCachedUpdateRpmDiff: method("deployid:s", diffAndDetails),
    DownloadUpdateRpmDiff: transaction(),
    Rollback: transaction(options),
    ClearRollbackTarget: transaction(options),
    Rebase: transaction(`${options} refspec:s packages:as`, true),
    GetCachedRebaseRpmDiff: method("refspec:s packages:as", diffAndDetails),
    DownloadRebaseRpmDiff: transaction("refspec:s packages:as"),
    PkgChange: transaction(`${options} packages_added:as packages_removed:as`, true),
    SetInitramfsState: transaction(`regenerate:b args:as ${options}`),
    InitramfsEtc: transaction(`track:as untrack:as untrack_all:b force_sync:b ${options}`),
    KernelArgs: transaction(
      `existing_kernel_arg_string:s kernel_args_added:as kernel_args_replaced:as kernel_args_removed:as ${options}`,
    ),
    GetDeploymentBootConfig: method("deployid:s is_pending:b", "bootconfig:a{sv}"),
    Cleanup: transaction("elements:as"),
    RefreshMd: transaction(options),
    ModifyYumRepo: transaction("repo_id:s settings:a{ss}"),
    ListRepos: method("", "repos:aa{sv}"),
    UpdateDeployment: transaction(`modifiers:a{sv} ${options}`, true),
    FinalizeDeployment: transaction(options),
    WhatProvides: packageSearch("provides"),
    GetPackages: packageSearch("names"),
    Search: packageSearch("names"),
  },
  properties: {
    BootedDeployment: "a{sv}",
    DefaultDeployment: "a{sv}",
    RollbackDeployment: "a{sv}",
    CachedUpdate: "a{sv}",
    HasCachedUpdateRpmDiff: "b",
    Name: "s",
  },
  signals: {},
} satisfies InterfaceDeclaration;

export const osExperimentalInterface = {
  name: `${serviceName}.OSExperimental`,
  methods: {
    Moo: method("utf8:b", "result:s"),
    LiveFs: transaction(options),
    DownloadPackages: method("queries:as source:s", "", true),
  },
  properties: {},
  signals: {},
} satisfies InterfaceDeclaration;

export const transactionInterface = {
  name: `${serviceName}.Transaction`,
  methods: { Cancel: method(), Start: method("", "started:b") },
  properties: { Title: "s", InitiatingClientDescription: "s" },
  signals: {
    Finished: args("success:b error_message:s"),
    Message: args("text:s"),
    TaskBegin: args("text:s"),
    TaskEnd: args("text:s"),
    PercentProgress: args("text:s percentage:u"),
    DownloadProgress: args("time:(tt) outstanding:(uu) metadata:(uuu) delta:(uuut) content:(uu) transfer:(tt)"),
    SignatureProgress: args("signature:av commit:s"),
    ProgressEnd: [],
  },
} satisfies InterfaceDeclaration;
