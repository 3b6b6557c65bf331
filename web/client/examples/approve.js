/** One turn that changes a file, with a person's yes in between: the same in Node, in a page and in a Worker. */
import { createClient } from "@spindle/client";

/** `person` answers what is asked: here whoever calls this. Gives what the agent said last. */
export async function changeFile({ url, token }, person) {
  const client = createClient({ url, token, clientInfo: { name: "example", version: "1" } });
  try {
    const thread = await client.startThread({ cwd: "/workspace" });
    await thread.send("write hello.txt: hello\nsay done");
    const { requests } = await thread.until(({ requests }) => requests.length > 0);
    const [asked] = requests;
    thread.answer(asked.id, await person(asked));
    // It would be the same if the socket dropped here, or the process slept for a day.
    const { turns } = await thread.until(({ turns }) => turns.at(-1)?.status === "completed");
    const { dataBase64 } = await client.request("fs/readFile", { threadId: thread.id, path: "/workspace/hello.txt" });
    return { said: turns.at(-1).items.at(-1).text, file: atob(dataBase64) };
  } finally {
    client.close();
  }
}
