/** Whether a server is there, and who it lets in. Nothing is changed but a session, which is opened and closed. */
import type { CheckArguments } from "./arguments.ts";
import { must, type Step } from "./steps.ts";
import { openTap } from "./tapped-socket.ts";

/** Right in form, and nobody's. */
const wrongToken = `spindle_${"0".repeat(16)}_${"A".repeat(43)}`;

/** A version that was just deployed is not everywhere at once. */
const versionMsMax = 30_000;

export function smokeSteps(given: CheckArguments): Step[] {
  const { origin, token, headers, version } = given;
  const ask = (path: string, more: Record<string, string> = {}, init: RequestInit = {}) =>
    fetch(`${origin}${path}`, { redirect: "manual", ...init, headers: { ...headers, ...more } });
  const own: Record<string, string> = token === null ? {} : { authorization: `Bearer ${token}` };

  const health: Step = {
    title: "it is healthy",
    run: async () => {
      const { status } = await ask("/healthz");
      must(status === 200, `/healthz answers ${status}`);
    },
  };
  const ready: Step = {
    title: version === null ? "it is ready" : `it is ready, and is version ${version}`,
    run: async () => {
      const deadlineMs = Date.now() + Math.min(versionMsMax, given.timeoutMs / 2);
      for (;;) {
        const response = await ask("/readyz");
        must(response.status === 200, `/readyz answers ${response.status}`);
        const answering = response.headers.get("spindle-version");
        if (version === null || answering === version) return;
        must(Date.now() < deadlineMs, `version ${answering ?? "untold"} answers`);
        await new Promise((resolve) => setTimeout(resolve, 1_000));
      }
    },
  };
  const page: Step = {
    title: "the page comes, with its policy",
    run: async () => {
      const response = await ask("/", { ...own, accept: "text/html" });
      const text = await response.text();
      must(response.status === 200, `/ answers ${response.status}: ${text.slice(0, 200)}`);
      must(text.includes("<script"), "/ answers a page without a script; was the web client built?");
      const policy = response.headers.get("content-security-policy") ?? "";
      must(/default-src '(self|none)'/.test(policy), `the page's content-security-policy is "${policy}"`);
    },
  };
  const handshake: Step = {
    title: "the protocol's handshake is answered, and there is a model",
    run: async () => {
      const { client, ready } = openTap(given, "spindle-smoke");
      try {
        const { userAgent } = await ready;
        must(userAgent.includes("Spindle"), `the server calls itself "${userAgent}"`);
        const { data } = await client.request("model/list", {});
        must(
          data.some(({ isDefault }) => isDefault),
          "no model is the default",
        );
      } finally {
        client.close();
      }
    },
  };
  if (token === null) return [health, ready, page, handshake];
  const doors: Step[] = [
    {
      title: "a browser without a credential gets the page to sign in on, and nothing else",
      run: async () => {
        const response = await ask("/", { accept: "text/html" });
        const text = await response.text();
        must(response.status === 401, `/ answers ${response.status} to nobody`);
        must(/<form[^>]*\/session/.test(text), "the page to sign in on has no form");
        must(!text.includes("<script"), "the page to sign in on brings a script");
      },
    },
    {
      title: "a wrong token opens nothing",
      run: async () => {
        for (const path of ["/session", "/tokens"]) {
          const { status } = await ask(path, { authorization: `Bearer ${wrongToken}` });
          must(status === 401 || status === 403, `${path} answers ${status} to a wrong token`);
        }
        const { client, ready } = openTap({ ...given, token: wrongToken }, "spindle-smoke");
        const isIn = await ready.then(
          () => true,
          () => false,
        );
        client.close();
        must(!isIn, "a socket is opened for a wrong token");
      },
    },
    {
      title: "an account's token makes no tokens",
      run: async () => {
        const { status } = await ask("/tokens", own);
        must(status === 401 || status === 403, `/tokens answers ${status}`);
      },
    },
    {
      title: "the token signs a browser in, and the sign-out ends it",
      run: async () => {
        const body = JSON.stringify({ token });
        const signIn = await ask("/session", { origin, "content-type": "application/json" }, { method: "POST", body });
        const cookie = signIn.headers.get("set-cookie") ?? "";
        must(cookie !== "", `signing in answers ${signIn.status} without a cookie: ${(await signIn.text()).slice(0, 200)}`);
        must(
          /httponly/i.test(cookie) && /samesite=strict/i.test(cookie),
          "the session's cookie is not HttpOnly and SameSite=Strict",
        );
        const session = { origin, cookie: cookie.split(";")[0] ?? "" };
        must((await ask("/session", session)).status === 200, "the session is not known");
        await ask("/session", session, { method: "DELETE" });
        must((await ask("/session", session)).status === 401, "the session is known after the sign-out");
      },
    },
  ];
  return [health, ready, page, ...doors, handshake];
}
