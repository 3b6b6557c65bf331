/** A person's word on an assumption: shown at once, sent once, taken back if it is refused. */
import { useState } from "preact/hooks";
import { useStore } from "../store/store.ts";

export interface Annotation {
  sending: { assumptionId: string; observed: boolean } | null;
  failure: string | null;
  say(assumptionId: string, observed: boolean): void;
}

export function useAnnotation(threadId: string): Annotation {
  const { client } = useStore();
  const [state, setState] = useState<Pick<Annotation, "sending" | "failure">>({ sending: null, failure: null });
  const say = (assumptionId: string, observed: boolean) => {
    const sending = { assumptionId, observed };
    setState({ sending, failure: null });
    // Its key makes a repetition harmless: a lost socket is no reason to ask the person again.
    const params = { threadId, assumptionId, observed, clientUserMessageId: crypto.randomUUID() };
    client.request("spindle/decisionTree/annotate", params, { isIdempotent: true }).then(
      () => setState((now) => (now.sending === sending ? { sending: null, failure: null } : now)),
      (error: Error) => setState({ sending: null, failure: `Not said: ${error.message}` }),
    );
  };
  return { ...state, say };
}
