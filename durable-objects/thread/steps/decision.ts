/** A declared decision: weighed, looked into, asked about, held where it may do harm, and given back to the model as a choice. */
import { readDeclaration } from "#core/decision-tree/declaration";
import { observationOf } from "#core/decision-tree/observation";
import type { ToolProbe, UserProbe } from "#core/decision-tree/probe";
import type { Draft } from "#core/frame";
import { limits } from "#core/limits";
import { wordsOf } from "#core/memory/retrieval";
import type { CitedNote } from "#core/memory/tree-prior";
import { isPlainRead, judgeCommand } from "#core/policy";
import type { PrivateEvent } from "#core/private";
import { type Call, openTurn } from "#core/thread";
import { callOutput } from "#core/tool-call";
import type { DecisionTreeRevision } from "#protocol/decision-tree-methods";
import type { ServerRequestResult } from "#protocol/server-requests";
import { declarationSettings, revisionOf } from "#thread/decision";
import { decisionModeOf, questionTimeoutOf } from "#thread/decision-settings";
import type { ThreadRuntime } from "#thread/runtime";
import { commandItem } from "#thread/steps/command";

/** What the model assumes becomes the first revision. Nonsense in it costs a warning and not the turn. */
export function declare(runtime: ThreadRuntime, call: Call): void {
  const turn = openTurn(runtime.current);
  const { settings } = runtime.current;
  if (!turn || !settings || call.call.tool !== "declare") return;
  const { deliberation, warnings } = readDeclaration(call.call.arguments, {
    ...declarationSettings(runtime, settings),
    notes: citedNotes(runtime, turn.id),
  });
  const { callId } = call;
  const asked = decisionModeOf(settings);
  // Written down with what is declared: a change in the middle of a decision changes nothing of it.
  const mode = asked === "steer" && !runtime.flags.current.steer ? "observe" : asked;
  const message = `What the model declared makes no sense in parts: ${warnings.join("; ")}.`;
  const warned: Draft[] =
    warnings.length > 0 ? [{ method: "warning", params: { threadId: runtime.host.threadId, message } }] : [];
  runtime.commit([
    ...warned,
    ...revisionOf(runtime, { type: "decisionDeclared", turnId: turn.id, callId, mode, deliberation, warnings }),
  ]);
}

/** The notes that the turn was given, without those that were forgotten since. */
function citedNotes({ current, notes }: ThreadRuntime, turnId: string): CitedNote[] {
  return notes.of(turnId).flatMap((note) => {
    const voice = current.work?.notes?.find(({ id }) => id === note?.id);
    return note && voice ? [{ ...voice, isPitfall: note.kind === "pitfall", words: wordsOf(note) }] : [];
  });
}

/** Does what the newest revision chose, whoever decides in the end: looking and asking change nothing, a hold is a question. */
export function decideStep(runtime: ThreadRuntime, call: Call): void {
  const { decision, decisionTree: tree } = runtime.current;
  const turn = openTurn(runtime.current);
  if (!turn || !decision || !tree || decision.callId !== call.callId) throw new Error(`nothing is declared by ${call.callId}`);
  const { chosen } = tree;
  const probe = decision.deliberation.probes.find(({ id }) => id === chosen.id);
  if (chosen.kind !== "act" && probe?.kind === "tool") look(runtime, call, turn.id, tree, probe);
  else if (chosen.kind !== "act" && probe?.kind === "user") ask(runtime, call, turn.id, tree, probe);
  else act(runtime, call, turn.id, tree);
}

function act(runtime: ThreadRuntime, call: Call, turnId: string, tree: DecisionTreeRevision): void {
  const { chosen } = tree;
  // What a person said holds for the action they were shown, and not for another that leads by now.
  const judged = call.state.type === "actionJudged" && call.state.actionId === chosen.id ? call.state.decision : null;
  if (chosen.needsApproval && judged === null) {
    hold(runtime, call, turnId, tree);
  } else if (!chosen.needsApproval || judged === "accept" || judged === "acceptForSession") {
    settle(runtime, call, tree);
  } else {
    const declined = { callId: call.callId, actionId: chosen.id, isUnreadable: judged === "garbage" };
    runtime.commit(revisionOf(runtime, { type: "decisionDeclined", ...declined }));
  }
}

