// System → Data → Store index in a real browser: a part of browser.mjs.

import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { check, proved } from "./pages.mjs";

const PATH = "/admin/index";
const LINES = "domain,country\nuploaded.example,DE\nwrong.example,Germany\n";

async function open(screen) {
  await screen.go("/dashboard");
  await screen.press("link", "Store index");
  check((await screen.heading()) === "Store index" && screen.page.url().endsWith(PATH), `Store index leads to ${screen.page.url()}`);
}

async function choose(screen, name, content) {
  const folder = mkdtempSync(join(tmpdir(), "upload-"));
  try {
    const path = join(folder, name);
    writeFileSync(path, content);
    const field = await screen.page.$("#file");
    await field.uploadFile(path);
    await screen.press("button", "Import");
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** Looks again until the import has ended, the way a person does. */
async function ended(screen) {
  for (let times = 0; times < 200; times += 1) {
    if (!(await screen.has("link", "Show the latest state"))) return screen.text();
    await screen.press("link", "Show the latest state");
  }
  throw new Error("the import does not end");
}

/** The domains of the list of stores. */
function domains(screen) {
  return screen.page.$$eval("table:has(#stores-caption) tbody th .mono", (cells) => cells.map((cell) => cell.textContent));
}

/** Looks for a text, then through the pages, then by a filter that is taken back. */
async function browse(screen, search) {
  const first = await domains(screen);
  check(first.length === 20, `the first page has ${first.length} stores`);
  await screen.press("link", "Next page");
  const second = await domains(screen);
  check(second.length > 0 && second.every((domain) => !first.includes(domain)), `the second page has ${second}`);
  await screen.press("link", "First page");
  check((await domains(screen)).join() === first.join(), "First page does not lead back");
  await search(second[0]);
  check((await domains(screen)).join() === second[0], `looking for ${second[0]} finds ${await domains(screen)}`);
  await screen.press("link", `Remove filter Text: ${second[0]}`);
  await (await screen.page.$("details.filters > summary")).click();
  const country = await screen.page.$eval("#country option:nth-child(2)", (option) => [option.value, option.text]);
  await screen.choose("Country", country[1]);
  await screen.press("button", "Apply filters");
  const cells = await screen.page.$$eval("table:has(#stores-caption) td[data-label=Country]", (found) => found.map((cell) => cell.textContent.trim()));
  check(cells.length > 0 && cells.every((cell) => cell === country[0]), `only ${country[0]} is asked for, not ${cells}`);
}

export async function storeIndex(screen) {
  await open(screen);
  await screen.examine("index");
  await browse(screen, async (text) => {
    await screen.tabTo("searchbox", "Store: domain, name or description");
    await screen.page.keyboard.type(text);
    await screen.arrive(() => screen.page.keyboard.press("Enter"));
  });
  await screen.examine("index-filtered");
  await screen.go(`${PATH}?q=ab`);
  check(await screen.hasFocus("[data-error-summary]"), "after a text that is too short the focus is not on the message");
  check((await screen.page.$eval("#q", (input) => input.getAttribute("aria-describedby"))) === "q-error", "the field does not say what is wrong");
  await screen.examine("index-wrong");
  await screen.go(`${PATH}?q=nobody+has+this`);
  check((await screen.text()).includes("No stores match these filters"), "finding nothing is not said");
  await screen.examine("index-nothing");
  proved("Store index: stores are looked through by page, found by keyboard and filtered; a wrong text is said at its field");
  await screen.go(PATH);
  await choose(screen, "empty.csv", "");
  check(await screen.hasFocus("[data-error-summary]"), "after an empty file the focus is not on the message");
  check((await screen.page.title()).startsWith("Error:"), "the title does not say that there is an error");
  const described = await screen.page.$eval("#file", (input) => [
    input.getAttribute("aria-invalid"),
    input.getAttribute("aria-describedby").split(" ").map((id) => document.getElementById(id)?.textContent ?? `#${id} is missing`).join(" "),
  ]);
  check(described[0] === "true" && described[1].includes("empty.csv is empty") && !described[1].includes("missing"), `the field says ${described}`);
  await screen.examine("index-error");
  await choose(screen, "stores.csv", LINES);
  const text = await ended(screen);
  for (const words of ["Finished", "1 line was rejected", "takes two-letter codes", "Download rejected lines"]) check(text.includes(words), `the page of the import says ${text}, not ${words}`);
  await screen.examine("index-import");
  await screen.press("link", "Back to the store index");
  const row = await screen.page.$eval("[aria-labelledby=history-heading] tbody tr", (element) => element.innerText);
  check(row.includes("stores.csv") && row.includes("Finished"), `the history begins with ${row}`);
  await screen.examine("index-history");
  proved("Store index: reached from the navigation; an empty file is said at its field; a file is imported and its report and history shown");
}

export async function storeIndexWithoutScript(screen) {
  await open(screen);
  await browse(screen, async (text) => {
    await (await screen.find("searchbox", "Store: domain, name or description")).type(text);
    await screen.press("button", "Search");
  });
  await screen.examine("plain-index");
  await choose(screen, "again.csv", LINES);
  const text = await ended(screen);
  check(text.includes("Finished") && text.includes("1 line was rejected"), `without script the page of the import says ${text}`);
  await screen.examine("plain-index-import");
  proved("without script: stores are looked through and filtered; a file is imported and its report shown");
}
