/** What an agent assumed before a step, how likely that is, and what was chosen by it. Spindle's own: Codex has nothing of the kind. */
import * as z from "zod";
import { assumptionKind } from "./declare-assumptions.ts";
import { empty, method, struct } from "./method.ts";

/** `off`: the model is not asked to declare anything. `observe`: the tree is built and shown, the model decides. `steer`: the choice is followed. */
export const decisionMode = z.enum(["off", "observe", "steer"]);
export type DecisionMode = z.infer<typeof decisionMode>;

/** `declaration`: the model declared it. `trace`: read from the model's own words, and no step is taken by it. */
export const decisionSource = z.enum(["declaration", "trace"]);
export type DecisionSource = z.infer<typeof decisionSource>;

/** What a thread does whose people said nothing. */
export const defaultDecisionMode: DecisionMode = "observe";

const evidence = z.object({
  by: z.string(),
  method: z.enum(["tests", "search", "file_exists", "command", "user"]),
  observed: z.boolean(),
  sensitivity: z.number(),
  specificity: z.number(),
  weight: z.number(),
  probabilityBefore: z.number(),
  probabilityAfter: z.number(),
  atMs: z.number(),
  isStale: z.boolean(),
});

const weighed = {
  /** Absent in revisions from before anything was read from traces: then `declaration`. */
  source: decisionSource.optional(),
  assumptions: z.array(
    z.object({
      id: z.string(),
      text: z.string(),
      kind: assumptionKind,
      probability: z.number(),
      status: z.enum(["open", "confirmed", "refuted", "stale"]),
      group: z.string().nullable(),
      evidence: z.array(evidence),
      /** The words it was taken from. This and the members below are absent in revisions from before they were told. */
      quote: z.string().nullish(),
      /** The probability before any evidence, and the version of the calibration that made it of the model's words; 0: none. */
      prior: z.number().optional(),
      calibrationVersion: z.number().optional(),
      /** The truth, where the turn's end made it known. */
      resolved: z.boolean().nullish(),
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
  root: z.unknown(),
  leadingActionId: z.string(),
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
    doc: "How the thread's turns use the decision tree from the next one on; `turn/start` takes a `decisionMode` and a `decisionExtraction` of its own. `extraction`: whether what the model assumes is read from its words, by one bounded request beside the turn, where it proposes something and declares nothing; unless said it is, but for `rehearsal`.",
    scope: "thread",
    params: struct("DecisionTreeSetModeParams", { threadId: z.string(), mode: decisionMode, extraction: z.boolean().nullish() }),
    result: empty,
  }),
};
