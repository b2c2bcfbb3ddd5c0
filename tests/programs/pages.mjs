// A browser without a screen, for programs that need forms and not their looks: it finds forms by
// their buttons and fields by their labels, keeps cookies, and hands back addresses elsewhere.

import { createRequire } from "node:module";
import { createServer } from "node:net";
import { join, resolve } from "node:path";
import { createInterface } from "node:readline";

const MODULES =
  process.env.PORTCULLIS_TEST_NODE_MODULES ?? resolve(import.meta.dirname, "../../target/test-programs/node_modules");

/** Loads a package from where test programs are installed, which is not beside this file. */
export const installed = createRequire(join(resolve(MODULES), "_.js"));

/** The file of such a package, for what it does not export: its programs. */
export function located(path) {
  return join(resolve(MODULES), path);
}

const VOID = new Set(["area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr"]);
const NAMED = { amp: "&", lt: "<", gt: ">", quot: '"', apos: "'", nbsp: " " };
const INLINE = new Set(["a", "b", "code", "em", "span", "strong", "time"]);

export class Wrong extends Error {}

export function check(holds, otherwise) {
  if (!holds) throw new Wrong(otherwise);
}

export function proved(rule) {
  console.log(`ok  ${rule}`);
}

/** Runs the program: an error, or a time that is up, is told and fails it. */
export function prove(run, seconds) {
  const started = performance.now();
  const fail = (error) => {
    console.error(`NOT ${error.message}`);
    if (process.env.DEBUG || !(error instanceof Wrong)) console.error(error.stack);
    process.exit(1);
  };
  setTimeout(() => fail(new Wrong(`not done after ${seconds} s`)), seconds * 1000).unref();
  run().then(() => {
    console.log(`all in ${((performance.now() - started) / 1000).toFixed(1)} s`);
    process.exit(0);
  }, fail);
}

let answers;

/** Has whoever runs the program do what a program cannot, as `tests/suite/programs` says. */
export async function ask(what) {
  answers ??= createInterface({ input: process.stdin })[Symbol.asyncIterator]();
  console.log(`ask ${what}`);
  const { value } = await answers.next();
  check(value === "done", `${what}: ${value ?? "nobody answers"}`);
}

/** A port that is free now, for a program that listens itself. */
export async function freePort() {
  const server = createServer();
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address();
  await new Promise((resolve) => server.close(resolve));
  return String(port);
}

/** Two people from the environment, and the address from the command line. */
export function given(usage) {
  const { PERSON_EMAIL, PERSON_PASSWORD, ADMIN_EMAIL, ADMIN_PASSWORD } = process.env;
  const url = process.argv[2];
  if (!url || !PERSON_EMAIL || !PERSON_PASSWORD || !ADMIN_EMAIL || !ADMIN_PASSWORD) {
    console.error(usage);
    process.exit(2);
  }
  return {
    url,
    person: { email: PERSON_EMAIL, password: PERSON_PASSWORD },
    admin: { email: ADMIN_EMAIL, password: ADMIN_PASSWORD },
  };
}

function decode(text) {
  return text.replace(/&(#x?[0-9a-f]+|\w+);/gi, (whole, name) => {
    if (name[0] !== "#") return NAMED[name] ?? whole;
    return String.fromCodePoint(name[1] === "x" ? parseInt(name.slice(2), 16) : Number(name.slice(1)));
  });
}

class Element {
  constructor(tag, attributes) {
    Object.assign(this, { tag, attributes, children: [] });
  }
  get(name) {
    return this.attributes[name];
  }
  *all(...tags) {
    for (const child of this.children) {
      if (typeof child === "string") continue;
      if (!tags.length || tags.includes(child.tag)) yield child;
      yield* child.all(...tags);
    }
  }
  /** What a text area holds; the line break after its tag is not part of it. */
  raw() {
    return this.children.join("").replace(/^\r?\n/, "");
  }
  text() {
    const parts = this.children.map((child) => (typeof child === "string" ? child : child.text()));
    return parts.join(INLINE.has(this.tag) ? "" : " ").replace(/\s+/g, " ").trim();
  }
}

