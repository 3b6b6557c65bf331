/**
 * Every metric of the server: what it counts, and all the values that its labels may have. `/metrics` and docs/metrics.md are made of
 * this table. No label names an account, a thread or a repository, and none takes a value that is not written here.
 */

/** `unit` is the last word of the name, as OpenMetrics wants it. */
export interface Metric {
  type: "counter" | "gauge" | "histogram";
  help: string;
  unit?: "seconds";
  /** Label → all its values. A series exists for each combination, from the beginning, at zero. */
  labels: Readonly<Record<string, readonly string[]>>;
}

const approvalKinds = ["command", "file_change", "question", "permissions", "other"] as const;
const tools = ["command", "apply_patch", "plan", "question", "client", "probe", "other"] as const;

export const metrics = {
  turns_started_total: counter("Turns that began."),
  turns_completed_total: counter("Turns that ended, by how.", { status: ["completed", "failed", "interrupted"] }),
  turns_running: gauge("Turns that have begun and not ended, those that wait for a person among them."),
  turn_first_delta_seconds: histogram("From the beginning of a turn to the first thing of the model that a client is shown."),
  turn_duration_seconds: histogram("From the beginning of a turn to its end, with the time it waited for people."),
  frames_appended_total: counter("Frames of all threads' logs."),
  frames_sent_total: counter("Frames of logs that were handed to sockets, each time they were, replays among them."),
  replays_total: counter("Times that a client came back and asked for what it missed."),
  replayed_frames_total: counter("Frames that such clients were handed because they had missed them."),
  replay_seconds: histogram("From such a question to the last missed frame being handed over."),
  frames_lost_total: counter(
    "Times that a client named a frame that the log does not have: a defect, or a client that makes it up.",
  ),
  approvals_requested_total: counter("Questions to people, and calls of tools that clients brought along (other).", {
    kind: approvalKinds,
  }),
  approvals_resolved_total: counter("The same by what became of them; unreadable is a client's answer that nobody could read.", {
    kind: approvalKinds,
    decision: ["accepted", "accepted_for_session", "declined", "cancelled", "answered", "withdrawn", "unreadable"],
  }),
  approvals_pending: gauge("Questions that wait for an answer.", { kind: approvalKinds }),
  approval_oldest_pending_seconds: gauge("How long the oldest of them has waited; 0 where none does.", {}, "seconds"),
  approval_delivery_seconds: histogram("From a question being asked to the first client having it, where one is connected."),
  model_calls_total: counter("Requests of turns to a model, by what became of them.", {
    outcome: ["completed", "failed", "rate_limited", "timed_out", "aborted", "refused"],
  }),
  model_tokens_total: counter("Tokens of completed requests; cached_input is a part of input, and reasoning of output.", {
    kind: ["input", "cached_input", "output", "reasoning"],
  }),
  tool_runs_total: counter("What models called, by tool and outcome.", {
    tool: tools,
    outcome: ["ok", "failed", "timed_out", "declined"],
  }),
  sockets_open: gauge(
    "Sockets that said initialize, and all at threads' own doors; one that died is found out by the next news.",
  ),
  slow_clients_closed_total: counter("Sockets that were closed because their client did not keep up; it may come back."),
  outbox_depth: gauge("What objects owe others and have not delivered yet.", {
    outbox: ["memory", "directory", "github", "push"],
  }),
  webhooks_total: counter("Deliveries from GitHub, by what became of them.", {
    result: ["accepted", "duplicate", "ignored", "refused"],
  }),
  github_requests_total: counter(
    "Requests to GitHub; ok is any answer, failed is none, a refused credential, or a failure of GitHub's; not_sent was held back by an open circuit.",
    { outcome: ["ok", "failed", "rate_limited", "not_sent"] },
  ),
  memory_health: gauge("Memories of accounts, by the verdict on them.", {
    state: ["helps", "harms", "noMeasurableEffect", "undecided"],
  }),
  memory_fragments: gauge("Fragments of all memories that may be shown to turns."),
  memory_recalls_total: counter("Turns that asked the memory: shown notes, held out of it by the dice, or given none that fit.", {
    arm: ["shown", "held_out", "none"],
  }),
  decisions_total: counter("What declared decisions led to: an action, a look, a question, a hold for a person.", {
    kind: ["act", "probe", "ask", "hold"],
  }),
  circuit_open: gauge("Isolates that leave an endpoint alone because it mostly failed.", { circuit: ["model", "github"] }),
  requests_refused_total: counter(
    "Requests that were refused, by why: rate and quota are limits of an account, rate also those of the front door.",
    {
      reason: ["rate", "quota", "overloaded", "unauthorized"],
    },
  ),
  errors_total: counter("Failures that are the server's own, or of what it calls inside.", {
    where: ["turn_step", "delivery", "outbox", "alarm"],
  }),
  metrics_report_age_seconds: gauge(
    "How long ago the thread reported that has a running turn and reported longest ago; 0 where none runs.",
    {},
    "seconds",
  ),
  metrics_reports_total: counter("Reports of objects to the metrics, by whether they were known.", {
    result: ["applied", "duplicate"],
  }),
} as const satisfies Record<string, Metric>;

export type MetricName = keyof typeof metrics;
type Table = typeof metrics;
type NameOf<Type extends Metric["type"]> = {
  [Name in MetricName]: Table[Name]["type"] extends Type ? Name : never;
}[MetricName];
export type CounterName = NameOf<"counter">;
export type GaugeName = NameOf<"gauge">;
export type HistogramName = NameOf<"histogram">;

/** The labels of a metric, all of them: `{ status: "completed" }`; `{}` where it has none. */
export type LabelsOf<Name extends MetricName> = {
  [Label in keyof Table[Name]["labels"]]: Table[Name]["labels"][Label] extends readonly (infer Value)[] ? Value : never;
};

/**
 * Upper bounds in milliseconds, from a keystroke's time to a working day: a model's first word and an approval that waits until the next
 * morning stand in one scale. One more bucket holds what is longer.
 */
export const bucketsMs = [
  5, 10, 25, 50, 100, 250, 500, 1_000, 2_500, 5_000, 10_000, 30_000, 60_000, 300_000, 1_800_000, 28_800_000,
] as const;

function counter<const Labels extends Metric["labels"] = Record<never, never>>(help: string, labels = {} as Labels) {
  return { type: "counter", help, labels } as const;
}

function gauge<const Labels extends Metric["labels"] = Record<never, never>>(
  help: string,
  labels = {} as Labels,
  unit?: "seconds",
) {
  return { type: "gauge", help, labels, ...(unit ? { unit } : {}) } as const;
}

function histogram(help: string) {
  return { type: "histogram", help, labels: {} as Record<never, never>, unit: "seconds" } as const;
}
