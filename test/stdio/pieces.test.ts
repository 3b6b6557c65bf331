/** The bridge's small parts: lines, arguments, texts without numbers. */
import { expect, test } from "vitest";
import { parseArguments } from "../../web/stdio/arguments.ts";
import { bridgeLimits } from "../../web/stdio/limits.ts";
import { Lines } from "../../web/stdio/lines.ts";
import { withoutSeq } from "../../web/stdio/wire-text.ts";

test("lines come whole, however the text is cut; empty ones are none; the last needs no end", () => {
  const text = '{"a":1}\r\n\n{"b":"ü"}\n{"c":3}';
  for (let cut = 0; cut <= text.length; cut += 1) {
    const taken: string[] = [];
    const lines = new Lines(
      (line) => taken.push(line),
      () => taken.push("too long"),
    );
    lines.add(text.slice(0, cut));
    lines.add(text.slice(cut));
    lines.end();
    expect(taken).toEqual(['{"a":1}', '{"b":"ü"}', '{"c":3}']);
  }
});

test("a line without end is dropped whole, said once, and the next one counts", () => {
  const taken: string[] = [];
  const lines = new Lines(
    (line) => taken.push(line),
    () => taken.push("too long"),
  );
  for (let piece = 0; piece < 3; piece += 1) lines.add("x".repeat(bridgeLimits.lineBytesMax / 2 + 1));
  lines.add("rest\nnext\n");
  expect(taken).toEqual(["too long", "next"]);
});

test("a number is taken away where it stands for the frame, and nowhere else", () => {
  expect(withoutSeq('{"method":"m","params":{"seq":1},"seq":12}')).toBe('{"method":"m","params":{"seq":1}}');
  expect(withoutSeq('{"method":"m","params":{"a":1,"seq":1}}')).toBe('{"method":"m","params":{"a":1,"seq":1}}');
  expect(withoutSeq('{"seq":3,"method":"m","params":{"x":","}}')).toBe('{"method":"m","params":{"x":","}}');
  expect(withoutSeq('{"id":12345678901234567890,"result":{},"seq":3}')).toBe('{"id":12345678901234567890,"result":{}}');
});

test("it can be started as `codex app-server` is", () => {
  const given = [
    "app-server",
    "--listen",
    "stdio://",
    "-c",
    "model=x",
    "--enable=y",
    "--url",
    "http://host:1/",
    "--auth-token-env=T",
  ];
  expect(parseArguments(given, { T: "secret", SPINDLE_TOKEN: "other" })).toEqual({
    type: "run",
    url: "ws://host:1/",
    token: "secret",
    ignored: ["-c model=x", "--enable=y"],
  });
  expect(parseArguments([], { SPINDLE_TOKEN: "t", SPINDLE_URL: "wss://there" })).toEqual({
    type: "run",
    url: "wss://there/",
    token: "t",
    ignored: [],
  });
  expect(parseArguments(["--listen", "ws://0.0.0.0:1"], {}).type).toBe("wrong");
  expect(parseArguments(["--url", "nowhere"], {}).type).toBe("wrong");
  expect(parseArguments(["--url"], {}).type).toBe("wrong");
  expect(parseArguments(["--auth-token-env", "MISSING"], {}).type).toBe("wrong");
});
