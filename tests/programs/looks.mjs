// The main screens with the system's own colours, at 200 % zoom, and the audit log on paper, in a real
// browser.
//
//     looks.mjs URL [--shots DIR]
//         with PERSON_EMAIL, PERSON_PASSWORD, ADMIN_EMAIL, ADMIN_PASSWORD set; URL is the MCP endpoint

import { AiClient } from "./listening_client.mjs";
import { check, given, prove, proved } from "./pages.mjs";
import { Screen, launch } from "./screen.mjs";

const USAGE = "looks.mjs URL [--shots DIR], with PERSON_EMAIL, PERSON_PASSWORD, ADMIN_EMAIL, ADMIN_PASSWORD set";
const PAGES = {
  overview: "/admin",
  grid: "/admin/mcp/users",
  clients: "/admin/mcp/clients",
  activity: "/admin/mcp/activity",
  audit: "/admin/mcp/audit",
  settings: "/admin/mcp/settings",
  "signing-keys": "/admin/mcp/keys",
  users: "/admin/users",
  roles: "/admin/roles/1",
  accounts: "/admin/accounts",
  account: "/admin/accounts/1",
  "store-index": "/admin/index",
  dashboard: "/dashboard",
  connections: "/dashboard/settings/mcp",
};

const { url, person, admin } = given(USAGE);
const origin = new URL(url).origin;
const shots = process.argv.indexOf("--shots") > 0 ? process.argv[process.argv.indexOf("--shots") + 1] : undefined;

/** What cannot be told from its surroundings without colours of ours. */
function unseen(page) {
  return page.evaluate(() => {
    const wrong = [];
    const shown = (one) => one.checkVisibility() && one.getBoundingClientRect().width > 1;
    for (const badge of document.querySelectorAll(".badge, .state")) {
      if (shown(badge) && badge.textContent.trim() === "") wrong.push(`a badge without a word: ${badge.outerHTML}`);
    }
    const edged = (one) => {
      const style = getComputedStyle(one);
      return style.borderTopStyle !== "none" && style.borderTopWidth !== "0px";
    };
    for (const box of document.querySelectorAll("input[type=checkbox], input[type=radio]")) {
      const { width, height } = box.getBoundingClientRect();
      if (!shown(box)) continue;
      if (Math.min(width, height) < 12) wrong.push(`a box of ${width} px: ${box.outerHTML}`);
      if (getComputedStyle(box).appearance === "none" && !edged(box)) wrong.push(`a box without an edge: ${box.outerHTML}`);
    }
    for (const field of document.querySelectorAll("main :is(.btn, select, textarea, input:not([type=hidden], [type=checkbox], [type=radio]))")) {
      if (shown(field) && !field.matches(".quiet") && !edged(field)) wrong.push(`without an edge: ${field.outerHTML.slice(0, 120)}`);
    }
    return wrong.slice(0, 3).join(" | ");
  });
}

/** The focus of the first few stops has an outline that is no colour of ours. */
async function focusIsSeen(screen, name) {
  await screen.page.evaluate(() => document.querySelector("main").focus());
  for (let stop = 0; stop < 6; stop += 1) {
    await screen.page.keyboard.press("Tab");
    const outline = await screen.page.evaluate(() => {
      const { outlineStyle, outlineWidth } = getComputedStyle(document.activeElement);
      return document.activeElement === document.body || (outlineStyle !== "none" && Number.parseFloat(outlineWidth) >= 2);
    });
    check(outline, `${name}: the focus cannot be seen in forced colours`);
  }
}

async function everywhere(screen, pages) {
  for (const [name, path] of Object.entries(pages)) {
    await screen.go(path);
    await screen.inForcedColors(name, async () => {
      const wrong = await unseen(screen.page);
      check(wrong === "", `${name} in forced colours: ${wrong}`);
      await focusIsSeen(screen, name);
    });
    await screen.zoomed(name);
  }
}

async function paper(screen) {
  await screen.go("/admin/mcp/audit");
  await screen.onPaper("audit", async () => {
    const seen = await screen.page.evaluate(() => {
      const shown = (selector) => [...document.querySelectorAll(selector)].some((one) => one.checkVisibility());
      const table = document.querySelector("main table");
      const right = Math.max(...[...table.querySelectorAll("td, th")].map((cell) => cell.getBoundingClientRect().right));
      return {
        around: ["nav.side", ".topbar", ".filterbar", ".pager", "main form"].filter(shown),
        rows: table.querySelectorAll("tbody tr").length,
        clipped: getComputedStyle(table.closest(".table-wrap")).overflowX === "auto" && right > innerWidth,
        out: Math.round(right - innerWidth),
        dark: getComputedStyle(document.body).backgroundColor,
      };
    });
    check(seen.around.length === 0, `on paper the audit log has ${seen.around}`);
    check(seen.rows > 0, "on paper the audit log has no entries");
    check(!seen.clipped && seen.out <= 0, `on paper the table is ${seen.out} px too wide`);
  });
}

async function run() {
  const house = await launch(shots);
  try {
    const screen = await Screen.open(house, origin);
    const client = await AiClient.start("Looks");
    await screen.go(client.ask());
    await screen.signIn(admin);
    await screen.inForcedColors("consent", async () => {
      const wrong = await unseen(screen.page);
      check(wrong === "", `consent in forced colours: ${wrong}`);
      await focusIsSeen(screen, "consent");
    });
    await screen.zoomed("consent");
    await screen.press("button", "Authorize");
    await client.redeem(client.told());
    check((await client.call()) === 200, "the client does not work");
    await everywhere(screen, PAGES);
    await screen.go(`/admin/users?q=${encodeURIComponent(person.email)}`);
    const link = await screen.page.waitForSelector("tbody th a");
    const path = await link.evaluate((element) => new URL(element.href).pathname);
    const tabs = ["info", "mcp", "keys", "activity", "sessions"].map((tab) => [`user-${tab}`, `${path}?tab=${tab}`]);
    await everywhere(screen, Object.fromEntries(tabs));
    proved(`${Object.keys(PAGES).length + tabs.length + 1} screens in forced colours (focus, badges, boxes, edges) and at 200 % zoom (axe, no sideways scrolling)`);
    await paper(screen);
    proved("the audit log on paper: nothing around it, and the whole table");
    client.stop();
    screen.isQuiet("the end");
  } finally {
    await house.browser.close();
  }
}

prove(run, 240);
