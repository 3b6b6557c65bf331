import { expect, test } from "vitest";
import { bearerOf } from "../../workers/credentials/authorization-header.ts";
import { type Failure, whatTheWorldMayLearn } from "../../workers/credentials/failure.ts";

/** FACTS 3.1: the real server's words. */
const words: [Failure, string][] = [
  [{ type: "missing" }, "missing websocket bearer token"],
  [{ type: "malformedHeader" }, "invalid authorization header"],
  [{ type: "invalidToken" }, "invalid websocket bearer token"],
  [{ type: "invalidJwt", reason: "the operator's business" }, "invalid websocket jwt"],
  [{ type: "expiredJwt" }, "expired websocket jwt"],
  [{ type: "jwtNotYetValid" }, "websocket jwt is not valid yet"],
  [{ type: "issuerMismatch" }, "websocket jwt issuer mismatch"],
  [{ type: "audienceMismatch" }, "websocket jwt audience mismatch"],
];
test.for(words)("%o is told in the real server's words", ([failure, text]) => {
  expect(whatTheWorldMayLearn(failure)).toEqual({ status: 401, text });
});

test("the header is read as the real server reads it", () => {
  expect(bearerOf(undefined)).toEqual({ failure: { type: "missing" } });
  for (const header of ["", "Bearer", "Bearer ", "Bearer   ", "Basic abc", "abc", " Bearer abc", "Bearer\tabc"]) {
    expect(bearerOf(header), JSON.stringify(header)).toEqual({ failure: { type: "malformedHeader" } });
  }
  for (const header of ["Bearer abc", "bearer abc", "BEARER  abc "]) expect(bearerOf(header)).toEqual({ token: "abc" });
  expect(bearerOf("Bearer abc def")).toEqual({ token: "abc def" });
});
