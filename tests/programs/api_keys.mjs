// Dashboard → Settings → API keys in a real browser: a part of browser.mjs.

import { check, proved } from "./pages.mjs";

const PAGE = "/dashboard/settings/api-keys";

/** What the REST API answers to a key. */
async function answers(origin, key) {
  const response = await fetch(`${origin}/api/v1/usage`, { headers: { Authorization: `Bearer ${key}` } });
  return response.status;
}

async function shownKey(screen) {
  return screen.page.$eval("#key", (element) => element.textContent.trim());
}

export async function apiKeys(screen, origin, person, { closesOnEscape, copies, dialogOf }) {
  await screen.go(PAGE);
  check((await screen.text()).includes("You have no key"), "the empty page does not say what a key is for");
  check((await screen.page.$eval("#curl-usage", (code) => code.textContent)).includes(`${origin}/api/v1/usage`), "the example is not this server's");
  await screen.examine("api-keys-empty");
  await screen.press("link", "New key");
  await screen.examine("api-key-new");
  await screen.type("Name", "Nightly export");
  await screen.choose("Expires", "other number of days");
  await screen.type("Your password", person.password);
  await screen.press("button", "Create key");
  check(await screen.hasFocus("[data-error-summary]"), "after a missing number the focus is not on the message");
  await screen.examine("api-key-error");
  await screen.choose("Expires", "never");
  await screen.type("Your password", person.password);
  await screen.key("button", "Create key");
  const first = await shownKey(screen);
  check((await answers(origin, first)) === 200, "the new key does not work");
  await screen.examine("api-key-shown");
  await copies(screen, "Copy key", first);
  await screen.press("link", "I have copied it");
  check(!(await screen.text()).includes(first), "the key is shown again");
  await screen.examine("api-keys");
  proved("API keys: the form names what is wrong; the key is shown and copied once, and works");

  await screen.press("link", `Rotate the key Nightly export …${first.slice(-4)}`);
  await screen.examine("api-key-rotate");
  await screen.choose("The old key goes on working", "for 1 hour");
  await screen.type("Your password", person.password);
  await screen.press("button", "Rotate key");
  const second = await shownKey(screen);
  check(second !== first && (await answers(origin, second)) === 200 && (await answers(origin, first)) === 200, "both keys do not work");
  await screen.press("link", "I have copied it");
  check((await screen.text()).includes("Replaced"), "the old key is not told from the new");
  await screen.examine("api-keys-rotated");
  proved("API keys: rotated, the old one works beside the new one");

  const opener = await screen.tabTo("link", `Revoke the key Nightly export …${second.slice(-4)}`);
  await screen.page.keyboard.press("Enter");
  await dialogOf(screen);
  await screen.examine("api-key-revoke-dialog");
  await closesOnEscape(screen, opener);
  check((await answers(origin, second)) === 200, "Escape revoked");
  await screen.page.keyboard.press("Enter");
  await dialogOf(screen);
  await screen.key("button", "Revoke key");
  await screen.says("Revoked the key", "Nightly export");
  check((await answers(origin, second)) === 401, "after Revoke the next call is not refused");
  proved("API keys: Revoke asks first, Escape changes nothing; then the very next call is refused");
  return first;
}

/** An administrator ends a key of the person, on their page. */
export async function keysOfSomebody(screen, origin, person, key, { dialogOf }) {
  await screen.go(`/admin/users?q=${encodeURIComponent(person.email)}`);
  const link = await screen.page.waitForSelector("tbody th a");
  await screen.arrive(() => link.click());
  await screen.press("link", "API Keys", await screen.page.$("nav[aria-label=User]"));
  check((await screen.text()).includes("Nightly export"), "the person's keys are not listed");
  await screen.examine("person-keys");
  await screen.tabTo("link", `Revoke the key Nightly export …${key.slice(-4)}`);
  await screen.page.keyboard.press("Enter");
  await dialogOf(screen);
  await screen.examine("person-key-revoke-dialog");
  await screen.key("button", "Revoke key");
  await screen.says("Revoked the key", "Nightly export");
  check((await answers(origin, key)) === 401, "after an administrator's Revoke the next call is not refused");
  proved("API keys of somebody: listed on their page, revoked after a confirmation, refused at the very next call");
}

export async function apiKeysWithoutScript(screen, origin, person) {
  await screen.go(PAGE);
  await screen.press("link", "New key");
  await screen.type("Name", "Plain export");
  await screen.choose("Expires", "never");
  await screen.type("Your password", person.password);
  await screen.press("button", "Create key");
  const first = await shownKey(screen);
  check((await answers(origin, first)) === 200, "without script the new key does not work");
  await screen.press("link", "I have copied it");
  check(!(await screen.text()).includes(first), "without script the key is shown again");
  await screen.press("link", `Rotate the key Plain export …${first.slice(-4)}`);
  await screen.choose("The old key goes on working", "for 1 hour");
  await screen.type("Your password", person.password);
  await screen.press("button", "Rotate key");
  const second = await shownKey(screen);
  check((await answers(origin, second)) === 200 && (await answers(origin, first)) === 200, "without script both keys do not work");
  await screen.press("link", "I have copied it");
  await screen.press("link", `Revoke the key Plain export …${second.slice(-4)}`);
  await screen.press("button", "Revoke key");
  check((await answers(origin, second)) === 401, "without script a revoked key works");
  proved("API keys without script: made, shown once, rotated with overlap, revoked");
}
