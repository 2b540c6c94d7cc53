// SPDX-License-Identifier: Apache-2.0
import type { LabelCommand } from "../../../../gear/index.ts";
import type { Invocation } from "../../../command.ts";
import { commandText } from "../../../render/gear-label.ts";
import { requireConsent } from "../consent.ts";
import { engineOption } from "../engine-option.ts";
import { runAttached } from "../run-attached.ts";
import { openEngine } from "../shared.ts";

/** What a label came to: shown, or run to its end. */
export interface LabelOutcome {
  readonly label: LabelCommand;
  /** Of the command; undefined where it was only shown. */
  readonly exitCode: number | undefined;
}

/** Runs what a label says, when what it asks for is allowed; with --display shows it. */
export async function conductLabel(invocation: Invocation, label: LabelCommand): Promise<LabelOutcome> {
  if (invocation.flag("display")) return { label, exitCode: undefined };
  await requireOwn(invocation, label);
  const text = commandText(label.command);
  await requireConsent(invocation, `${label.verb} of ${label.image} (${text})`, label.asked);
  invocation.progress({ type: "note", text });
  const [program = "", ...args] = label.command;
  return { label, exitCode: await runAttached(program, args) };
}

async function requireOwn(invocation: Invocation, label: LabelCommand): Promise<void> {
  const { connectSystemd, GenerationStore, requireOwnContainer } = await import("../../../../gear/index.ts");
  using services = await connectSystemd();
  using engine = await openEngine(services, engineOption(invocation));
  await requireOwnContainer(label, engine, new GenerationStore(invocation.value("root")));
}

export const labelExitCode = ({ exitCode }: LabelOutcome): number => exitCode ?? 0;
