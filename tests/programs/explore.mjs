// Dashboard → Usage, Stores, Contacts in a real browser: a part of browser.mjs.

import { check, proved } from "./pages.mjs";

export async function explore(screen) {
  await screen.go("/dashboard/stores");
  check((await screen.text()).includes("Nothing searched yet"), "opening the page searches");
  await screen.examine("stores-form");
  await screen.choose("Sort", "Most visits first");
  await screen.key("button", "Search");
  check((await screen.page.$$("tbody tr")).length > 0, "a search finds no store");
  await screen.examine("stores-found");
  await screen.arrive(() => screen.page.click("tbody th a"));
  await screen.examine("store");
  await screen.go("/dashboard/stores?search=1&q=ab");
  check((await screen.text()).includes("This search has not been run"), "opening an address searches");
  await screen.examine("stores-waiting");
  await screen.key("button", "Search");
  check(await screen.hasFocus("[data-error-summary]"), "after a wrong search the focus is not on the message");
  await screen.examine("stores-error");
  proved("Stores: searched, opened, and a wrong search is named");

  await screen.go("/dashboard/contacts");
  await screen.key("button", "Search");
  await screen.examine("contacts-found");
  await screen.page.click("tbody input[name=id]");
  await screen.press("button", "Reveal the chosen ones");
  check((await screen.text()).includes("Reveal for 1 credit?"), "the price is not named");
  await screen.examine("reveal");
  await screen.key("button", "Spend 1 credit");
  await screen.says("1 contact revealed for 1 credit");
  await screen.examine("revealed");
  await screen.go("/dashboard/usage");
  check((await screen.text()).includes("This site, in the browser"), "own searches are not among the calls");
  await screen.examine("usage");
  proved("Contacts: the price is named before it is spent; what was revealed is kept; Usage counts it");
}

export async function exploreWithoutScript(screen) {
  await screen.go("/dashboard/stores");
  await screen.press("button", "Search");
  check((await screen.page.$$("tbody tr")).length > 0, "without script a search finds nothing");
  await screen.go("/dashboard/usage");
  await screen.go("/dashboard/contacts/revealed");
  check((await screen.page.$$("tbody tr")).length === 1, "without script what was revealed is not shown");
}
