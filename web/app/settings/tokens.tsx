/** Tokens for other clients: what there is, a new one that is shown once, and the end of one. */
import { useCallback, useEffect, useState } from "preact/hooks";
import { Visible } from "../diff/visible.tsx";
import { createToken, listTokens, NotOperator, revokeToken, type Token } from "./token-door.ts";

type Listed =
  | { type: "reading" }
  | { type: "locked"; wasTried: boolean }
  | { type: "read"; tokens: Token[] }
  | { type: "failed"; message: string };

export function Tokens() {
  const [listed, setListed] = useState<Listed>({ type: "reading" });
  // In the page's memory only: whoever finds this browser later finds no key in it.
  const [operatorToken, setOperatorToken] = useState<string | null>(null);
  const [made, setMade] = useState<string | null>(null);
  const [failure, setFailure] = useState<string | null>(null);
  const read = useCallback(async (token: string | null) => {
    try {
      setListed({ type: "read", tokens: await listTokens(token) });
    } catch (error) {
      if (error instanceof NotOperator) setListed({ type: "locked", wasTried: token !== null });
      else setListed({ type: "failed", message: error instanceof Error ? error.message : String(error) });
    }
  }, []);
  useEffect(() => void read(operatorToken), [read, operatorToken]);
  const attempt = async (work: () => Promise<void>) => {
    setFailure(null);
    try {
      await work();
      await read(operatorToken);
    } catch (error) {
      setFailure(error instanceof Error ? error.message : String(error));
    }
  };
  if (listed.type === "reading") return <p class="notice">Reading the tokens …</p>;
  if (listed.type === "failed") return <p class="notice failed">The tokens cannot be read: {listed.message}</p>;
  if (listed.type === "locked") return <Lock wasTried={listed.wasTried} open={setOperatorToken} />;
  const now = Date.now();
  const living = listed.tokens.filter((token) => token.revokedAtMs === null && (token.expiresAtMs ?? now + 1) > now);
  return (
    <>
      {failure && (
        <p class="notice failed" role="alert">
          {failure}
        </p>
      )}
      {living.length === 0 ? (
        <p class="notice">There are none.</p>
      ) : (
        <ul class="tokens">
          {living.map((token) => (
            <li key={token.id}>
              <span class="name">
                <Visible text={token.label || "Without a name"} />
              </span>
              <span class="detail">
                <Visible text={token.account} />, made {day(token.createdAtMs)},{" "}
                {token.expiresAtMs === null ? "without an end" : `until ${day(token.expiresAtMs)}`},{" "}
                {token.lastUsedAtMs === null ? "never used" : `last used ${day(token.lastUsedAtMs)}`}
              </span>
              <button
                type="button"
                class="quiet"
                aria-label={`Revoke ${token.label || token.id}`}
                onClick={() => {
                  if (confirm(`Revoke ${token.label || token.id}? Whoever uses it is shut out at once.`))
                    void attempt(() => revokeToken(operatorToken, token.id));
                }}
              >
                Revoke
              </button>
            </li>
          ))}
        </ul>
      )}
      {made !== null && <Shown token={made} close={() => setMade(null)} />}
      <Order make={(order) => void attempt(async () => setMade(await createToken(operatorToken, order)))} />
    </>
  );
}

function Lock({ wasTried, open }: { wasTried: boolean; open: (token: string) => void }) {
  return (
    <form
      class="order"
      onSubmit={(event) => {
        event.preventDefault();
        open(String(new FormData(event.currentTarget).get("operator") ?? "").trim());
      }}
    >
      <p>Tokens are the operator's. Show the operator token to see and make them; it is kept nowhere.</p>
      <label>
        Operator token
        <input name="operator" type="password" autocomplete="off" required />
      </label>
      <button type="submit">Show tokens</button>
      {wasTried && (
        <p class="notice failed" role="alert">
          This is not the operator token.
        </p>
      )}
    </form>
  );
}

function Order({ make }: { make: (order: { account: string; label: string; expiresDays: number | null }) => void }) {
  const [account, setAccount] = useState("");
  useEffect(() => {
    fetch("/session", { headers: { accept: "application/json" } }).then(
      async (response) => response.ok && setAccount(((await response.json()) as { account: string }).account),
      () => {
        // Then it is typed.
      },
    );
  }, []);
  return (
    <form
      class="order"
      onSubmit={(event) => {
        event.preventDefault();
        const form = new FormData(event.currentTarget);
        const days = Number(form.get("days"));
        make({ account, label: String(form.get("label") ?? ""), expiresDays: days > 0 ? days : null });
        event.currentTarget.reset();
      }}
    >
      <label>
        Name
        <input name="label" maxLength={128} placeholder="laptop" autocomplete="off" required />
      </label>
      <label>
        Account
        <input value={account} onInput={(event) => setAccount(event.currentTarget.value)} autocomplete="off" required />
      </label>
      <label>
        Ends
        <select name="days">
          <option value="90">in 90 days</option>
          <option value="7">in 7 days</option>
          <option value="365">in a year</option>
          <option value="0">never</option>
        </select>
      </label>
      <button type="submit">Create token</button>
    </form>
  );
}

function Shown({ token, close }: { token: string; close: () => void }) {
  const [isCopied, setCopied] = useState(false);
  return (
    <div class="shown-token" role="status">
      <p>Copy it now: it is not shown again.</p>
      <code>{token}</code>
      <div class="choices">
        <button
          type="button"
          onClick={() =>
            void navigator.clipboard.writeText(token).then(
              () => setCopied(true),
              () => {
                // Not allowed: the text stands there to be selected.
              },
            )
          }
        >
          {isCopied ? "Copied" : "Copy"}
        </button>
        <button type="button" class="quiet" onClick={close}>
          Done
        </button>
      </div>
    </div>
  );
}

function day(timeMs: number): string {
  return new Date(timeMs).toLocaleDateString(undefined, { dateStyle: "medium" });
}
