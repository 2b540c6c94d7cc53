// SPDX-License-Identifier: Apache-2.0

/** What the policies of distributions call the same things. */
export interface PolicyDialect {
  /** `ID` of os-release(5). */
  readonly id: string;
  /** Attributes by which every container may do what each must: begin, use its image, memory, pipes and terminal. */
  readonly attributes: readonly string[];
  /** Rules that container_t has of its own and no program does without, of which the subject is left out. */
  readonly base: readonly Rule[];
  /** Rules for who has a network, before any port. */
  readonly network: readonly Rule[];
  /** ... and for who uses SCTP besides. */
  readonly sctp: readonly Rule[];
  /** Types of files that every container has by the attributes. */
  readonly ownFiles: readonly string[];
}

/** An `allow` rule without its subject. */
export interface Rule {
  /** Type, attribute or `self`. */
  readonly object: string;
  readonly class: string;
  readonly permissions: readonly string[];
}

export function rule(object: string, className: string, permissions: string): Rule {
  return { object, class: className, permissions: permissions.split(" ") };
}
