/** The generated pages are what the table says now, and what they say is true. */
import { readFileSync } from "node:fs";
import { Ajv2020 } from "ajv/dist/2020.js";
import { expect, test } from "vitest";
import { codexMethodNames } from "#protocol/codex-method-names";
import type { ConnectionNotifications } from "#protocol/connection-notifications";
import { refusals } from "#protocol/errors";
import { isServed, type MethodName, methods, type ParamsInput, type Result } from "#protocol/methods";
import type { Notifications } from "#protocol/notifications";
import type { ServerRequests as ServerRequestParams, ServerRequestResult } from "#protocol/server-requests";
import { deadReasons } from "#protocol/unserved";
import { codexMethodsOf } from "#test/reference/codex-shapes";
import { verdictOf } from "#test/reference/compatibility-page";
import { readProtocol } from "#test/reference/definitions";
import { exampleOf } from "#test/reference/examples";
import { pages } from "#test/reference/pages";
import { exchangesOf, sessions } from "#test/support/codex-transcripts";
import type { ClientRequests, ServerNotifications, ServerRequests } from "../../docs/protocol.d.ts";

const generated = await pages();

test.each(Object.keys(generated))("%s is what `npm run protocol` writes now", (path) => {
  expect(readFileSync(new URL(`../../${path}`, import.meta.url), "utf8")).toBe(generated[path]);
});

test("the bindings say what zod says, in both directions", () => {
  // The typechecker is who judges here: a method whose types differ stands in the type of the constant that has to be `true`.
  const requests: IsNever<DifferentRequests> = true;
  const serverRequests: IsNever<DifferentServerRequests> = true;
  const notifications: IsNever<DifferentNotifications> = true;
  const names: IsSame<keyof ClientRequests, MethodName> = true;
  expect([requests, serverRequests, notifications, names]).toEqual([true, true, true, true]);
});

test("every recorded request that the table reads is a frame by the JSON Schema, with the result that was recorded", () => {
  const ajv = new Ajv2020({ strict: false, validateFormats: false });
  const bundle = JSON.parse(generated["docs/protocol.schema.json"] ?? "") as { $defs: object };
  ajv.addSchema(bundle, "spindle");
  const isFrame = ajv.compile({ $ref: "spindle#/$defs/ClientRequest" });
  const counts = { requests: 0, results: 0 };
  for (const { method, request, response } of sessions.flatMap(exchangesOf)) {
    if (!isServed(method) || !methods[method].params.safeParse(request.params).success) continue;
    counts.requests += 1;
    expect(isFrame(request), `${JSON.stringify(request)} ${JSON.stringify(isFrame.errors)}`).toBe(true);
    if (response.error || !methods[method].result.safeParse(response.result).success) continue;
    counts.results += 1;
    const isResult = ajv.compile({ $ref: `spindle#/$defs/ClientResults/properties/${method.replaceAll("/", "~1")}` });
    expect(isResult(response.result), `${method} ${JSON.stringify(isResult.errors)}`).toBe(true);
  }
  expect(counts.requests).toBeGreaterThan(300);
  expect(counts.results).toBeGreaterThan(200);
  expect(isFrame({ id: 1, method: "turn/start", params: { input: [] } })).toBe(false);
});

test("every example is a request that its method reads", async () => {
  const protocol = await readProtocol();
  const unread = (Object.keys(methods) as MethodName[]).filter(
    (name) => !methods[name].params.safeParse(exampleOf(name, protocol).request.params).success,
  );
  expect(unread).toEqual([]);
});

test("an empty answer is called empty because nothing else fits into it", () => {
  expect(verdictOf("skills/list")).toBe("honest empty");
  expect(verdictOf("thread/backgroundTerminals/list")).toBe("honest empty");
  expect(verdictOf("model/list")).toBe("served");
  expect(verdictOf("thread/archive")).toBe("served");
  expect(verdictOf("account/rateLimits/read")).toBe("refused");
  expect(verdictOf("mock/experimentalMethod")).toBe("refused");
});

test("the table gives the reason that the wire gives, and no reason is left without a method", () => {
  const unserved = codexMethodNames.filter((name) => !isServed(name));
  for (const name of unserved) {
    const reason = refusals.unserved(name).message.replace(`${name} is not supported by Spindle: `, "");
    expect(generated["docs/compatibility.md"]).toMatch(
      new RegExp(`^\\| \`${name}\`( \\*exp\\.\\*)? \\| refused \\| ${reason} \\|$`, "m"),
    );
  }
  const never = [...codexMethodsOf("ServerRequest"), ...codexMethodsOf("ServerNotification")];
  expect(deadReasons([...unserved, ...never])).toEqual([]);
});

type IsNever<Type> = [Type] extends [never] ? true : Type;
type IsSame<One, Other> = [One] extends [Other] ? ([Other] extends [One] ? true : false) : false;
type Different<Names extends string, One extends Record<Names, unknown>, Other extends Record<Names, unknown>> = {
  [Name in Names]: IsSame<One[Name], Other[Name]> extends true ? never : Name;
}[Names];
/** `params` that may be left out are the same as `params` that may be undefined. */
type Spelled<Requests> = {
  [Name in keyof Requests]: {
    [Part in "params" | "result"]: Part extends keyof Requests[Name] ? Requests[Name][Part] : never;
  };
};
type DifferentRequests = Different<
  MethodName,
  Spelled<ClientRequests>,
  { [Name in MethodName]: { params: ParamsInput<Name>; result: Result<Name> } }
>;
type DifferentServerRequests = Different<
  keyof ServerRequestParams,
  ServerRequests,
  { [Name in keyof ServerRequestParams]: { params: ServerRequestParams[Name]; result: ServerRequestResult<Name> } }
>;
type DifferentNotifications = Different<keyof AllNotifications, ServerNotifications, AllNotifications>;
type AllNotifications = Notifications & ConnectionNotifications;
