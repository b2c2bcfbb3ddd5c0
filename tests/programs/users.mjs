// Acts on many MCP users, columns and saved views in a real browser: a part of browser.mjs.

import { authorize } from "./listening_client.mjs";
import { check, proved } from "./pages.mjs";

const LIST = "/admin/mcp/users";
const COUNTED = "[data-selected-count]";

const selected = (screen) => screen.page.$eval(COUNTED, (count) => (count.parentElement.hidden ? 0 : Number(count.textContent.replace(/\D/g, ""))));

async function rowBox(screen, person) {
  return screen.page.waitForSelector(`::-p-xpath(//tr[contains(., "${person.email}")]//input[@type="checkbox"])`);
}

async function submit(screen, act) {
  await screen.choose("Action for the selected people", act);
  const opener = await screen.find("button", "Submit");
  await opener.focus();
  await screen.page.keyboard.press("Enter");
  await screen.page.waitForSelector("dialog[open]");
  check(await screen.hasFocus("dialog"), `${act}: the focus is not in the dialog`);
  return opener;
}

async function selecting(screen) {
  await screen.go(`${LIST}?page_size=20&sort=user`);
  check((await selected(screen)) === 0, "something is selected before anything was ticked");
  await screen.examine("mcp-users");
  const all = await screen.find("checkbox", "Select all 20 on this page");
  await all.focus();
  await screen.page.keyboard.press("Space");
  check((await selected(screen)) === 20, `${await selected(screen)} are selected, not the page`);
  await screen.page.waitForFunction(() => document.querySelector("p.sr[role=status]")?.textContent === "20 selected", { timeout: 5000 });
  check((await screen.text()).includes("20 selected (all of this page)"), "the page does not say what is selected");
  check(await screen.has("checkbox", "Deselect all on this page"), "the box's name does not follow its state");
  await screen.examine("mcp-users-page-selected");
  const boxes = await screen.page.$$("[data-select-row]");
  await boxes[3].click();
  check(await screen.page.$eval("[data-select-all]", (box) => box.indeterminate), "the box is not mixed");
  await boxes[3].click();
  const total = await screen.page.$eval("[data-select-matching]", (box) => Number(box.dataset.selectMatching));
  check(total > 20, `only ${total} people are there`);
  await (await screen.page.$("[data-select-matching]")).click();
  check((await selected(screen)) === total, "selecting all that match does not count all");
  await boxes[0].click();
  check((await selected(screen)) === total - 1, "a row that is unticked still counts");
  await screen.examine("mcp-users-all-selected");
  const opener = await submit(screen, "Revoke");
  const heading = await screen.page.$eval("dialog h1, dialog h2", (one) => one.textContent);
  check(heading.includes(`of ${total - 1} people`), `the dialog says ${heading}`);
  const sent = await screen.page.$$eval("dialog form input[type=hidden]", (fields) => fields.map((field) => field.name));
  check(sent.includes("all") && !sent.includes("user") && sent.filter((name) => name === "excluded").length === 1, `the form sends ${sent}`);
  await screen.examine("mcp-users-revoke-dialog");
  await screen.page.keyboard.press("Escape");
  await screen.page.waitForFunction(() => !document.querySelector("dialog[open]"));
  check(await opener.evaluate((one) => one === document.activeElement), "after Escape the focus is not on Submit");
  const header = await screen.page.waitForSelector('::-p-xpath(//th[@role="columnheader"][starts-with(normalize-space(.), "Last Used")]//a)');
  await screen.arrive(() => header.click());
  check((await selected(screen)) === 0, "another order keeps the selection");
  proved("selecting: page, all that match, one unticked; the dialog names the number and sends the filter, not the people");
}

