import { expect } from "vitest";
import { story } from "./story.ts";

story("a change of files lands when somebody accepts it, and not before", async ({ client, sleep }) => {
  await client.startThread();
  await client.say("write notes.txt: alpha");
  const request = await client.until("item/fileChange/requestApproval");
  await sleep();
  await expect(client.readFile("notes.txt")).rejects.toThrow("No such file or directory (os error 2)");
  await sleep();
  client.answer(request, "accept");
  const { params } = await client.until("turn/completed");
  expect(params.turn.status).toBe("completed");
  expect(await client.readFile("notes.txt")).toBe("alpha\n");
});
