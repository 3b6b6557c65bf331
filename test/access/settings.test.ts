import { expect, test } from "vitest";
import { readSettings } from "../../workers/credentials/settings.ts";

const secret = "0123456789abcdef0123456789abcdef";

test("nothing asked for is an open door, and every kind of credential closes it", () => {
  expect(readSettings({})).toMatchObject({ isOpen: true, allowedOrigins: [] });
  expect(readSettings({ SPINDLE_TOKEN: "  " })).toMatchObject({ isOpen: true });
  const closing = [
    { SPINDLE_TOKEN: "t" },
    { SPINDLE_OPERATOR_TOKEN: secret },
    { SPINDLE_JWT_SECRET: secret },
    { SPINDLE_ACCESS_TEAM_DOMAIN: "team.cloudflareaccess.com", SPINDLE_ACCESS_AUDIENCE: "aud" },
  ];
  for (const environment of closing) expect(readSettings(environment)).toMatchObject({ isOpen: false });
});

const wrong: [string, Record<string, string>][] = [
  ["SPINDLE_JWT_SECRET needs at least 32 bytes.", { SPINDLE_JWT_SECRET: secret.slice(1) }],
  ["SPINDLE_OPERATOR_TOKEN needs at least 32 bytes.", { SPINDLE_OPERATOR_TOKEN: "short" }],
  [
    "SPINDLE_OPERATOR_TOKEN and SPINDLE_TOKEN must differ: one makes tokens, the other uses threads.",
    { SPINDLE_OPERATOR_TOKEN: secret, SPINDLE_TOKEN: secret },
  ],
  ["SPINDLE_JWT_ISSUER and SPINDLE_JWT_AUDIENCE say nothing without SPINDLE_JWT_SECRET.", { SPINDLE_JWT_AUDIENCE: "spindle" }],
  ["SPINDLE_JWT_CLOCK_SKEW_SECONDS must be a whole number from 0 to 300.", { SPINDLE_JWT_CLOCK_SKEW_SECONDS: "301" }],
  ["SPINDLE_JWT_CLOCK_SKEW_SECONDS must be a whole number from 0 to 300.", { SPINDLE_JWT_CLOCK_SKEW_SECONDS: "a minute" }],
  ["SPINDLE_ACCESS_TEAM_DOMAIN and SPINDLE_ACCESS_AUDIENCE belong together.", { SPINDLE_ACCESS_TEAM_DOMAIN: "team.example" }],
  [
    "SPINDLE_ACCESS_TEAM_DOMAIN must look like team.cloudflareaccess.com.",
    { SPINDLE_ACCESS_TEAM_DOMAIN: "http://team.example", SPINDLE_ACCESS_AUDIENCE: "aud" },
  ],
  [
    "SPINDLE_ALLOWED_ORIGINS has spindle.example, which is no origin; one looks like https://spindle.example.",
    { SPINDLE_ALLOWED_ORIGINS: "https://a.example, spindle.example" },
  ],
  [
    "SPINDLE_ALLOWED_ORIGINS has *, which is no origin; one looks like https://spindle.example.",
    { SPINDLE_ALLOWED_ORIGINS: "*" },
  ],
];
test.for(wrong)("%s", ([problem, environment]) => {
  expect(readSettings(environment)).toEqual({ problem });
});

test("Access is told by the team's domain, however much of the address stands there", () => {
  for (const domain of ["team.cloudflareaccess.com", "https://team.cloudflareaccess.com", "https://team.cloudflareaccess.com/"]) {
    const settings = readSettings({ SPINDLE_ACCESS_TEAM_DOMAIN: domain, SPINDLE_ACCESS_AUDIENCE: "aud" });
    expect(settings).toMatchObject({ access: { teamUrl: "https://team.cloudflareaccess.com", audience: "aud" } });
  }
});
