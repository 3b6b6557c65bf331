/** What an agent assumed before a step, how likely that is, and what was chosen by it. Spindle's own: Codex has nothing of the kind. */
import * as z from "zod";
import { questionBounds } from "./declaration-bounds.ts";
import { assumptionKind } from "./declare-assumptions.ts";
import { empty, method, struct } from "./method.ts";

/**
 * `off`: the model is not asked to declare anything. In both other modes the tree is built and shown, what is worth it is looked up
 * or asked, and what cannot be undone is held; then `observe` gives the model the choice as advice, and `steer` as the next step.
 */
export const decisionMode = z.enum(["off", "observe", "steer"]);
export type DecisionMode = z.infer<typeof decisionMode>;

/** What a thread does whose people said nothing. */
export const defaultDecisionMode: DecisionMode = "observe";

/** How long a question waits before its default is taken; null: for ever; absent: as before. */
export const questionTimeoutMs = z.int().min(1).max(questionBounds.timeoutMsMax).nullable().optional();

/** `default` says nothing of the truth: nobody answered, and the choice takes for granted what was declared for that case. */
const evidence = z.object({
  by: z.string(),
  method: z.enum(["tests", "search", "file_exists", "command", "user", "default"]),
  observed: z.boolean(),
  sensitivity: z.number(),
  specificity: z.number(),
  weight: z.number(),
  probabilityBefore: z.number(),
  probabilityAfter: z.number(),
  atMs: z.number(),
  isStale: z.boolean(),
});

/** A node of the tree as it is drawn. `probability` is that of the path to it; the leaves' sum to 1. */
export const decisionNode = z.discriminatedUnion("type", [
  z.object({
    type: z.literal("split"),
    assumptionId: z.string(),
    probability: z.number(),
    expectedValueOfPerfectInformation: z.number(),
    get whenTrue() {
      return decisionNode;
    },
    get whenFalse() {
      return decisionNode;
    },
  }),
  z.object({ type: z.literal("leaf"), probability: z.number(), actionId: z.string(), expectedUtility: z.number() }),
]);

const weighed = {
  assumptions: z.array(
    z.object({
      id: z.string(),
      text: z.string(),
      kind: assumptionKind,
      probability: z.number(),
      status: z.enum(["open", "confirmed", "refuted", "stale"]),
      group: z.string().nullable(),
      evidence: z.array(evidence),
    }),
  ),
  actions: z.array(
    z.object({
      id: z.string(),
      description: z.string(),
      expectedUtility: z.number(),
      harmProbability: z.number(),
      cost: z.number(),
    }),
  ),
  scenarios: z.array(
    z.object({
      values: z.record(z.string(), z.boolean()),
      probability: z.number(),
      action: z.string(),
      paperUtility: z.number(),
    }),
  ),
  splits: z.array(z.object({ assumptionId: z.string(), expectedValueOfPerfectInformation: z.number() })),
  probes: z.array(
    z.object({
      id: z.string(),
      assumptionId: z.string(),
      kind: z.enum(["tool", "user"]),
      valueOfInformation: z.number(),
      netValueOfInformation: z.number(),
      isSpent: z.boolean(),
    }),
  ),
  /** The tree as it is drawn, at most three assumptions deep. */
  root: decisionNode,
  /** The action with the largest expected utility, whatever is chosen. */
  leadingActionId: z.string(),
  /** What is done next, or was. An action that does not lead was taken by a default, after a no, or before something changed. */
  chosen: z.object({
    kind: z.enum(["act", "probe", "ask"]),
    id: z.string(),
    because: z.string(),
    needsApproval: z.boolean(),
    pairedWith: z.string().nullable(),
  }),
};

/** One revision: revisions count from 1 within a turn. */
export const decisionTree = z.object({ turnId: z.string(), revision: z.number(), mode: decisionMode, ...weighed });
export type DecisionTreeRevision = z.infer<typeof decisionTree>;

/** `delta` holds the members that are not as in the revision before, whole; revision 1 holds them all. `flip`: the evidence changed which action leads. */
export const decisionTreeUpdated = z.object({
  threadId: z.string(),
  turnId: z.string(),
  revision: z.number(),
  mode: decisionMode,
  because: z.string(),
  flip: z.object({ from: z.string(), to: z.string() }).nullable(),
  delta: z.object(weighed).partial(),
});

export const decisionTreeMethods = {
  "spindle/decisionTree/read": method({
    doc: "A revision of a turn's decision tree: the last one unless `revision` says which, of the last turn that has one unless `turnId` says which. Refused where there is none.",
    scope: "thread",
    params: struct("DecisionTreeReadParams", {
      threadId: z.string(),
      turnId: z.string().nullish(),
      revision: z.int().min(1).nullish(),
    }),
    result: z.object({ tree: decisionTree }),
  }),

  "spindle/decisionTree/annotate": method({
    doc: "A person says that an assumption of the last tree is so, or is not. That is evidence of kind `user`; `spindle/decisionTree/updated` follows, and answers with its revision. A retry with the same `clientUserMessageId` changes nothing more. Refused where there is no such assumption.",
    scope: "thread",
    params: struct("DecisionTreeAnnotateParams", {
      threadId: z.string(),
      assumptionId: z.string(),
      observed: z.boolean(),
      clientUserMessageId: z.string().nullish(),
    }),
    result: z.object({ revision: z.number() }),
  }),

  "spindle/decisionTree/setMode": method({
    doc: "How the thread's turns use the decision tree from the next one on, and how long its questions wait before their default is taken. `turn/start` takes a `decisionMode` and a `questionTimeoutMs` of its own.",
    scope: "thread",
    params: struct("DecisionTreeSetModeParams", { threadId: z.string(), mode: decisionMode, questionTimeoutMs }),
    result: empty,
  }),
};
