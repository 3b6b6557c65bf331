/** What a thread answers to those who call it, in a form that survives the way between two objects. */
import type { WireError } from "#protocol/errors";
import type { WireFrame } from "#thread/log";

/** What came of a request to a thread: its result as JSON, because a text crosses between objects in one piece. Refusals are values here: an error would lose its shape between two objects. */
export type Reply = { resultText: string; seq: number } | { refused: WireError };

/** A client that wants a thread's frames. `connection` names whoever delivers to it. */
export interface Subscriber {
  connection: string;
  /** Whether it gets `seq` and may ask for `afterSeq`. */
  replay: boolean;
}

/** What attaching to a thread brings, besides the answer: what the client has to hear before live frames, and where those begin. */
export type Attached =
  | {
      result: unknown;
      seq: number;
      cwd: string;
      cursor: number;
      catchUp: Pick<WireFrame, "method" | "text">[];
      pending: WireFrame[];
    }
  | { refused: WireError };

export interface Client {
  name: string;
  version: string;
}