async function acts(screen, admin, person, client, member) {
  await screen.go(`${LIST}?sort=user`);
  await (await rowBox(screen, person)).click();
  await submit(screen, "Revoke");
  check((await client.call()) === 200, "asking revoked");
  await screen.key("button", "Revoke all tokens");
  await screen.says("of 1 person", "See in audit log");
  check((await client.call()) === 401, "after Revoke of many the next call is not refused");
  await screen.examine("mcp-users-report");
  await screen.press("link", "See in audit log");
  check((await screen.text()).includes("Revoked all tokens"), "the report's link does not lead to the entries");
  await authorize(member, client);
  await screen.go(`${LIST}?sort=user`);
  await (await rowBox(screen, person)).click();
  await submit(screen, "Disable");
  await screen.examine("mcp-users-disable-dialog");
  await screen.type("Your password", `not ${admin.password}`, await screen.page.$("dialog[open]"));
  await screen.answered(() => screen.page.keyboard.press("Enter"));
  check(await screen.hasFocus("dialog #password"), "after a wrong password the focus is not on its field");
  check((await client.call()) === 200, "a wrong password disabled many");
  check(await (await rowBox(screen, person)).evaluate((box) => box.checked), "a wrong password takes the ticks away");
  await screen.examine("mcp-users-disable-wrong-password");
  await screen.type("Your password", admin.password);
  await screen.key("button", "Disable access");
  await screen.says("Disabled MCP access of 1 person");
  check((await client.call()) === 401, "after Disable of many the next call is not refused");
  await (await rowBox(screen, person)).click();
  await submit(screen, "Enable");
  await screen.type("Your password", admin.password, await screen.page.$("dialog[open]"));
  await screen.arrive(() => screen.page.keyboard.press("Enter"));
  await screen.says("Enabled MCP access of 1 person");
  check((await client.call()) === 401, "Enable of many restored a token");
  await authorize(member, client);
  proved("acts on many: Revoke, Disable, Enable by keyboard; a wrong password changes nothing; the report leads to the audit log");
}

async function columnsAndViews(screen) {
  await screen.go(`${LIST}?status=enabled`);
  await (await screen.page.$("details:has(#cols) > summary")).click();
  await (await screen.find("checkbox", "Role")).click();
  await (await screen.find("checkbox", "Credits Used")).click();
  await screen.examine("mcp-users-columns-open");
  await screen.press("button", "Apply columns");
  const address = new URL(screen.page.url());
  check(address.searchParams.get("status") === "enabled", "choosing columns forgets the filter");
  check((await screen.page.$$("td[data-label=Role]")).length > 0, "the column Role is not there");
  await screen.examine("mcp-users-all-columns");
  await (await screen.page.$$(".toolbar details.menu > summary"))[0].click();
  await screen.press("link", "Save or manage views");
  await screen.examine("mcp-users-views");
  await screen.type("Name", "With roles");
  await screen.press("button", "Save view");
  await screen.says("Saved the view “With roles”");
  check((await screen.text()).includes("View: With roles"), "the list does not name the view");
  await screen.go(LIST);
  await (await screen.page.$$(".toolbar details.menu > summary"))[0].click();
  await screen.examine("mcp-users-views-open");
  await screen.press("link", "With roles");
  check((await screen.page.$$("td[data-label=Role]")).length > 0, "the view does not show its columns");
  await (await screen.page.$$(".toolbar details.menu > summary"))[0].click();
  await screen.press("link", "Save or manage views");
  await screen.examine("mcp-users-views-own");
  await screen.arrive(async () => (await screen.page.$("button[value=default]")).click());
  await screen.go(LIST);
  check(screen.page.url().includes("cols="), `the list opens at ${screen.page.url()}`);
  await screen.go(`${LIST}/views`);
  await screen.press("button", "Delete With roles");
  await screen.says("Deleted the view “With roles”");
  proved("columns and saved views: chosen, saved, opened, made the first one, deleted; the address holds them");
}

export async function users(screen, admin, person, client, member) {
  await selecting(screen);
  await acts(screen, admin, person, client, member);
  await columnsAndViews(screen);
}

export async function usersWithoutScript(screen, admin, person, client) {
  await screen.go(`${LIST}?page_size=20&sort=user&q=${encodeURIComponent(person.email)}`);
  await (await rowBox(screen, person)).click();
  await screen.choose("Action for the selected people", "Disable");
  await screen.press("button", "Submit");
  check((await screen.heading()).includes("of 1 person"), `without script Submit leads to ${await screen.heading()}`);
  await screen.examine("plain-mcp-users-disable");
  await screen.type("Your password", admin.password);
  await screen.press("button", "Disable access");
  await screen.says("Disabled MCP access of 1 person");
  check((await client.call()) === 401, "without script Disable of many does not refuse the next call");
  await screen.go(`${LIST}?page_size=20`);
  await (await screen.page.$("[data-select-matching]")).click();
  await screen.choose("Action for the selected people", "Enable");
  await screen.press("button", "Submit");
  check(/of \d\d people/.test(await screen.heading()), `without script select all leads to ${await screen.heading()}`);
  await screen.type("Your password", admin.password);
  await screen.press("button", "Enable access");
  await screen.says("Enabled MCP access of 1 person");
  await (await screen.page.$("details:has(#cols) > summary")).click();
  await (await screen.find("checkbox", "Role")).click();
  await screen.press("button", "Apply columns");
  check((await screen.page.$$("td[data-label=Role]")).length > 0, "without script columns cannot be chosen");
  proved("without script: Disable and Enable of many, select all that match, columns");
}
