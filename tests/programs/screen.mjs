// A real browser: finds controls by role and accessible name, and examines every page it is shown
// for accessibility (axe, WCAG 2.2 AA, light and dark), for width, and for what it complains about.

import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { Wrong, check, installed } from "./pages.mjs";

const puppeteer = installed("puppeteer-core");
const axe = installed("axe-core");

const TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"];
const WIDTHS = [320, 360, 430, 1210, 1280];
const HEIGHT = 900;
const FLAGS = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
  // No helper program may be asked to open an address of its own scheme.
  "--disable-features=ExternalProtocolDialog",
];

export async function launch(shots) {
  if (shots) mkdirSync(shots, { recursive: true });
  const browser = await puppeteer.launch({
    executablePath: process.env.PORTCULLIS_TEST_CHROMIUM ?? "/usr/bin/chromium",
    args: FLAGS,
    defaultViewport: { width: 1280, height: HEIGHT },
  });
  return { browser, shots, examined: new Map() };
}

/** One person's window, with its own cookies. */
export class Screen {
  static async open(house, origin, { script = true } = {}) {
    const context = await house.browser.createBrowserContext();
    if (script) await context.overridePermissions(origin, ["clipboard-read", "clipboard-sanitized-write"]);
    const page = await context.newPage();
    page.setDefaultTimeout(20_000);
    await page.setJavaScriptEnabled(script);
    await page.emulateMediaFeatures([{ name: "prefers-reduced-motion", value: "reduce" }]);
    const screen = new Screen();
    Object.assign(screen, { house, origin, context, page, script, complaints: [], wanted: [] });
    await screen.#listen();
    return screen;
  }

