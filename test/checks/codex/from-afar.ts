/** A client elsewhere: TLS under a private authority, a token, and a model behind an endpoint. */
import { editsMenu } from "./approvals.ts";
import { must } from "./conditions.ts";
import { numbers } from "./conversation.ts";
import type { ModelEndpoint } from "./model-endpoint.ts";
import { composer, type Stage } from "./stage.ts";
import type { TlsProxy } from "./tls-proxy.ts";

export interface Distance {
  proxy: TlsProxy;
  token: string;
  endpoint: ModelEndpoint;
}

export async function fromAfar(stage: Stage, { proxy, token, endpoint }: Distance): Promise<void> {
  const { wire } = stage;
  const entrance = (presented: string) => ({
    parameters: ["--remote", proxy.wssUrl, "--remote-auth-token-env", "SPINDLE_CHECK_TOKEN"],
    env: { SPINDLE_CHECK_TOKEN: presented, SSL_CERT_FILE: proxy.authorityFile },
  });

  await stage.step("wss: a wrong token is refused, and the client says so", async () => {
    stage.entrance = entrance(`not-${token}`);
    await stage.enter();
    const said = await stage.terminal.waitForEnd();
    must(/401 Unauthorized/.test(said), `the client said:\n${said}`);
    must(wire.messages.length === 0, "frames went over the wire");
    await stage.save("wrong token", said);
    await stage.leave();
  });

  await stage.step("wss: with the right token a client starts, and a slow answer streams", async () => {
    stage.entrance = entrance(token);
    await stage.enterNewThread();
    await stage.prompt("count 20");
    await stage.streams();
    must(stage.deltasOfLastTurn().length < 20, "all numbers came at once");
    await stage.terminal.waitFor(`• ${numbers(20)}`);
    await stage.turnCompleted("completed");
  });

  await stage.step("wss: a change is approved, and stands in the workspace", async () => {
    await stage.prompt("write secret.txt: over tls");
    await stage.terminal.waitFor(editsMenu);
    await stage.terminal.press("y");
    await stage.turnCompleted("completed");
    await stage.prompt("run wc -c secret.txt");
    const screen = await stage.terminal.waitFor(/└ *9 secret\.txt/);
    must(/Ran wc -c secret\.txt/.test(screen), `the command does not show:\n${screen}`);
    await stage.turnCompleted("completed");
  });

  await stage.step("/model chooses an effort for the session, and the model is asked with it", async () => {
    await chooseEffort(stage, "High");
    await stage.terminal.press("s");
    await stage.terminal.waitFor("Model changed to check-model high for this session only");
    await stage.prompt("say with effort");
    await stage.terminal.waitFor(/^• with effort$/m);
    await stage.turnCompleted("completed");
    const { model, reasoning } = endpoint.requests.findLast(({ input }) => JSON.stringify(input).includes("say with effort"));
    must(model === "check-model" && reasoning?.effort === "high", `the model was asked as ${model} with ${reasoning?.effort}`);
  });

  await stage.step("/model chooses an effort for good", async () => {
    await chooseEffort(stage, "Low");
    await stage.terminal.press("Enter");
    await stage.until("the choice to be written", () => {
      const written = wire.asked("config/batchWrite").at(-1);
      return written !== undefined && wire.isAnswered(written);
    });
    await stage.terminal.waitFor((screen) => screen.includes(composer) && /Model changed to check-model low$/m.test(screen));
  });

  await stage.step("wss: a killed server is reconnected to, with the token", async () => {
    await stage.server.kill("SIGKILL");
    await stage.terminal.waitFor(/Reconnecting/i);
    await stage.server.restart();
    await stage.reconnected();
    await stage.prompt("say back over tls");
    await stage.terminal.waitFor(/^• back over tls$/m);
    await stage.turnCompleted("completed");
    await stage.terminal.waitFor(composer);
  });
}

/** Goes to an effort in the client's menus; a key says for how long it is chosen. */
async function chooseEffort(stage: Stage, label: string): Promise<void> {
  await stage.command("/model");
  await stage.terminal.waitFor("Select Model and Effort");
  await stage.save("model-menu");
  await stage.terminal.press("Enter");
  await stage.terminal.waitFor("Select Reasoning Level");
  const isChosen = (screen: string) => screen.split("\n").some((line) => /^› \d\. /.test(line) && line.includes(label));
  while (!isChosen(await stage.terminal.screen())) {
    const before = await stage.terminal.screen();
    await stage.terminal.press("Down");
    await stage.terminal.waitFor((screen) => screen !== before);
  }
  await stage.save("effort-menu");
}