function parse(html) {
  const root = new Element("document", {});
  const open = [root];
  const token = /<!--[^]*?-->|<!doctype[^>]*>|<\/([a-z][\w-]*)\s*>|<([a-z][\w-]*)((?:[^>"']|"[^"]*"|'[^']*')*)>|([^<]+)/gi;
  for (const [, closed, tag, inside, text] of html.matchAll(token)) {
    if (text) open.at(-1).children.push(decode(text));
    else if (closed) {
      const at = open.map((element) => element.tag).lastIndexOf(closed.toLowerCase());
      if (at > 0) open.length = at;
    } else if (tag) {
      const attributes = {};
      for (const [, name, , double, single, bare] of inside.matchAll(/([\w:-]+)(\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s"'>]+)))?/g)) {
        attributes[name.toLowerCase()] = decode(double ?? single ?? bare ?? "");
      }
      const element = new Element(tag.toLowerCase(), attributes);
      open.at(-1).children.push(element);
      if (!VOID.has(element.tag)) open.push(element);
    }
  }
  return root;
}

export class Page {
  constructor(url, status, html) {
    Object.assign(this, { url, status, root: parse(html) });
  }
  heading() {
    for (const heading of this.root.all("h1")) return heading.text();
    return "";
  }
  text() {
    return this.root.text();
  }
  said(role) {
    return [...this.root.all()].filter((box) => box.get("role") === role).map((box) => box.text()).join(" ");
  }
  link(words, within = this.root) {
    for (const link of within.all("a")) if (link.text().startsWith(words)) return new URL(link.get("href"), this.url).href;
    throw new Wrong(`no link "${words}" on ${this}`);
  }
  row(...words) {
    for (const row of this.root.all("tr")) if (words.every((word) => row.text().includes(word))) return row;
    throw new Wrong(`no row with ${words} on ${this}`);
  }
  form(button, within = this.root) {
    for (const form of within.all("form")) {
      for (const pressed of form.all("button")) {
        if ((pressed.get("type") ?? "submit") === "submit" && pressed.text().startsWith(button)) return { form, pressed };
      }
    }
    throw new Wrong(`no form with a button "${button}" on ${this}`);
  }
  field(form, label) {
    for (const candidate of form.all("label")) {
      if (candidate.text() !== label) continue;
      for (const control of form.all("input", "select", "textarea")) if (control.get("id") === candidate.get("for")) return control;
    }
    throw new Wrong(`no field "${label}" on ${this}`);
  }
  toString() {
    return `${this.url.split("?")[0]} (${this.status}, "${this.heading()}", ${this.said("alert")})`;
  }
}

function entries(form, pressed) {
  const sent = new URLSearchParams();
  for (const control of form.all("input", "select", "textarea")) {
    const name = control.get("name");
    const kind = control.get("type");
    if (!name || control.get("disabled") !== undefined) continue;
    if (control.tag === "select") {
      const options = [...control.all("option")];
      const chosen = options.find((option) => option.get("selected") !== undefined) ?? options[0];
      sent.append(name, chosen?.get("value") ?? "");
    } else if (control.tag === "textarea") sent.append(name, control.raw());
    else if (kind !== "checkbox" && kind !== "radio") sent.append(name, control.get("value") ?? "");
    else if (control.get("checked") !== undefined) sent.append(name, control.get("value") ?? "on");
  }
  if (pressed.get("name")) sent.append(pressed.get("name"), pressed.get("value") ?? "");
  return sent;
}

export class Browser {
  #cookies = new Map();

  constructor(origin) {
    this.origin = origin;
  }

  async #send(url, init = {}) {
    for (let times = 0; times < 6; times += 1) {
      const cookie = [...this.#cookies].map(([name, value]) => `${name}=${value}`).join("; ");
      const answer = await fetch(url, { ...init, redirect: "manual", headers: { ...init.headers, cookie } });
      for (const line of answer.headers.getSetCookie()) {
        const [, name, value] = /^([^=]+)=([^;]*)/.exec(line);
        this.#cookies.set(name, value);
      }
      if (answer.status !== 302 && answer.status !== 303) return new Page(url, answer.status, await answer.text());
      const target = new URL(answer.headers.get("location"), url).href;
      if (!target.startsWith(`${this.origin}/`)) return target;
      url = target;
      init = {};
    }
    throw new Wrong(`${url} redirects in a circle`);
  }

  /** The page, or the address elsewhere that it led to. */
  open(url) {
    return this.#send(new URL(url, this.origin).href);
  }

  /** Presses a button, with fields filled in by their labels and boxes of these values ticked off. */
  submit(page, button, { fields = {}, within = undefined, without = [] } = {}) {
    const { form, pressed } = page.form(button, within);
    const body = entries(form, pressed);
    for (const [name, value] of [...body]) if (without.includes(value)) body.delete(name, value);
    for (const [label, value] of Object.entries(fields)) {
      const control = page.field(form, label);
      const option = control.tag === "select" && [...control.all("option")].find((one) => one.text() === value);
      body.set(control.get("name"), option ? option.get("value") : value);
    }
    const action = new URL(form.get("action") ?? page.url, page.url).href;
    check(action.startsWith(`${this.origin}/`), `a form of ${page} leads to ${action}`);
    return this.#send(action, {
      method: "POST",
      body: body.toString(),
      headers: { "content-type": "application/x-www-form-urlencoded", origin: this.origin },
    });
  }

  signIn(page, { email, password }) {
    return this.submit(page, "Sign in", { fields: { "E-mail address": email, Password: password } });
  }
}
