// The manual in a real browser, by somebody who is not signed in: a part of browser.mjs.

import { check, proved } from "./pages.mjs";
import { Screen } from "./screen.mjs";

/** The addresses of the pages, as the contents list them. */
function listed(screen) {
  return screen.page.$$eval("dl.contents a", (links) => links.map((link) => link.getAttribute("href")));
}

export async function manual(house, origin) {
  const screen = await Screen.open(house, origin);
  await screen.go("/login");
  await screen.press("link", "Manual");
  check((await screen.heading()) === "Manual", `Manual leads to ${screen.page.url()}`);
  await screen.examine("manual");
  const pages = await listed(screen);
  check(pages.length > 10, `the manual has ${pages.length} pages`);
  for (const path of pages) {
    await screen.go(path);
    await screen.examine(`manual${path.replaceAll("/", "-")}`);
  }
  await screen.go("/docs/connect");
  await (await screen.find("button", "Copy example 2")).click();
  const clip = await screen.page.evaluate(() => navigator.clipboard.readText());
  check(clip.startsWith("claude mcp add ") && clip.endsWith(`${origin}/mcp`), `the first command copies as ${clip}`);
  await (await screen.find("searchbox", "Search the manual")).type("wrong_password");
  await screen.press("button", "Search");
  await screen.examine("manual-search");
  await screen.press("link", "Troubleshooting: wrong_password");
  check(screen.page.url().endsWith("/docs/troubleshooting#wrong_password"), `the result leads to ${screen.page.url()}`);
  await screen.go("/docs?q=xyzzy");
  check((await screen.text()).includes("Nothing has all of"), "a search that finds nothing does not say so");
  await screen.examine("manual-nothing-found");
  await screen.go("/nothing/here");
  await screen.press("link", "What to do");
  check(screen.page.url().endsWith("/docs/troubleshooting#not_found"), `What to do leads to ${screen.page.url()}`);
  screen.isQuiet("the manual");
  await screen.close();
  proved(`the manual: ${pages.length} pages, a command that is copied, the search, from an error to what it says about it`);
}