  async #listen() {
    const cdp = await this.page.createCDPSession();
    await Promise.all([cdp.send("Log.enable"), cdp.send("Page.enable"), cdp.send("Audits.enable"), cdp.send("Network.enable")]);
    cdp.on("Log.entryAdded", ({ entry }) => {
      // A refused form answers 4xx, which the log mentions and which is right.
      if (entry.source === "network" && / status of 4\d\d /.test(entry.text)) return;
      if (entry.level === "error" || entry.source === "security" || entry.source === "violation") this.complaints.push(entry.text);
    });
    cdp.on("Audits.issueAdded", ({ issue }) => {
      if (issue.code === "ContentSecurityPolicyIssue") this.complaints.push(JSON.stringify(issue.details));
    });
    cdp.on("Page.frameRequestedNavigation", ({ url }) => this.wanted.push(url));
    cdp.on("Network.requestWillBeSent", ({ request }) => this.wanted.push(request.url));
    this.page.on("pageerror", (error) => this.complaints.push(`script: ${error.message}`));
    this.page.on("response", (answer) => {
      if (answer.status() >= 500) this.complaints.push(`${answer.url()} answers ${answer.status()}`);
    });
    this.cdp = cdp;
  }

  /** What the browser complains about, once it does. */
  async complaint(pattern) {
    for (let times = 0; times < 200; times += 1) {
      const found = this.complaints.find((one) => pattern.test(one));
      if (found) return found;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    throw new Wrong(`the browser does not complain about ${pattern}, but says ${this.complaints}`);
  }

  /** From now on pages come with another content security policy than the server sent. */
  async alterPolicy(part, other) {
    this.cdp.on("Fetch.requestPaused", async ({ requestId, responseStatusCode: responseCode, responseHeaders = [] }) => {
      const policy = responseHeaders.find(({ name }) => name.toLowerCase() === "content-security-policy");
      if (responseCode !== 200 || !policy) return this.cdp.send("Fetch.continueRequest", { requestId });
      policy.value = policy.value.replace(part, other);
      // Only an answer that is made anew has its policy read anew.
      const { body, base64Encoded } = await this.cdp.send("Fetch.getResponseBody", { requestId });
      const whole = base64Encoded ? body : Buffer.from(body).toString("base64");
      return this.cdp.send("Fetch.fulfillRequest", { requestId, responseCode, responseHeaders, body: whole });
    });
    await this.cdp.send("Fetch.enable", { patterns: [{ resourceType: "Document", requestStage: "Response" }] });
  }

  /** Nothing was complained about since the last time. */
  isQuiet(where) {
    const complaints = this.complaints.splice(0);
    check(complaints.length === 0, `the browser complains at ${where}: ${complaints.join("; ")}`);
  }

  async go(path) {
    await this.page.bringToFront(); // a window behind another one is not drawn, and then nothing can be pressed
    return this.page.goto(new URL(path, this.origin).href);
  }

  /** The control of that role and accessible name. */
  async find(role, name, within = undefined) {
    const selector = `::-p-aria([name="${name}"][role="${role}"])`;
    const found = within ? await within.$(selector) : await this.page.waitForSelector(selector).catch(() => null);
    check(found, `no ${role} "${name}" at ${this.page.url()}`);
    return found;
  }

  async has(role, name) {
    return (await this.page.$(`::-p-aria([name="${name}"][role="${role}"])`)) !== null;
  }

  /** Presses it with the mouse, and waits for the page that follows. */
  async press(role, name, within = undefined) {
    const found = await this.find(role, name, within);
    await this.arrive(() => found.click());
  }

  /** Presses it with the keyboard alone: Tab until it has the focus, then Enter. */
  async key(role, name) {
    await this.tabTo(role, name);
    await this.arrive(() => this.page.keyboard.press("Enter"));
  }

  async tabTo(role, name) {
    const target = await this.find(role, name);
    for (let times = 0; times < 150; times += 1) {
      if (await target.evaluate((element) => element === document.activeElement)) {
        check(await this.#focusIsSeen(), `the focus on ${role} "${name}" is not to be seen`);
        return target;
      }
      await this.page.keyboard.press("Tab");
    }
    throw new Error(`Tab never comes to ${role} "${name}" at ${this.page.url()}`);
  }

  /** The focus has an outline and is not hidden behind anything (2.4.7, 2.4.11). */
  #focusIsSeen() {
    return this.page.evaluate(() => {
      const element = document.activeElement;
      const style = getComputedStyle(element);
      const box = element.getBoundingClientRect();
      const inside = box.bottom > 0 && box.top < innerHeight && box.right > 0 && box.left < innerWidth;
      const top = document.elementFromPoint(box.left + box.width / 2, Math.min(box.top + box.height / 2, innerHeight - 1));
      const free = !top || element.contains(top) || top.contains(element) || top.closest("label")?.contains(element);
      return inside && Boolean(free) && (style.outlineStyle !== "none" || style.boxShadow !== "none");
    });
  }

  async arrive(act) {
    const from = this.page.url();
    try {
      const [answer] = await Promise.all([this.page.waitForNavigation({ waitUntil: "load" }), act()]);
      return answer;
    } catch (error) {
      throw new Wrong(`no page follows ${from}: ${error.message} ${this.complaints.join("; ")}`);
    }
  }

  /** Does what sends a form from an open dialog; returns its answer once it stands in the dialog, which no page follows. */
  async answered(act) {
    const url = this.page.url();
    const [answer] = await Promise.all([this.page.waitForResponse((one) => one.request().method() === "POST"), act()]);
    await this.page.waitForSelector("dialog[open] :is([data-error-summary], [data-flash])");
    check(this.page.url() === url, `a form in a dialog leads to ${this.page.url()}`);
    return answer;
  }

  async type(name, text, within = undefined) {
    const field = await this.find("textbox", name, within);
    await field.click({ count: 3 });
    await this.page.keyboard.press("Backspace");
    await field.type(text);
    return field;
  }

  async choose(name, words) {
    const box = await this.find("combobox", name);
    const value = await box.evaluate((element, wanted) => [...element.options].find((one) => one.text === wanted)?.value, words);
    check(value !== undefined, `"${name}" does not offer "${words}"`);
    await box.select(value);
  }

  async signIn({ email, password }) {
    await this.type("E-mail address", email);
    await this.type("Password", password);
    await this.press("button", "Sign in");
  }

  heading() {
    return this.page.$eval("h1", (element) => element.textContent.trim()).catch(() => "");
  }

  text() {
    return this.page.$eval("body", (element) => element.innerText);
  }

  /** What stands in the banner of the last action. */
  async banner() {
    const said = await this.page.$$eval("main [role=status]", (boxes) => boxes.map((box) => box.textContent).join(" "));
    return said.trim();
  }

  async says(...words) {
    const said = await this.banner();
    for (const word of words) check(said.includes(word), `at ${this.page.url()} it says "${said}", not "${word}"`);
  }

  /** Whether the focus is on, or within, what the selector finds. */
  hasFocus(selector) {
    return this.page.evaluate((wanted) => document.activeElement?.closest(wanted) !== null, selector);
  }

  async #settled() {
    await this.page.evaluate(() => Promise.all(document.getAnimations().map((one) => one.finished.catch(() => {}))));
  }

  /**
   * Examines what is shown now: axe in light and dark, no sideways scrolling, no complaints. Where
   * scripts are off they may run for that long; the page's own were passed over when it was loaded.
   */
  async examine(name) {
    if (!this.script) await this.page.setJavaScriptEnabled(true);
    try {
      await this.#examine(name);
    } finally {
      if (!this.script) await this.page.setJavaScriptEnabled(false);
    }
  }

  async #examine(name) {
    if (await this.page.evaluate(() => typeof globalThis.axe === "undefined")) await this.page.evaluate(axe.source);
    for (const theme of ["light", "dark"]) {
      await this.page.emulateMediaFeatures([
        { name: "prefers-color-scheme", value: theme },
        { name: "prefers-reduced-motion", value: "reduce" },
      ]);
      await this.#settled();
      await this.#axe(name, theme);
      await this.#shoot(`${name}-${theme}`);
    }
    for (const width of WIDTHS) {
      await this.page.setViewport({ width, height: HEIGHT });
      await this.#settled();
      await this.#fits(name, `${width} px`);
      if (width === 1280) await this.#actsAreInSight(name);
      if (width === 360) {
        await this.#axe(name, "360 px");
        await this.#shoot(`${name}-360`);
      }
    }
    await this.page.setViewport({ width: 1280, height: HEIGHT });
    await this.#summariesAreReached(name);
    this.isQuiet(name);
    this.house.examined.set(name, (this.house.examined.get(name) ?? 0) + 1);
  }

  /** Whatever opens is reached by Tab (2.1.1), from the place just before it. */
  async #summariesAreReached(name) {
    const before = await this.page.evaluateHandle(() => [document.activeElement, ...document.querySelectorAll("details[open]")]);
    const within = (await this.page.$("dialog[open]")) ? "dialog[open] " : "";
    for (const summary of await this.page.$$(`${within}details > summary`)) {
      const start = await summary.evaluateHandle((element) => {
        if (!element.checkVisibility()) return null;
        const place = document.createElement("span");
        place.tabIndex = -1;
        element.parentElement.before(place);
        place.focus({ preventScroll: true });
        return place;
      });
      if (!(await start.evaluate((place) => place !== null))) continue;
      await this.page.keyboard.press("Tab");
      const words = await summary.evaluate((element) => (element === document.activeElement ? null : element.textContent.trim()));
      await start.evaluate((place) => place.remove());
      check(words === null, `${name}: Tab never comes to “${words}”`);
    }
    // A menu closes when it is left.
    await before.evaluate(([focused, ...open]) => {
      focused?.focus?.({ preventScroll: true });
      for (const details of open) details.open = true;
    });
  }

  /** Nothing makes the page scroll sideways. */
  async #fits(name, how) {
    const wide = await this.page.evaluate(() => {
      const limit = document.documentElement.clientWidth;
      const scrolls = document.scrollingElement.scrollWidth > limit;
      const out = [...document.body.querySelectorAll("*")].filter((one) => one.getBoundingClientRect().right > limit + 1);
      return scrolls ? out.slice(0, 3).map((one) => one.outerHTML.slice(0, 120)).join(" | ") || "?" : null;
    });
    check(wide === null, `${name} scrolls sideways at ${how}: ${wide}`);
  }

  /** What can be done with a row is in sight without scrolling its table, unless somebody chose more columns. */
  async #actsAreInSight(name) {
    const cut = await this.page.$$eval(".table:not(.many)", (tables) =>
      tables.flatMap((table) => {
        const edge = table.parentElement.getBoundingClientRect().right;
        return [...table.querySelectorAll(".btn")].filter((one) => one.getBoundingClientRect().right > edge).map((one) => one.textContent.trim());
      }),
    );
    check(cut.length === 0, `${name} at 1280 px: outside of the table's panel are ${cut.slice(0, 3)}`);
  }

  /** Examines what is shown in a window of 1280 px at 200 % zoom. */
  async zoomed(name) {
    if (await this.page.evaluate(() => typeof globalThis.axe === "undefined")) await this.page.evaluate(axe.source);
    await this.page.setViewport({ width: 640, height: HEIGHT / 2, deviceScaleFactor: 2 });
    await this.#settled();
    await this.#fits(name, "200 %");
    await this.#axe(name, "200 %");
    await this.#shoot(`${name}-200`);
    await this.page.setViewport({ width: 1280, height: HEIGHT, deviceScaleFactor: 1 });
    this.isQuiet(`${name} at 200 %`);
  }

  /** Does something while the system has its own few colours. */
  async inForcedColors(name, act) {
    const features = [{ name: "forced-colors", value: "active" }, { name: "prefers-reduced-motion", value: "reduce" }];
    await this.cdp.send("Emulation.setEmulatedMedia", { features });
    check(await this.page.evaluate(() => matchMedia("(forced-colors: active)").matches), "this browser knows no forced colours");
    await act();
    await this.#shoot(`${name}-forced`);
    await this.cdp.send("Emulation.setEmulatedMedia", { features: [features[1]] });
  }

  /** Does something as on paper. */
  async onPaper(name, act) {
    await this.page.emulateMediaType("print");
    await this.page.setViewport({ width: 794, height: 1123 }); // A4 at 96 dots to the inch
    await act();
    await this.#shoot(`${name}-print`);
    await this.page.setViewport({ width: 1280, height: HEIGHT });
    await this.page.emulateMediaType(null);
  }

  async #axe(name, how) {
    const found = await this.page.evaluate(
      async (tags) => {
        const result = await globalThis.axe.run(document, { runOnly: { type: "tag", values: tags }, resultTypes: ["violations"] });
        return result.violations.map(({ id, help, nodes }) => {
          const where = nodes.slice(0, 3).map((node) => `${node.html.slice(0, 160)} (${node.failureSummary?.replace(/\s+/g, " ")})`);
          return `${id}: ${help}: ${where.join(" | ")}`;
        });
      },
      TAGS,
    );
    check(found.length === 0, `axe at ${name} (${how}): ${found.join("\n    ")}`);
  }

  async #shoot(name) {
    if (this.house.shots) await this.page.screenshot({ path: join(this.house.shots, `${name}.png`), fullPage: true });
  }

  close() {
    return this.context.close();
  }
}
