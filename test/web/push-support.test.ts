/** Whether a browser can ring, what is in the way, and what it is called among an account's devices. */
import { expect, test } from "vitest";
import { type BrowserTraits, deviceName, pushSupport } from "../../web/app/installed/push-support.ts";

const iphone =
  "Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.1 Mobile Safari/604.1";
const mac =
  "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.1 Safari/605.1.15";
const android =
  "Mozilla/5.0 (Linux; Android 15; Pixel 9) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/156.0 Mobile Safari/537.36";
const edge = "Mozilla/5.0 (Windows NT 10.0; Win64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/156.0 Safari/537.36 Edg/156.0";
const firefox = "Mozilla/5.0 (X11; Linux x86_64; rv:150.0) Gecko/20100101 Firefox/150.0";

const able: BrowserTraits = {
  hasWorker: true,
  hasPush: true,
  permission: "default",
  userAgent: android,
  touchPointsMax: 5,
  isInstalled: false,
};

test("a browser rings, or what is in the way has a name", () => {
  expect(pushSupport(able)).toBe("ready");
  expect(pushSupport({ ...able, permission: "granted" })).toBe("ready");
  expect(pushSupport({ ...able, permission: "denied" })).toBe("blocked");
  expect(pushSupport({ ...able, permission: null })).toBe("unsupported");
  expect(pushSupport({ ...able, hasPush: false })).toBe("unsupported");
  expect(pushSupport({ ...able, hasWorker: false })).toBe("unsupported");
});

test("iOS rings from the home screen only, also an iPad that says it is a Mac", () => {
  const inSafari = { ...able, hasPush: false, permission: null, userAgent: iphone };
  expect(pushSupport(inSafari)).toBe("needsInstall");
  expect(pushSupport({ ...inSafari, userAgent: mac, touchPointsMax: 5 })).toBe("needsInstall");
  expect(pushSupport({ ...inSafari, userAgent: mac, touchPointsMax: 0 })).toBe("unsupported");
  expect(pushSupport({ ...able, userAgent: iphone, isInstalled: true })).toBe("ready");
});

test("a device is called as its owner calls it", () => {
  const names = [android, edge, firefox, iphone].map((userAgent) => deviceName({ userAgent, touchPointsMax: 5 }));
  expect(names).toEqual(["Chrome on Android", "Edge on Windows", "Firefox on Linux", "Safari on iPhone"]);
  expect([0, 5].map((touchPointsMax) => deviceName({ userAgent: mac, touchPointsMax }))).toEqual([
    "Safari on macOS",
    "Safari on iPad",
  ]);
  expect(deviceName({ userAgent: "", touchPointsMax: 0 })).toBe("A browser");
});
