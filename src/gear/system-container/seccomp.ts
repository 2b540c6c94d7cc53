// SPDX-License-Identifier: Apache-2.0
/**
 * System calls that a container without capabilities has no use for, and that have had the kernel's worst holes: namespaces of
 * its own, modules, keys, tracing and the like. Docker and podman deny the same (moby, profiles/seccomp).
 */
const denied = `
  acct add_key bpf clock_adjtime clock_settime create_module delete_module fanotify_init finit_module fsconfig
  fsmount fsopen fspick get_kernel_syms get_mempolicy init_module io_uring_enter io_uring_register io_uring_setup
  ioperm iopl kcmp kexec_file_load kexec_load keyctl lookup_dcookie mbind migrate_pages mount mount_setattr
  move_mount move_pages name_to_handle_at nfsservctl open_by_handle_at open_tree perf_event_open pivot_root
  process_vm_readv process_vm_writev ptrace query_module quotactl quotactl_fd reboot request_key set_mempolicy setns
  settimeofday stime swapoff swapon _sysctl syslog umount umount2 unshare uselib userfaultfd ustat vhangup vm86
  vm86old
`
  .trim()
  .split(/\s+/);

/** CLONE_NEWNS, NEWCGROUP, NEWUTS, NEWIPC, NEWUSER, NEWPID and NEWNET. */
const namespaceFlags = 0x7e020000;
const [eperm, enosys] = [1, 38];

/** `linux.seccomp` of a configuration (OCI runtime-spec, config-linux.md). */
export const closedSeccomp = {
  defaultAction: "SCMP_ACT_ALLOW",
  architectures: seccompArchitectures(),
  syscalls: [
    { names: denied, action: "SCMP_ACT_ERRNO", errnoRet: eperm },
    ...namespaceBits().map((value) => ({
      names: ["clone"],
      action: "SCMP_ACT_ERRNO",
      errnoRet: eperm,
      args: [{ index: 0, value, valueTwo: value, op: "SCMP_CMP_MASKED_EQ" }],
    })),
    // Its flags are in memory, where no filter sees them: libraries take clone then.
    { names: ["clone3"], action: "SCMP_ACT_ERRNO", errnoRet: enosys },
  ],
} as const;

function namespaceBits(): number[] {
  return Array.from({ length: 31 }, (_, bit) => 2 ** bit).filter((flag) => (namespaceFlags & flag) !== 0);
}

/** The machine's own, and the smaller ones that its kernel also runs: they would go past the filter. */
function seccompArchitectures(): string[] {
  if (process.arch === "x64") return ["SCMP_ARCH_X86_64", "SCMP_ARCH_X86", "SCMP_ARCH_X32"];
  return process.arch === "arm64" ? ["SCMP_ARCH_AARCH64", "SCMP_ARCH_ARM"] : [];
}
