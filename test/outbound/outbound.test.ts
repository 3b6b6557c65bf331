import { expect, test } from "vitest";
import { CircuitOpen } from "#core/circuit";
import { circuitLimits } from "#core/limits";
import { gh } from "#github/api";
import type { GitHubError } from "#github/failure";
import { ModelError } from "#models/model";
import { createOpenAiModel } from "#models/openai";
import { Breaker, isAt, isBelow, OutboundRefused, outboundFetch } from "#outbound/outbound";

const base = "https://models.example/v1";

function world(answer: (url: string) => Response | Error) {
  const called: string[] = [];
  const reports: string[] = [];
  let nowMs = 0;
  const later = (durationMs: number) => {
    nowMs += durationMs;
  };
  const report = (event: string, details: Record<string, unknown>) => void reports.push(`${event} ${JSON.stringify(details)}`);
  const breaker = new Breaker("the model's endpoint", report, { now: () => nowMs });
  const send = (async (input: unknown, init?: RequestInit) => {
    expect(init?.redirect, "nobody follows a redirect").toBe("manual");
    called.push(String(input));
    const answered = answer(String(input));
    if (answered instanceof Error) throw answered;
    return answered;
  }) as typeof fetch;
  const call = outboundFetch({ purpose: "model", allows: isBelow(base), breaker, report, fetch: send });
  return { call, called, reports, breaker, later };
}

test("only what is below the configured address is called, however another is written", async () => {
  const { call, called, reports } = world(() => new Response("ok"));
  await call(`${base}/responses`, { method: "POST" });
  const others = [
    "https://models.example.evil/v1/responses",
    "https://models.example:8443/v1/responses",
    "http://models.example/v1/responses",
    "https://models.example/v1/../admin",
    "https://models.example/v10/responses",
    "https://user:password@models.example/v1/responses",
    "http://169.254.169.254/latest/meta-data",
    "file:///etc/passwd",
    "no address",
  ];
  for (const url of others) await expect(call(url), url).rejects.toThrow(OutboundRefused);
  await expect(call(new Request("https://elsewhere.example/"))).rejects.toThrow(OutboundRefused);
  expect(called).toEqual([`${base}/responses`]);
  expect(reports).toHaveLength(others.length + 1);
  expect(reports.join("")).not.toContain("password@");
  expect(isAt("no address")(new URL(base))).toBe(false);
});

test("a redirect comes back as it is", async () => {
  const { call, called } = world(() => new Response(null, { status: 302, headers: { location: "https://elsewhere.example/" } }));
  expect((await call(`${base}/responses`)).status).toBe(302);
  expect(called).toHaveLength(1);
});

test("a turn's attempt at an endpoint that is left alone fails at once, is retried in time, and one attempt tries it", async () => {
  let isDown = true;
  const { call, called, breaker, later, reports } = world(() =>
    isDown ? new Error("no route to host") : new Response("data: [DONE]\n\n"),
  );
  const model = createOpenAiModel({ apiKey: "k", baseUrl: base, fetch: call });
  const attempt = async () => {
    const request = {
      model: "m",
      instructions: "",
      input: [],
      tools: [],
      effort: null,
      summary: null,
      outputSchema: null,
      promptCacheKey: "t",
    };
    const events = model.stream(request, new AbortController().signal);
    try {
      for await (const _ of events);
    } catch (error) {
      return error as ModelError;
    }
    return null;
  };
  for (let times = 0; times < circuitLimits.failuresMin; times++)
    expect((await attempt())?.message).toContain("error sending request");
  expect(breaker.state).toBe("open");
  const refused = await attempt();
  expect(refused).toBeInstanceOf(ModelError);
  expect(refused).toMatchObject({ info: "serverOverloaded", willRetry: true, retryAfterMs: circuitLimits.openMs });
  expect(refused?.message).toContain("the model's endpoint failed too often just now");
  expect(called).toHaveLength(circuitLimits.failuresMin);
  later(circuitLimits.openMs);
  isDown = false;
  await attempt();
  expect(breaker.state).toBe("closed");
  expect(reports.map((line) => JSON.parse(line.slice("circuitChanged ".length)).to)).toEqual(["open", "halfOpen", "closed"]);
});

test("who stops a request says nothing of the endpoint, a refusal neither, and an error of the server does", async () => {
  const aborted = new AbortController();
  aborted.abort();
  const stopped = world(() => new Error("aborted"));
  for (let times = 0; times < 20; times++) await stopped.call(`${base}/x`, { signal: aborted.signal }).catch(() => {});
  expect(stopped.breaker.state).toBe("closed");
  for (const [status, state] of [
    [429, "closed"],
    [400, "closed"],
    [503, "open"],
  ] as const) {
    const { call, breaker } = world(() => new Response("", { status }));
    for (let times = 0; times < circuitLimits.failuresMin; times++) await call(`${base}/x`);
    expect(breaker.state, String(status)).toBe(state);
  }
});

test("for GitHub an open circuit is an endpoint that is unavailable, so that its outbox tries again", async () => {
  const fetch = (async () => {
    throw new CircuitOpen("GitHub", 1_000);
  }) as unknown as typeof globalThis.fetch;
  const call = {
    apiUrl: "https://api.github.com",
    token: "t",
    fetch,
    now: () => 0,
    deadline: () => new AbortController().signal,
  };
  const failure = await gh(call, "GET /app", {} as never).catch((error: GitHubError) => error.failure);
  expect(failure).toMatchObject({ type: "unavailable", reason: expect.stringContaining("GitHub failed too often") });
});