function look(runtime: ThreadRuntime, call: Call, turnId: string, tree: DecisionTreeRevision, probe: ToolProbe): void {
  const { callId } = call;
  const { pairedWith } = tree.chosen;
  if (!mayRun(runtime, probe)) {
    observed(runtime, call, { probeId: probe.id, observed: null, pairedWith, wasAsked: false });
    return;
  }
  const item = commandItem(runtime, { id: runtime.host.newId(), command: probe.command, source: "agent" });
  const event = { type: "decisionProbeAsked", callId, probeId: probe.id, itemId: item.id, pairedWith } as const;
  runtime.commit([runtime.itemStarted(turnId, item, { event })]);
}

/** Nobody approves a probe: it only looks, or runs tests that policy lets pass, on an overlay that is thrown away. */
function mayRun(runtime: ThreadRuntime, { command, method }: ToolProbe): boolean {
  const { settings, grants } = runtime.current;
  if (isPlainRead(command)) return true;
  return method === "tests" && settings !== null && judgeCommand(command, settings.approvalPolicy, grants) === "allow";
}

/** That it is looked up is in the log. Should we die meanwhile it is looked up again: it only reads. */
export async function runProbe(runtime: ThreadRuntime, call: Call): Promise<void> {
  const { state } = call;
  const { host, workspace, current } = runtime;
  const turn = openTurn(current);
  if (!turn || state.type !== "probing") return;
  const { probeId, itemId, pairedWith } = state;
  const probe = current.decision?.deliberation.probes.find(({ id }) => id === probeId);
  if (probe?.kind !== "tool") throw new Error(`no probe ${probeId}`);
  const abort = new AbortController();
  runtime.activity = { abort, kind: "command", finish: () => {} };
  const startedAtMs = host.now();
  const run = await host.shell({
    workspace,
    cwd: current.info.cwd,
    startIn: current.settings?.cwd,
    command: probe.command,
    signal: abort.signal,
    now: host.now,
    bring: (versions) => runtime.contents.bring(versions),
    timeoutMs: limits.commandTimeoutMs,
    outputBytesMax: limits.itemOutputCharactersMax,
    onOutput: () => {},
  });
  // Whoever stopped us has ended the turn, and the item with it.
  if (abort.signal.aborted) return;
  const item = openTurn(runtime.current)?.items.find(({ id }) => id === itemId);
  if (item?.type !== "commandExecution") return;
  const completedAtMs = host.now();
  const done = runtime.itemCompleted(turn.id, {
    ...item,
    status: run.exitCode === 0 ? "completed" : "failed",
    aggregatedOutput: run.output,
    exitCode: run.exitCode,
    durationMs: completedAtMs - startedAtMs,
    completedAtMs,
  });
  observed(runtime, call, { probeId, observed: observationOf(probe, run), pairedWith, wasAsked: true }, [done]);
}

/**
 * Asks the person. Like an approval it may wait for days, for any client; where a default is declared, for as long as policy says.
 * Codex's clients wait by `isBlocking` alone: it is the thread that ends the waiting, by its alarm.
 */
function ask(runtime: ThreadRuntime, call: Call, turnId: string, tree: DecisionTreeRevision, probe: UserProbe): void {
  const { threadId } = runtime.host;
  const { callId } = call;
  const requestId = `${threadId}:${runtime.host.newId()}`;
  const assumption = tree.assumptions.find(({ id }) => id === probe.assumptionId)?.text ?? "";
  const silence = (value: boolean) => (probe.defaultAnswer === value ? " (taken when nobody answers)" : "");
  const options = [
    { label: "Yes", description: `It is so: ${assumption}${silence(true)}` },
    { label: "No", description: `It is not so: ${assumption}${silence(false)}` },
  ];
  const autoResolutionMs = probe.defaultAnswer === null ? null : questionTimeoutOf(runtime.current.settings);
  const question = { id: probe.id, header: "Decision", question: probe.question, isOther: false, isSecret: false, options };
  runtime.commit([
    runtime.status({ type: "active", activeFlags: ["waitingOnUserInput"] }),
    {
      method: "item/tool/requestUserInput",
      id: requestId,
      params: { threadId, turnId, itemId: callId, questions: [question], isBlocking: true, autoResolutionMs },
      private: { event: { type: "decisionQuestionAsked", callId, probeId: probe.id, requestId } },
    },
  ]);
}

