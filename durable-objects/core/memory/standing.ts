/** How the memory of an account stands, beside what it holds: what a turn has to know before it asks for fragments. */
import { type Calibration, uncalibrated } from "#core/decision-tree/calibration";
import type { SensorCounts } from "#core/decision-tree/sensor";

export interface Standing {
  /** False: a person switched the account's memory off. */
  isOn: boolean;
  /**
   * Keys of scopes in which it is off, because a person said so or because it did harm; `global` until the account joins in. A turn whose
   * repository or account is off is given nothing; any other key silences the fragments of that scope.
   */
  offScopes: string[];
  /** Another epoch throws the hold-outs anew. */
  epoch: number;
  /** Outcomes that were learnt from in the account; the share of held-out threads goes by them. */
  outcomes: number;
  /** What "likely" meant in the account so far, and how far its probes could be trusted. */
  calibration: Calibration;
  sensors: SensorCounts;
}

export const newStanding: Standing = {
  isOn: true,
  offScopes: ["global"],
  epoch: 0,
  outcomes: 0,
  calibration: uncalibrated,
  sensors: {},
};
