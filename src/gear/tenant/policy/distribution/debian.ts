// SPDX-License-Identifier: Apache-2.0
/** Debian's policy is refpolicy, with its module container: trixie and later. */
import { type PolicyDialect, rule } from "./model.ts";

const socket = "append bind connect create getattr getopt ioctl read setattr setopt shutdown write";

export const debian: PolicyDialect = {
  id: "debian",
  // mcs_constrained_type: without it a process reaches files of every level.
  attributes: ["domain", "container_domain", "container_system_domain", "mcs_constrained_type"],
  base: [
    rule("self", "process", "getcap setrlimit"),
    rule("device_t", "dir", "getattr ioctl lock open read search"),
    rule("device_t", "lnk_file", "getattr read"),
    rule("devpts_t", "dir", "getattr ioctl lock open read search"),
    rule("user_devpts_t", "chr_file", "append getattr ioctl open read write"),
    rule("random_device_t", "chr_file", "getattr ioctl lock open read"),
    rule("urandom_device_t", "chr_file", "getattr ioctl lock open read"),
    rule("proc_t", "dir", "getattr ioctl lock open read search"),
    rule("sysctl_t", "dir", "getattr open search"),
    rule("sysctl_fs_t", "dir", "getattr ioctl lock open read search"),
    rule("sysctl_fs_t", "file", "getattr ioctl lock open read"),
    rule("sysctl_vm_t", "dir", "getattr open search"),
    rule("sysctl_vm_overcommit_t", "file", "getattr ioctl lock open read"),
    rule("sysfs_t", "dir", "getattr ioctl lock open read search"),
    rule("sysfs_t", "file", "getattr ioctl lock open read"),
    rule("sysfs_t", "lnk_file", "getattr read"),
    rule("cgroup_types", "dir", "getattr ioctl lock open read search"),
    rule("cgroup_types", "file", "getattr ioctl lock open read"),
    rule("cgroup_types", "lnk_file", "getattr read"),
  ],
  network: [
    rule("self", "tcp_socket", `accept listen ${socket}`),
    rule("self", "udp_socket", socket),
    // How getaddrinfo(3) learns which families of addresses there are.
    rule("self", "netlink_route_socket", `nlmsg_read ${socket}`),
    rule("netif_t", "netif", "egress ingress"),
    rule("node_t", "node", "recvfrom sendto"),
    rule("node_t", "tcp_socket", "node_bind"),
    rule("node_t", "udp_socket", "node_bind"),
    rule("client_packet_type", "packet", "recv send"),
    rule("server_packet_type", "packet", "recv send"),
    rule("proc_net_t", "dir", "getattr ioctl lock open read search"),
    rule("proc_net_t", "file", "getattr ioctl lock open read"),
    rule("proc_net_t", "lnk_file", "getattr read"),
  ],
  sctp: [rule("self", "sctp_socket", `accept listen ${socket}`), rule("node_t", "sctp_socket", "node_bind")],
  ownFiles: ["container_file_t", "container_ro_file_t", "container_tmpfs_t"],
};
