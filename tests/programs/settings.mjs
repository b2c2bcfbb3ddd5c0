// System → AI Agent Connector → Settings in a real browser: a part of browser.mjs.

import { check, proved } from "./pages.mjs";

const PATH = "/admin/mcp/settings";
const SWITCH = "MCP server enabled";
const LIFETIME = "Access token lifetime";

async function open(screen) {
  await screen.go("/dashboard");
  await screen.press("link", "Settings");
  check((await screen.heading()) === "Settings" && screen.page.url().endsWith(PATH), `Settings leads to ${screen.page.url()}`);
}

async function field(screen, selector) {
  return screen.page.$eval(selector, (input) => [
    input.value,
    input.getAttribute("aria-invalid"),
    (input.getAttribute("aria-describedby") ?? "").split(" ").map((id) => document.getElementById(id)?.textContent ?? `#${id} is missing`).join(" "),
  ]);
}

export async function settings(screen, admin, client) {
  await open(screen);
  await screen.examine("settings");
  await screen.type(LIFETIME, "5");
  await screen.key("button", "Save");
  check(await screen.hasFocus("[data-error-summary]"), "after a wrong value the focus is not on the message");
  check((await screen.page.title()).startsWith("Error:"), "the title does not say that there is an error");
  const wrong = await field(screen, "#access_token_seconds");
  check(wrong[0] === "5" && wrong[1] === "true" && wrong[2].includes("900 to 86400") && !wrong[2].includes("missing"), `the field says ${wrong}`);
  await screen.examine("settings-error");
  proved("Settings: reached from the navigation; a wrong value is said on top with the focus and beside its field, and kept");

  await screen.type(LIFETIME, "7200");
  await screen.press("button", "Save");
  check((await screen.text()).includes("7200 seconds (2 hours)"), "the confirmation does not say the new value");
  await screen.examine("settings-confirm-password");
  await screen.type("Your password", `not ${admin.password}`);
  await screen.arrive(() => screen.page.keyboard.press("Enter"));
  check(await screen.hasFocus("#password"), "after a wrong password the focus is not on its field");
  await screen.examine("settings-wrong-password");
  await screen.press("button", "Change entries");
  check((await field(screen, "#access_token_seconds"))[0] === "7200", "the way back loses what was entered");
  await screen.press("button", "Save");
  await screen.type("Your password", admin.password);
  await screen.arrive(() => screen.page.keyboard.press("Enter"));
  await screen.says("3600 seconds (1 hour) → 7200 seconds (2 hours)", "Takes effect on the next request");
  await screen.examine("settings-saved");
  proved("Settings: what lets in more needs the password, a wrong one changes nothing, the way back keeps the input");

  await screen.choose(SWITCH, "No");
  await screen.press("button", "Save");
  check((await screen.text()).includes("The very next request of every AI client"), "the confirmation does not say what it does");
  check(!(await screen.has("textbox", "Your password")), "switching off asks for a password");
  await screen.examine("settings-confirm");
  check((await client.call()) === 200, "asking switched the endpoint off");
  await screen.key("button", "Save changes");
  await screen.says("Yes → No");
  check((await client.call()) === 503, "after switching off the next call is not refused");
  await restore(screen, admin, client);
  proved("Settings: switching the endpoint off needs no password and refuses the very next call; on again it works");
}

async function restore(screen, admin, client) {
  await screen.choose(SWITCH, "Yes");
  await screen.type(LIFETIME, "3600");
  await screen.press("button", "Save");
  await screen.type("Your password", admin.password);
  await screen.press("button", "Save changes");
  await screen.says("No → Yes");
  check((await client.call()) === 200, "after switching on the next call is refused");
}

export async function settingsWithoutScript(screen, admin, client) {
  await open(screen);
  await screen.choose(SWITCH, "No");
  await screen.type(LIFETIME, "7200");
  await screen.press("button", "Save");
  await screen.examine("plain-settings-confirm");
  await screen.type("Your password", `not ${admin.password}`);
  await screen.press("button", "Save changes");
  check((await screen.text()).includes("Nothing was changed"), "without script a wrong password is not told");
  check((await client.call()) === 200, "without script a wrong password switched the endpoint off");
  await screen.type("Your password", admin.password);
  await screen.press("button", "Save changes");
  await screen.says("Yes → No");
  check((await client.call()) === 503, "without script switching off does not refuse the next call");
  await restore(screen, admin, client);
  proved("without script: Settings with confirmation, wrong and right password");
}

export async function signingKeys(screen, admin, client) {
  await screen.go("/dashboard");
  await screen.press("link", "Signing keys");
  const rows = () => screen.page.$$eval("main tbody tr", (found) => found.map((row) => row.innerText));
  check((await rows()).length === 1, `there are keys: ${await rows()}`);
  await screen.examine("signing-keys");
  await (await screen.find("link", "Rotate now")).click();
  const dialog = await screen.page.waitForSelector("dialog[open]");
  check(await screen.hasFocus("dialog"), "the focus is not in the dialog");
  await screen.examine("signing-keys-rotate");
  await screen.type("Your password", `not ${admin.password}`, dialog);
  await screen.answered(async () => (await screen.find("button", "Rotate now", dialog)).click());
  check((await screen.text()).includes("Nothing was changed"), "a wrong password is not told");
  await screen.type("Your password", admin.password);
  await screen.press("button", "Rotate now");
  await screen.says("New tokens are signed with", "Nobody was disconnected");
  const after = await rows();
  check(after.length === 2 && after[0].includes("Signs") && after[1].includes("Verifies only"), `after it there are ${after}`);
  check((await client.call()) === 200, "rotating the key disconnected a client");
  await screen.examine("signing-keys-rotated");
  proved("Signing keys: listed; rotated in a dialog with the own password; the client that is connected stays so");
}
