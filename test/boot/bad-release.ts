// SPDX-License-Identifier: Apache-2.0
/** Releases that do not come up: the first one of a fixture with something that breaks it. */
import type { Fixture, Release } from "./fixture.ts";
import { overlayRelease } from "./overlay-release.ts";

const units = "usr/lib/systemd/system";

/** What each kind has more than a good release. */
const faults = {
  "health check": {
    "usr/lib/atomic/health/required.d/10-service": "#!/bin/sh\necho the service does not answer >&2\nexit 1\n",
  },
  panic: {
    [`${units}/panic.service`]:
      "[Unit]\nDefaultDependencies=no\n[Service]\nType=oneshot\nExecStart=/bin/sh -c 'echo c >/proc/sysrq-trigger'\n",
    [`${units}/sysinit.target.wants/panic.service`]: "-> ../panic.service",
  },
  hang: {
    [`${units}/hang.service`]:
      "[Unit]\nBefore=multi-user.target\n[Service]\nType=oneshot\nTimeoutStartSec=infinity\nExecStart=/bin/sleep infinity\n",
    [`${units}/multi-user.target.wants/hang.service`]: "-> ../hang.service",
    [`${units}/atomic-boot-deadline.timer.d/soon.conf`]: "[Timer]\nOnBootSec=\nOnBootSec=50\n",
  },
} as const satisfies Record<string, Readonly<Record<string, string>>>;

export type Fault = keyof typeof faults;

/** Commits the release; it is not published yet. */
export function makeBadRelease({ repo, first }: Fixture, fault: Fault): Promise<Release> {
  return overlayRelease(repo, first, `13.9-${fault.replace(" ", "-")}`, faults[fault]);
}
