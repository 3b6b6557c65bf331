/**
 * OpenAI's own Codex client, unmodified, works with Spindle as a person would with Codex's own server: `npm run check:codex`. It is
 * judged by what stands on the screen, by what stands in the workspace, and by every frame on the wire.
 */
import { rmSync } from "node:fs";
import { join } from "node:path";
import { approvals } from "./codex/approvals.ts";
import { commands } from "./codex/commands.ts";
import { company } from "./codex/company.ts";
import { must } from "./codex/conditions.ts";
import { conversation } from "./codex/conversation.ts";
import { crashes } from "./codex/crashes.ts";
import { forks } from "./codex/forks.ts";
import { fromAfar } from "./codex/from-afar.ts";
import { startModelEndpoint } from "./codex/model-endpoint.ts";
import { Stage } from "./codex/stage.ts";
import { Steps } from "./codex/steps.ts";
import { threads } from "./codex/threads.ts";
import { startTlsProxy } from "./codex/tls-proxy.ts";
import { createCodexHome, installCodex } from "./codex-client.ts";
import { projectRoot } from "./server.ts";
import { requireTmux } from "./terminal.ts";

const results = join(projectRoot, "node_modules/.cache/spindle-checks/codex");
rmSync(results, { recursive: true, force: true });
requireTmux();
const home = createCodexHome(installCodex());
const steps = new Steps();
// `npm run check:codex -- threads crashes` tells these stories only.
const wanted = process.argv.slice(2);

let frames = 0;
await near();
await afar();
home.remove();

steps.print();
console.log(`\n${frames} frames; screens and frames are in ${results}`);
steps.printCounts();
process.exit(steps.failed > 0 ? 1 : 0);

/** On this machine, without a token; the model is the rehearsal. */
async function near(): Promise<void> {
  const stories = { conversation, approvals, threads, commands, company, crashes, forks };
  const chosen = Object.entries(stories).filter(([name]) => wanted.length === 0 || wanted.includes(name));
  if (chosen.length === 0) return;
  // Slow enough that a person, and this check, sees the numbers come.
  const env = { SPINDLE_REHEARSAL_INTERVAL_MS: "100" };
  const stage = await Stage.open({ home, steps, results: join(results, "near"), env });
  for (const [, story] of chosen) await story(stage);
  await end(stage);
}

/** Through TLS, with a token; the model is behind an endpoint. */
async function afar(): Promise<void> {
  if (wanted.length > 0 && !wanted.includes("fromAfar")) return;
  const [token, endpoint] = [crypto.randomUUID(), await startModelEndpoint()];
  const env = { SPINDLE_TOKEN: token, OPENAI_API_KEY: "check", OPENAI_BASE_URL: endpoint.baseUrl, OPENAI_MODEL: "check-model" };
  const stage = await Stage.open({ home, steps, results: join(results, "afar"), env });
  const proxy = await startTlsProxy(stage.recorder.port, stage.results);
  await fromAfar(stage, { proxy, token, endpoint });
  await end(stage);
  proxy.close();
  endpoint.close();
}

async function end(stage: Stage): Promise<void> {
  const { wire } = stage;
  await stage.step("every request of the last client was answered", async () => {
    await stage.until("the last answers", () => wire.unanswered().length === 0);
    await stage.leave();
  });
  await stage.step("every frame of the server fits Codex's own schema", () => {
    const problems = wire.schemaProblems();
    must(problems.length === 0, problems.slice(0, 5).join("\n"));
  });
  frames += wire.messages.length;
  await stage.close();
}
