/** Check runs. GitHub takes two of one name on one commit, so that ours is found again by its `external_id`. */
import type { CheckRunState, EffectResult } from "#github/effect";
import type { ActionOf, Performance } from "#github/perform/performance";

export async function createCheckRun(action: ActionOf<"createCheckRun">, performance: Performance): Promise<EffectResult> {
  const { name, headOid, externalId, state } = action;
  const calls = performance.calls({ checks: "write" });
  if (performance.isUncertain) {
    const isOurs = (run: { external_id: string | null; name: string }) => run.external_id === externalId && run.name === name;
    const runs = await calls.ghPages(
      "GET /repos/{owner}/{repo}/commits/{ref}/check-runs",
      { ref: headOid, check_name: name, app_id: performance.app.id, filter: "all" },
      { itemsOf: (page) => page.check_runs, isOver: (found) => found.some(isOurs) },
    );
    const ours = runs.find(isOurs);
    if (ours) return { type: "checkRun", id: Number(ours.id) };
  }
  const created = await calls.gh("POST /repos/{owner}/{repo}/check-runs", {
    name,
    head_sha: headOid,
    external_id: externalId,
    ...shown(state),
  });
  return { type: "checkRun", id: Number(created.id) };
}

/** Twice the same state is the same check run. */
export async function updateCheckRun({ state }: ActionOf<"updateCheckRun">, performance: Performance): Promise<EffectResult> {
  const { base } = performance;
  if (base?.result.type !== "checkRun") throw new Error("an update builds on a check run");
  const { id } = base.result;
  await performance.calls({ checks: "write" }).gh("PATCH /repos/{owner}/{repo}/check-runs/{check_run_id}", {
    check_run_id: id,
    ...shown(state),
  });
  return { type: "checkRun", id };
}

function shown({ status, conclusion, title, summary, text, detailsUrl, actions }: CheckRunState) {
  const output = { title, summary, ...(text === undefined ? {} : { text }) };
  const details = detailsUrl === undefined ? {} : { details_url: detailsUrl };
  const buttons = actions === undefined ? {} : { actions };
  if (status !== "completed") return { status, output, ...details, ...buttons };
  if (conclusion === undefined) throw new Error("a completed check run has a conclusion");
  return { status, conclusion, output, ...details, ...buttons };
}
