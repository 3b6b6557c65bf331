/** The server's door for tokens: plain HTTP, for the operator. */

/** As `GET /tokens` shows it. Times are Unix milliseconds. */
export interface Token {
  id: string;
  account: string;
  label: string;
  createdAtMs: number;
  expiresAtMs: number | null;
  lastUsedAtMs: number | null;
  revokedAtMs: number | null;
}

/** What was shown is not the operator token, or nothing was. A server without one says so in words of its own. */
export class NotOperator extends Error {
  override readonly name = "NotOperator";
}

/** `operatorToken`: null on a server that stands open, as on one's own machine. Kept nowhere. */
export async function listTokens(operatorToken: string | null): Promise<Token[]> {
  const response = await knock("/tokens", operatorToken);
  return ((await response.json()) as { data: Token[] }).data;
}

/** The token itself, which nobody can show a second time. */
export async function createToken(
  operatorToken: string | null,
  order: { account: string; label: string; expiresDays: number | null },
): Promise<string> {
  const body = JSON.stringify(order);
  const response = await knock("/tokens", operatorToken, {
    method: "POST",
    body,
    headers: { "content-type": "application/json" },
  });
  return ((await response.json()) as { token: string }).token;
}

export async function revokeToken(operatorToken: string | null, id: string): Promise<void> {
  await knock(`/tokens/${encodeURIComponent(id)}`, operatorToken, { method: "DELETE" });
}

async function knock(path: string, operatorToken: string | null, init: RequestInit = {}): Promise<Response> {
  const headers = new Headers(init.headers);
  headers.set("accept", "application/json");
  if (operatorToken !== null) headers.set("authorization", `Bearer ${operatorToken}`);
  const response = await fetch(path, { ...init, headers });
  if (response.ok) return response;
  const text = await response.text();
  if (response.status === 401) throw new NotOperator(text);
  throw new Error(text || `the server answered ${response.status}`);
}
