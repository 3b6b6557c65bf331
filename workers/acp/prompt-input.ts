/** What is said in a prompt, as the thread's own input. */
import type { UserInput } from "#protocol/user-input";
import type { PromptBlock } from "./params.ts";

export function inputOf(prompt: readonly PromptBlock[]): UserInput[] {
  return prompt.map((block): UserInput => {
    switch (block.type) {
      case "text":
        return said(block.text);
      case "image":
        return { type: "image", url: `data:${block.mimeType};base64,${block.data}` };
      case "resource_link":
        return { type: "mention", name: block.name, path: pathOf(block.uri) };
      case "resource": {
        const { resource } = block;
        if ("text" in resource) return said(`Contents of ${pathOf(resource.uri)}:\n\n${resource.text}`);
        if (/^image\/[\w.+-]{1,64}$/.test(resource.mimeType ?? "")) {
          return { type: "image", url: `data:${resource.mimeType};base64,${resource.blob}` };
        }
        return { type: "mention", name: pathOf(resource.uri), path: pathOf(resource.uri) };
      }
      default:
        return block satisfies never;
    }
  });
}

function said(text: string): UserInput {
  return { type: "text", text, text_elements: [] };
}

/** Editors name files by `file:` addresses; the model knows paths. */
function pathOf(uri: string): string {
  const url = URL.parse(uri);
  if (url?.protocol !== "file:") return uri;
  try {
    return decodeURIComponent(url.pathname);
  } catch {
    // A stray percent sign: then it is as it was written.
    return url.pathname;
  }
}
