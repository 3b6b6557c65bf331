/**
 * Why Spindle does not serve what Codex 0.169.0 knows. The one source: the refusal on the wire says it, and the compatibility table
 * is made from it. What is served is not asked for here, so a method that comes to be served needs no change but a dead line less.
 */

/** A name, or with a slash at its end the names that begin with it. The first that fits counts. */
const reasons: readonly (readonly [why: string, names: readonly string[]])[] = [
  ["it has no voice", ["thread/realtime/"]],
  ["it runs no Windows sandbox: commands run in an overlay of the workspace", ["windowsSandbox/", "windows/"]],
  ["it has no local processes: commands run in an overlay of the workspace", ["process/"]],
  ["a command ends before the model hears of it, so that none runs in the background", ["thread/backgroundTerminals/"]],
  ["commands have no terminal to type into", ["item/commandExecution/terminalInteraction"]],
  ["it is reached directly, without a relay that controls it", ["remoteControl/"]],
  ["it runs no plugins and knows no marketplace", ["plugin/", "marketplace/"]],
  ["it runs no apps", ["app/"]],
  ["it runs no hooks", ["hook/"]],
  ["it reads no skills", ["skills/"]],
  [
    "MCP servers are called one request at a time: nothing streams from them, and none is signed in to",
    ["mcpServer/", "item/mcpToolCall/"],
  ],
  [
    "it holds no account with a model's provider: the operator gives the server its key",
    ["account/", "accountSession/", "userVerification/", "attestation/", "getAuthStatus"],
  ],
  ["the operator configures the model's endpoint", ["modelProvider/"]],
  ["what does not fit the configuration is refused when it is written", ["configWarning"]],
  [
    "what the model's endpoint does with a request is the endpoint's own matter",
    ["model/rerouted", "model/verification", "model/safetyBuffering/", "turn/moderationMetadata"],
  ],
  ["nothing that it serves is deprecated", ["deprecationNotice"]],
  ["there is no home folder in which other agents left files", ["externalAgentConfig/"]],
  ["every thread has its one workspace and no other environment", ["environment/", "thread/environment/"]],
  [
    "only people approve: no model reviews in their place",
    [
      "thread/guardianReview",
      "thread/approveGuardianDeniedAction",
      "item/autoApprovalReview/",
      "autoApprovalReview/",
      "guardianWarning",
    ],
  ],
  [
    "a turn waits for people as long as it takes, so that there is no timer to hold",
    ["thread/increment_elicitation", "thread/decrement_elicitation"],
  ],
  ["the model is asked in turns only, which the log keeps", ["thread/sample", "thread/sample/"]],
  ["it predicts nobody's next words", ["thread/prediction/"]],
  ["a thread is a log in a database: there are no rollout files", ["rollout/"]],
  ["a workspace has no remote to compare with", ["gitDiffToRemote"]],
  ["there is nobody to send feedback to", ["feedback/"]],
  ["its operator sees its health where it is deployed", ["server/diagnostics"]],
  ["it has a clock of its own", ["currentTime/"]],
  [
    "it belongs to the protocol before threads",
    ["getConversationSummary", "applyPatchApproval", "execCommandApproval", "thread/compacted"],
  ],
  ["it exists for the real server's own tests", ["mock/"]],
  ["threads are put in order by sections", ["project/", "thread/project/"]],
  ["no thread is attached to another's work", ["thread/attachment/", "thread/attachmentOwner/"]],
  ["a plan is told of as a whole, and is approved by going on", ["item/plan/", "thread/prepareApprovedPlan"]],
  ["settings hold from the next turn on: `thread/settings/update` changes them", ["turn/settings/update"]],
  ["a file change is proposed whole", ["item/fileChange/"]],
  ["the model's reasoning is encrypted, and told of by its summary", ["item/reasoning/textDelta"]],
  ["nothing but an approved diff reaches the workspace: there is no other permission to ask for", ["item/permissions/"]],
];

/** The end of the sentence "… is not supported by Spindle: ". */
export function whyUnserved(name: string): string {
  const found = reasons.find(([, names]) => names.some((known) => covers(known, name)));
  return found?.[0] ?? "it is not built yet";
}

/** For the test that wants no reason without a method: names that nothing of `names` is covered by. */
export function deadReasons(names: readonly string[]): string[] {
  return reasons.flatMap(([, covered]) => covered.filter((known) => !names.some((name) => covers(known, name))));
}

function covers(known: string, name: string): boolean {
  return known.endsWith("/") ? name.startsWith(known) : name === known;
}