/** A person answered, or nobody did: then the default is taken. What is neither yes nor no tells nothing and is not asked again. */
export function takeOpinion(runtime: ThreadRuntime, call: Call): void {
  const { state } = call;
  if (state.type !== "questionAnswered") return;
  // It was read by the request's own schema before it came into the log.
  const answer = state.answer as ServerRequestResult<"item/tool/requestUserInput"> | null;
  const [said = ""] = answer?.answers[state.probeId]?.answers ?? [];
  const { probeId } = state;
  const probe = runtime.current.decision?.deliberation.probes.find(({ id }) => id === probeId);
  const hasDefault = probe?.kind === "user" && probe.defaultAnswer !== null;
  const opinion = /^\s*(yes|no)\b/i.exec(said)?.[1]?.toLowerCase();
  const status = runtime.status({ type: "active", activeFlags: [] });
  if (answer && said.trim() === "" && hasDefault) {
    const event = { type: "decisionDefaulted", callId: call.callId, probeId, atMs: runtime.host.now() } as const;
    runtime.commit([status, ...revisionOf(runtime, event)]);
    return;
  }
  const learnt = opinion === undefined ? null : opinion === "yes";
  observed(runtime, call, { probeId, observed: learnt, pairedWith: null, wasAsked: true }, [status]);
}

function observed(
  runtime: ThreadRuntime,
  { callId }: Call,
  learnt: Omit<Extract<PrivateEvent, { type: "decisionObserved" }>, "type" | "callId" | "atMs">,
  before: Draft[] = [],
): void {
  const atMs = runtime.host.now();
  runtime.commit([...before, ...revisionOf(runtime, { type: "decisionObserved", callId, ...learnt, atMs })]);
}

/** What cannot be undone and may do harm is shown to a person by its own words before the model hears that it is chosen. */
function hold(runtime: ThreadRuntime, call: Call, turnId: string, tree: DecisionTreeRevision): void {
  const { info, settings } = runtime.current;
  const requestId = `${info.id}:${runtime.host.newId()}`;
  const action = tree.actions.find(({ id }) => id === tree.chosen.id);
  runtime.commit([
    runtime.status({ type: "active", activeFlags: ["waitingOnApproval"] }),
    {
      method: "item/commandExecution/requestApproval",
      id: requestId,
      params: {
        kind: "command",
        threadId: info.id,
        turnId,
        itemId: call.callId,
        startedAtMs: runtime.host.now(),
        environmentId: null,
        reason: tree.chosen.because,
        command: action?.description ?? tree.chosen.id,
        cwd: settings?.cwd ?? info.cwd,
        commandActions: [{ type: "unknown", command: action?.description ?? tree.chosen.id }],
        proposedExecpolicyAmendment: null,
        availableDecisions: ["accept", "decline", "cancel"],
      },
      private: { event: { type: "decisionHeld", callId: call.callId, actionId: tree.chosen.id, requestId } },
    },
  ]);
}

/** The model hears what is chosen and why, with the weights: as its next step, or as advice where it decides by itself. */
function settle(runtime: ThreadRuntime, call: Call, tree: DecisionTreeRevision): void {
  const { mode, revision, chosen, actions, assumptions } = tree;
  const { kind, id, because } = chosen;
  const output = {
    mode,
    revision,
    chosen: { kind, id, because },
    message: mode === "steer" ? `Do ${id} next. ${because}` : `This is advice, and you decide. ${because}`,
    actions: actions
      .map(({ id, expectedUtility, harmProbability }) => ({ id, expectedUtility, harmProbability }))
      .toSorted((one, other) => other.expectedUtility - one.expectedUtility),
    assumptions: assumptions.map(({ id, probability, status }) => ({ id, probability, status })),
    warnings: runtime.current.decision?.warnings ?? [],
  };
  const event: PrivateEvent = { type: "settled", callId: call.callId, landed: [] };
  const modelItems = [callOutput(call.raw, { type: "told", message: JSON.stringify(output) })];
  const status: Draft = { ...runtime.status({ type: "active", activeFlags: [] }), private: { modelItems, event } };
  runtime.commit([status]);
}
