/** GitHub is down for a while, at each moment of a thread that works for an issue. The end is as if it had not been. */
import { describe, expect, test } from "vitest";
import { app, people } from "../support/github/stage.ts";
import type { Flow } from "./flow.ts";
import { open } from "./scenes.ts";
import { digitsIn, type End, endOf } from "./story.ts";

/** Requests that are refused before GitHub answers again: fewer than the attempts after which an effect is given up. */
const outageRequests = 8;
const moments = ["idle", "streaming", "approval pending"] as const;

/** A turn of an issue that is approved; `strike` is called at the moment. */
async function tell(moment: (typeof moments)[number] | null): Promise<{ end: End; refused: number }> {
  const outage = { refused: 0 };
  let isStreaming = false;
  const strike = (flow: Flow) => {
    flow.stage.faults.push({
      matches: () => {
        outage.refused += 1;
        return true;
      },
      when: "before",
      answer: { status: 503 },
      times: outageRequests,
    });
  };
  const flow: Flow = await open({
    trouble: (happened) => {
      // The first words of the model are on their way to the repository that follows.
      if (moment === "streaming" && !isStreaming && happened.includes("call deliver")) {
        isStreaming = true;
        strike(flow);
      }
      return null;
    },
  });
  const issue = await flow.openIssue(people.writer, { title: "An issue", body: "a body" });
  await flow.say(people.writer, issue, `@${app.slug}\nsay hello`);
  await flow.settle();
  if (moment === "idle") strike(flow);
  await flow.say(people.writer, issue, "/spindle run\nwrite a.txt: alpha\nsay it is written");
  await flow.settle();
  if (moment === "approval pending") strike(flow);
  await flow.say(people.writer, issue, `/spindle approve ${await digitsIn(flow, issue)}`);
  await flow.settle();
  return { end: await endOf(flow, issue), refused: outage.refused };
}

describe("GitHub is down for a while, and nothing is lost or done twice", () => {
  for (const moment of moments) {
    test(`GitHub down | ${moment}`, { timeout: 60_000 }, async () => {
      const calm = await tell(null);
      expect(Object.keys(calm.end.branches)).toHaveLength(2);
      const { end, refused } = await tell(moment);
      expect(refused).toBe(outageRequests);
      expect(end).toEqual(calm.end);
    });
  }
});
