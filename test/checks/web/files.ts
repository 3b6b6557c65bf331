/** The workspace in a person's hands: a folder goes up, a turn changes it, and it comes back as an archive with every byte. */
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { Person, type Size } from "./browser.ts";
import { equal, eventually, type Story, step } from "./story.ts";

const filesCount = 200;

export const files: Story = async ({ browser, server }) => {
  const folder = mkdtempSync(join(tmpdir(), "spindle-upload-"));
  const contents = written(join(folder, "project"));
  try {
    for (const size of ["phone", "desk"] satisfies Size[]) {
      await step(`${size}: a folder goes up, a turn changes it, and the archive holds every byte`, async () => {
        const person = await Person.arrive(browser, `${server.url}/#/new`, { size });
        const { page } = person;
        const thread = await begun(person);
        await page.goto(`${thread}/files`);
        await page.getByLabel("Upload folder", { exact: true }).and(page.locator("input")).setInputFiles(join(folder, "project"));
        await person.sees(`${filesCount} files uploaded, 2 left out.`, 60_000);
        await page.getByText("Which, and why").click();
        await person.sees("project/node_modules: 1 file that git or npm makes anew");
        await page.goto(thread);
        await person.say("write project/folder-1/1.txt: changed\nsay it is done");
        await person.presses("Accept");
        await person.sees("it is done");
        await page.goto(`${thread}/files/${encodeURIComponent("project/folder-1/1.txt")}`);
        await page.getByText("changed", { exact: true }).waitFor();
        await page.goto(`${thread}/files`);
        await person.presses(/^All$/);
        const [download] = await Promise.all([page.waitForEvent("download"), person.presses("Download zip")]);
        const place = join(folder, `${size}.zip`);
        await download.saveAs(place);
        equal(unzipped(place), sortedByPath({ ...contents, "project/folder-1/1.txt": hashOf(Buffer.from("changed\n")) }));
        equal(person.complaints, []);
        await person.leave();
      });
    }
    await step("by keyboard alone: a file is made, found in the tree, renamed and deleted", async () => {
      const person = await Person.arrive(browser, `${server.url}/#/new`);
      const { page } = person;
      page.on("dialog", (dialog) => void dialog.accept());
      await page.goto(`${await begun(person)}/files`);
      await page.getByRole("button", { name: "New file" }).press("Enter");
      await page.keyboard.type("src/deep/a.txt");
      await page.keyboard.press("Enter");
      await person.sees("The file is empty.");
      const focused = () => page.evaluate(() => document.activeElement?.textContent ?? "");
      await page.getByRole("treeitem", { name: "a.txt" }).focus();
      // A key held down: no frame is drawn between two steps.
      await page.keyboard.press("ArrowLeft");
      equal(await focused(), "deep");
      await page.keyboard.press("ArrowLeft");
      await eventually("the folder is folded", async () => (await page.getByRole("treeitem").count()) === 2);
      await page.keyboard.press("ArrowRight");
      await page.getByRole("treeitem", { name: "a.txt" }).waitFor();
      await page.getByLabel("File", { exact: true }).getByRole("button", { name: "Rename" }).press("Enter");
      await page.keyboard.press("ControlOrMeta+a");
      await page.keyboard.type("src/../b.txt");
      await page.keyboard.press("Enter");
      await page.getByRole("alert").waitFor();
      await page.keyboard.press("ControlOrMeta+a");
      await page.keyboard.type("b.txt");
      await page.keyboard.press("Enter");
      await page.getByRole("heading", { name: "b.txt" }).waitFor();
      await page.getByLabel("File", { exact: true }).getByRole("button", { name: "Delete" }).press("Enter");
      await person.sees("b.txt is deleted.");
      equal(await page.getByRole("treeitem", { name: "b.txt" }).count(), 0);
      equal(person.complaints, []);
      await person.leave();
    });
    await step("what another person uploads is in the tree without a reload, and what hides in a file is seen", async () => {
      const one = await Person.arrive(browser, `${server.url}/#/new`);
      const thread = await begun(one);
      await one.page.goto(`${thread}/files`);
      await one.sees("Nothing is here yet.");
      const other = await Person.arrive(browser, `${thread}/files`);
      const hostile = { name: "hostile.html", mimeType: "text/html", buffer: Buffer.from("<script>alert(1)</script>\u202eabc") };
      await other.page.getByLabel("Upload files", { exact: true }).and(other.page.locator("input")).setInputFiles(hostile);
      await one.page.getByRole("treeitem", { name: "hostile.html" }).click();
      await one.sees("<script>alert(1)</script>");
      await one.sees("U+202E");
      equal([...one.complaints, ...other.complaints], []);
      await one.leave();
      await other.leave();
    });
  } finally {
    rmSync(folder, { recursive: true });
  }
};

async function begun(person: Person): Promise<string> {
  await person.say("say hello");
  await person.page.waitForURL(/threads/);
  await person.sees("hello");
  return person.page.url();
}

/** Hashes by path, as the archive should have them; beside them what stays here. */
function written(root: string): Record<string, string> {
  const contents: Record<string, string> = {};
  const write = (path: string, bytes: Buffer) => {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), bytes);
  };
  for (let at = 0; at < filesCount; at += 1) {
    const path = `folder-${at % 7}/${at}.${at % 2 ? "txt" : "bin"}`;
    const bytes = Buffer.from(Array.from({ length: at * 13 }, (_, index) => (index * at) % 256));
    write(path, bytes);
    contents[`project/${path}`] = hashOf(bytes);
  }
  write("node_modules/left/index.js", Buffer.from("left"));
  write("large.bin", Buffer.alloc(6 * 1024 * 1024));
  return contents;
}

const reader = `
import hashlib, json, sys, zipfile
with zipfile.ZipFile(sys.argv[1]) as archive:
    assert archive.testzip() is None
    print(json.dumps({name: hashlib.sha256(archive.read(name)).hexdigest() for name in archive.namelist()}))
`;

/** By another's reader. */
function unzipped(place: string): Record<string, string> {
  return sortedByPath(JSON.parse(execFileSync("python3", ["-c", reader, place], { encoding: "utf8" })));
}

function sortedByPath(hashes: Record<string, string>): Record<string, string> {
  return Object.fromEntries(Object.entries(hashes).toSorted(([one], [other]) => (one < other ? -1 : 1)));
}

function hashOf(bytes: Buffer): string {
  return createHash("sha256").update(bytes).digest("hex");
}
