/** `node test/support/draw-icons.ts` draws the installed page's icons from `web/app/public/icon.svg`; the pictures are committed. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { openBrowser } from "../checks/web/browser.ts";

const folder = join(import.meta.dirname, "../../web/app/public");
const spindle = readFileSync(join(folder, "icon.svg"), "utf8");
/** For the line above a phone's screen, which takes the shape and no colour. */
const shape = spindle.replace(/<path d="M11.5[^>]*>/, "").replaceAll("#7a5af0", "#fff");

interface Icon {
  file: string;
  /** Pixels. */
  side: number;
  /** Of the side: what a mask may cut away stays empty. */
  part: number;
  ground: string | null;
  drawing: string;
}

const ground = "#ebe9fb";
const icons: Icon[] = [
  { file: "icon-192.png", side: 192, part: 1, ground: null, drawing: spindle },
  { file: "icon-512.png", side: 512, part: 1, ground: null, drawing: spindle },
  { file: "icon-maskable-192.png", side: 192, part: 0.62, ground, drawing: spindle },
  { file: "icon-maskable-512.png", side: 512, part: 0.62, ground, drawing: spindle },
  { file: "apple-touch-icon.png", side: 180, part: 0.74, ground, drawing: spindle },
  { file: "badge-96.png", side: 96, part: 1, ground: null, drawing: shape },
];

const browser = await openBrowser();
try {
  for (const { file, side, part, ground, drawing } of icons) {
    const page = await browser.newPage({ viewport: { width: side, height: side } });
    const inner = Math.round(side * part);
    await page.setContent(
      `<body style="margin:0;height:100vh;display:grid;place-items:center;background:${ground ?? "transparent"}">
        <img width="${inner}" height="${inner}" src="data:image/svg+xml,${encodeURIComponent(drawing)}">`,
    );
    await page.locator("img").evaluate((image: HTMLImageElement) => image.decode());
    await page.screenshot({ path: join(folder, file), omitBackground: ground === null });
    await page.close();
  }
} finally {
  await browser.close();
}
