/** Which addresses this server calls because a client said so. */
import { expect, test } from "vitest";
import { endpointProblem, readHosts } from "#push/endpoint";

test.each([
  "https://fcm.googleapis.com/fcm/send/abc:def",
  "https://updates.push.services.mozilla.com/wpush/v2/abc",
  "https://web.push.apple.com/QOkf",
  "https://db5p.notify.windows.com/w/?token=abc",
  "https://FCM.googleapis.com:443/fcm/send/abc",
])("%s is a push service", (endpoint) => expect(endpointProblem(endpoint, [])).toBe(null));

test.each([
  ["", "no URL"],
  ["x", "no URL"],
  ["http://fcm.googleapis.com/a", "https"],
  ["http://127.0.0.1:8787/a", "https"],
  ["file:///etc/passwd", "https"],
  ["https://127.0.0.1/a", "no push service"],
  ["https://[::1]/a", "no push service"],
  ["https://169.254.169.254/latest/meta-data", "no push service"],
  ["https://localhost/a", "no push service"],
  ["https://example.com/a", "no push service"],
  ["https://fcm.googleapis.com.example.com/a", "no push service"],
  ["https://evilfcm.googleapis.com/a", "no push service"],
  ["https://notify.windows.com/a", "no push service"],
  ["https://evilnotify.windows.com/a", "no push service"],
  ["https://fcm.googleapis.com:8443/a", "no push service"],
  ["https://fcm.googleapis.com@example.com/a", "more than an address"],
  ["https://u:p@fcm.googleapis.com/a", "more than an address"],
  ["https://fcm.googleapis.com/a#b", "more than an address"],
  [`https://fcm.googleapis.com/${"a".repeat(2_048)}`, "longer"],
])("%s is not called", (endpoint, problem) => expect(endpointProblem(endpoint, [])).toContain(problem));

test("the operator names more: hosts, all below one, ports, and this machine without TLS", () => {
  const hosts = readHosts(" push.example.com, *.Push.Example.org,127.0.0.1:9911 ,, example.net:8443");
  const called = (endpoint: string) => endpointProblem(endpoint, hosts) === null;
  expect(called("https://push.example.com/a")).toBe(true);
  expect(called("https://a.push.example.org/a")).toBe(true);
  expect(called("https://example.net:8443/a")).toBe(true);
  expect(called("http://127.0.0.1:9911/a")).toBe(true);
  expect(called("http://127.0.0.1:9912/a")).toBe(false);
  expect(called("http://push.example.com/a")).toBe(false);
  expect(called("https://push.example.org/a")).toBe(false);
  expect(called("https://example.net/a")).toBe(false);
});
