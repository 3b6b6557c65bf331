/**
 * The web client as people use it: real Chromium, the server as `npm start` runs it. `npm run check:web`; names of stories as arguments
 * choose some of them. Installs the browser where there is none.
 */

import { startServer } from "./server.ts";
import { openBrowser } from "./web/browser.ts";
import { budgets } from "./web/budgets.ts";
import { daily } from "./web/daily.ts";
import { decision } from "./web/decision.ts";
import { diffs } from "./web/diffs.ts";
import { files } from "./web/files.ts";
import { firstVisit } from "./web/first-visit.ts";
import { hostile } from "./web/hostile.ts";
import { lostNetwork } from "./web/lost-network.ts";
import { memory } from "./web/memory.ts";
import { offline } from "./web/offline.ts";
import { push } from "./web/push.ts";

import { allScreens } from "./web/screens.ts";
import { session } from "./web/session.ts";
import { settings } from "./web/settings.ts";
import { results, type Story } from "./web/story.ts";
import { talk } from "./web/talk.ts";
import { threads } from "./web/threads.ts";

const stories: Record<string, Story> = {
  firstVisit,
  talk,
  diffs,
  lostNetwork,
  threads,
  decision,
  memory,
  files,
  settings,
  daily,
  session,
  hostile,
  offline,
  push,
  allScreens,
  budgets,
};

const chosen = process.argv.slice(2);
const unknown = chosen.filter((name) => !(name in stories));
if (unknown.length > 0) throw new Error(`no story ${unknown.join(", ")}; there are ${Object.keys(stories).join(", ")}`);
const browser = await openBrowser();
try {
  for (const [name, story] of Object.entries(stories)) {
    if (chosen.length > 0 && !chosen.includes(name)) continue;
    // Its own: no story finds the threads of another.
    const server = await startServer();
    try {
      await story({ browser, server });
    } finally {
      await server.close();
    }
  }
} finally {
  await browser.close();
}
console.log(`${results.passed} passed, ${results.failed} failed`);
process.exit(results.failed === 0 ? 0 : 1);
