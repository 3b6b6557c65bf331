/** A way to learn about an assumption: something to look up, or a question. */
import type { Sensor } from "#core/decision-tree/sensor";
import type { ProbeMethod } from "#protocol/declare-assumptions";

export type Probe = ToolProbe | UserProbe;

interface Asking extends Sensor {
  id: string;
  assumptionId: string;
  /** In units of gain. */
  cost: number;
  /** It was run, or asked: its answer is not asked for again unless what it is about has changed. */
  isSpent: boolean;
}

export interface ToolProbe extends Asking {
  kind: "tool";
  method: Exclude<ProbeMethod, "user">;
  command: string;
  /** Whether the assumption is true when the command succeeds, or when it fails. */
  trueWhen: "succeeds" | "fails";
}

export interface UserProbe extends Asking {
  kind: "user";
  question: string;
  /** What is taken to be so when nobody answers; null: nothing. */
  defaultAnswer: boolean | null;
}
