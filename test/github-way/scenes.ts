/** GitHub's stage for each test of a file, closed after it; every request of every test was one that GitHub allows. */
import { afterEach, beforeEach, expect, vi } from "vitest";
import { privateKey } from "../support/github/repository.ts";
import { openStage, type Stage } from "../support/github/stage.ts";
import { type Flow, type FlowOptions, openFlow } from "./flow.ts";

const stages: Stage[] = [];

beforeEach(() => {
  for (const way of ["log", "error"] as const) vi.spyOn(console, way).mockImplementation(() => {});
});

afterEach(async () => {
  vi.restoreAllMocks();
  for (const stage of stages.splice(0)) {
    expect(stage.problems).toEqual([]);
    await stage.close();
  }
});

export async function open(options: Omit<FlowOptions, "stage"> = {}): Promise<Flow> {
  const stage = await openStage({ privateKey });
  stages.push(stage);
  return openFlow({ stage, ...options });
}
