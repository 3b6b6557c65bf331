/** The page on which a browser signs in: a form and nothing else, so that it works without a script and under a strict policy. */
import type { Context } from "hono";
import { html } from "hono/html";
import { signInHeaders } from "./page-headers.ts";

export function signInPage(
  context: Context,
  { status, message }: { status: 401 | 429; message: string | null },
): Response | Promise<Response> {
  const problem = message === null ? "" : html`<p class="problem" id="problem" role="alert">${message}</p>`;
  context.header("cache-control", "no-store");
  for (const [name, value] of Object.entries(signInHeaders)) context.header(name, value);
  return context.html(
    html`<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <meta name="color-scheme" content="light dark">
    <title>Sign in to Spindle</title>
    <link rel="icon" href="/icon.svg" type="image/svg+xml">
    <link rel="stylesheet" href="/sign-in.css">
  </head>
  <body>
    <main>
      <h1>Sign in to Spindle</h1>
      ${problem}
      <form method="post" action="/session">
        <label for="token">Token</label>
        <input id="token" name="token" type="password" required autofocus autocomplete="current-password" autocapitalize="none"
          spellcheck="false" aria-describedby="${message === null ? "hint" : "problem hint"}">
        <p id="hint">Whoever runs this server gave you one.</p>
        <button type="submit">Sign in</button>
      </form>
    </main>
  </body>
</html>`,
    status,
  );
}
