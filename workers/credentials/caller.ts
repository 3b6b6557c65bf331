/** Who asks, once it is known. */
import type { Admission } from "#access/admission";
import type { Failure } from "./failure.ts";

export interface Caller extends Admission {
  account: string;
}

/** What a kind of credential gives for a request. */
export type Identified = { caller: Caller } | { failure: Failure };
