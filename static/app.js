// Portcullis console: improves pages that work without it.
const $ = (selector, root = document) => root.querySelector(selector);
const $$ = (selector, root = document) => [...root.querySelectorAll(selector)];
const lang = document.documentElement.lang || "en";

// ---- announcements for assistive technology
const live = document.createElement("p");
live.className = "sr";
live.setAttribute("role", "status");
document.body.append(live);
function announce(text) {
  const host = dialog?.open ? dialog : document.body; // outside an open modal everything is inert
  if (live.parentNode !== host) host.append(live);
  live.textContent = "";
  setTimeout(() => { live.textContent = text; }, 50);
}

// ---- dialogs: <a data-dialog href> shows the linked page's [data-dialog-content]
let dialog = null;
let opener = null;
let request = null;
let trail = []; // what was shown in it while it was open
let isStale = false; // the page below is older than what was done in it

function makeDialog() {
  dialog = document.createElement("dialog");
  dialog.className = "dialog";
  dialog.addEventListener("close", () => {
    // May come after the next dialog was asked for, or is open.
    if (dialog.contains(request?.link)) request.abort();
    if (dialog.open) return;
    dialog.replaceChildren();
    trail = [];
    if (isStale) return location.reload();
    const row = opener?.closest("tr")?.nextElementSibling;
    (opener?.isConnected ? opener : $("a, button", row ?? document.body))?.focus();
  });
  document.body.append(dialog);
}

const parsed = (text) => new DOMParser().parseFromString(text, "text/html");

/** Shows what a page has for a dialog, and what was just done; says whether it has anything. */
function fill(page, closeLabel = "Close") {
  const content = $("main [data-dialog-content]", page);
  const heading = content && ($("h1", content) ?? $("h2", content));
  if (!heading) return false;
  if (!dialog) makeDialog();
  const close = document.createElement("button");
  close.type = "button";
  close.className = "btn quiet close";
  close.dataset.dialogClose = "";
  close.setAttribute("aria-label", closeLabel);
  close.textContent = "✕";
  heading.id ||= "dialog-heading";
  dialog.setAttribute("aria-labelledby", heading.id);
  const about = $("[data-dialog-about]", content);
  if (about) {
    about.id ||= "dialog-about";
    dialog.setAttribute("aria-describedby", about.id);
  } else dialog.removeAttribute("aria-describedby");
  const said = $("main > [data-flash]", page);
  if (said) heading.after(said);
  dialog.replaceChildren(document.adoptNode(content), close);
  enhance(dialog);
  if (!dialog.open) dialog.showModal();
  content.scrollTop = 0;
  heading.tabIndex = -1;
  // The first field to fill in, the password, or what does no harm.
  const fields = $$("form[method=post] :is(input:not([type=hidden], [type=checkbox], [type=radio], [type=password], [hidden], [data-optional]), select, textarea)", dialog);
  (said ?? wrong(dialog) ?? $("[autofocus]", dialog) ?? fields.find((field) => !field.value) ?? fields[0] ?? $("input[type=password]", dialog) ?? $("form[method=post] a[data-dialog-close]", dialog) ?? heading).focus();
  return true;
}

/** What is told first of a refused form: its summary, or the password if that is all. */
function wrong(root) {
  const summary = $("[data-error-summary]", root);
  const isAlone = summary && $$("li", summary).length === 1 && $("a[href='#password']", summary);
  return (isAlone ? $("input#password[aria-describedby~=password-error]", root) : null) ?? summary;
}

async function openDialog(link, href = link.href) {
  request?.abort();
  request = Object.assign(new AbortController(), { link });
  link.setAttribute("aria-busy", "true");
  try {
    const answer = await fetch(href, { signal: request.signal, headers: { Accept: "text/html" } });
    // A redirect means sign-in or a changed state: let the browser go there itself.
    if (!answer.ok || answer.redirected) throw new Error("not a dialog page");
    const page = parsed(await answer.text());
    if (!dialog?.open) opener = link;
    if (!fill(page, link.dataset.closeLabel)) throw new Error("no dialog content");
    trail.push(new URL(href, location.href).pathname);
  } catch (error) {
    if (error.name !== "AbortError") location.assign(href);
  } finally {
    link.removeAttribute("aria-busy");
  }
}

document.addEventListener("click", (event) => {
  if (event.defaultPrevented || event.button || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
  const close = event.target.closest("[data-dialog-close]");
  if (close && dialog?.open && dialog.contains(close)) {
    event.preventDefault();
    return dialog.close();
  }
  const link = event.target.closest("a[data-dialog]");
  if (link && window.HTMLDialogElement) {
    event.preventDefault();
    openDialog(link);
  }
});

// A form with data-dialog chooses its page by the field "act".
document.addEventListener("submit", (event) => {
  const form = event.target;
  if (!form.matches("[data-dialog]") || !window.HTMLDialogElement) return;
  event.preventDefault();
  const fields = new FormData(form);
  const path = `${form.getAttribute("action")}/${fields.get("act")}`;
  fields.delete("act");
  openDialog(event.submitter ?? form, `${path}?${new URLSearchParams(fields)}`);
});

// ---- grid selection
function selection(table) {
  const rows = $$("[data-select-row]", table);
  const all = $("[data-select-all]", table);
  if (!all || !rows.length) return;
  const label = $("[data-select-label]", table);
  const matching = $("[data-select-matching]");
  const total = Number(matching?.dataset.selectMatching) || 0;
  const form = rows[0].form;
  const box = $("[data-select-matching-box]");
  const whole = $("[data-select-whole]");
  let said = 0;
  let last = -1;

  const refresh = () => {
    const ticked = rows.filter((row) => row.checked).length;
    all.checked = ticked === rows.length;
    all.indeterminate = ticked > 0 && !all.checked;
    if (label) label.textContent = all.dataset[all.checked ? "labelNone" : "labelAll"] ?? label.textContent;
    const wide = matching?.checked;
    if (box) box.hidden = !(wide || ticked);
    if (matching) {
      matching.parentElement.hidden = rows.length >= total || !(wide || all.checked);
      $$("[data-excluded]", form).forEach((input) => input.remove());
      if (wide) for (const row of rows.filter((row) => !row.checked)) {
        const input = document.createElement("input");
        Object.assign(input, { type: "hidden", name: "excluded", value: row.value });
        input.dataset.excluded = "";
        form?.append(input);
      }
    }
    const count = wide ? total - (rows.length - ticked) : ticked;
    if (whole) whole.hidden = wide || !all.checked;
    if (count !== said) announce(`${count.toLocaleString(lang)} ${box?.dataset.selectWord || "selected"}`);
    said = count;
    for (const out of $$("[data-selected-count]")) {
      out.textContent = count.toLocaleString(lang);
      out.parentElement.hidden = !count;
    }
  };

  all.closest("[hidden]")?.removeAttribute("hidden");
  all.addEventListener("change", () => {
    for (const row of rows) row.checked = all.checked;
    if (matching && !all.checked) matching.checked = false;
    refresh();
  });
  matching?.addEventListener("change", () => {
    for (const row of rows) row.checked = matching.checked;
    refresh();
  });
  rows.forEach((row, index) => row.addEventListener("click", (event) => {
    if (event.shiftKey && last >= 0) {
      const [from, to] = [Math.min(last, index), Math.max(last, index)];
      for (let at = from; at <= to; at++) rows[at].checked = row.checked;
    }
    last = index;
    refresh();
  }));
  form?.addEventListener("reset", () => setTimeout(refresh));
  addEventListener("pageshow", refresh);
  refresh();
}

// ---- copy
async function copy(button) {
  const source = button.dataset.copy ? document.getElementById(button.dataset.copy) : null;
  const text = (source?.value ?? source?.textContent ?? button.dataset.copyText ?? "").trim();
  let done = true;
  try {
    await navigator.clipboard.writeText(text);
  } catch {
    const area = document.createElement("textarea"); // plain http: no clipboard API
    area.value = text;
    area.className = "sr";
    button.after(area);
    area.select();
    done = document.execCommand("copy");
    area.remove();
    button.focus();
  }
  const face = $("[data-copy-face]", button) ?? button;
  const before = face.dataset.before ??= face.textContent;
  const word = done ? button.dataset.copied || "Copied" : button.dataset.copyFailed || "Press Ctrl+C";
  face.textContent = word;
  if (!done && source) getSelection().selectAllChildren(source);
  announce(word);
  setTimeout(() => { face.textContent = before; }, 2500);
}

// ---- relative times, up to seven days; older keep the server's text
const relative = new Intl.RelativeTimeFormat(lang, { numeric: "auto" });
function showTimes(root = document) {
  for (const time of $$("time[data-relative]", root)) {
    const seconds = (Date.parse(time.dateTime) - Date.now()) / 1000;
    const size = Math.abs(seconds);
    if (!(size < 604800)) continue;
    const [unit, length] = size < 60 ? ["second", 1] : size < 3600 ? ["minute", 60] : size < 86400 ? ["hour", 3600] : ["day", 86400];
    const text = relative.format(Math.trunc(seconds / length), unit);
    if (time.textContent !== text) time.textContent = text;
  }
}
setInterval(() => document.hidden || showTimes(), 30000);

// ---- parts that need wiring, in the page and in each opened dialog
function enhance(root) {
  showTimes(root);
  for (const button of $$("button[data-copy], button[data-copy-text]", root)) {
    button.hidden = false;
    button.addEventListener("click", () => copy(button));
  }
  for (const button of $$("button[data-reveal]", root)) {
    const field = $("input", button.parentElement);
    const face = $("span", button) ?? button;
    button.hidden = false;
    button.addEventListener("click", () => {
      const shown = field.type === "text";
      field.type = shown ? "password" : "text";
      face.textContent = shown ? "Show" : "Hide";
    });
    field.form?.addEventListener("submit", () => { field.type = "password"; });
  }
  for (const table of $$("[data-select]", root)) selection(table);
  for (const dismiss of $$("[data-flash] > [data-close]", root)) {
    dismiss.hidden = false;
    dismiss.addEventListener("click", () => {
      dismiss.parentElement.remove();
      (dialog?.open ? $("h1, h2", dialog) : $("#main")).focus({ preventScroll: true });
    });
  }
}

// ---- forms: sent once; a warning before leaving changed ones
let dirty = false;
document.addEventListener("input", (event) => { if (event.target.form?.matches("[data-guard]")) dirty = true; });
addEventListener("beforeunload", (event) => { if (dirty) event.preventDefault(); });
document.addEventListener("submit", (event) => {
  const form = event.target;
  if (event.defaultPrevented) return;
  if (form.matches("[data-guard]")) dirty = false;
  const way = event.submitter?.getAttribute("formmethod") ?? form.getAttribute("method") ?? "get";
  if (way.toLowerCase() !== "post" || form.matches("[data-resubmit]")) return;
  if (form.dataset.sent) return event.preventDefault();
  form.dataset.sent = "1";
  event.submitter?.setAttribute("aria-disabled", "true"); // not `disabled`: its value must be sent
  setTimeout(() => release(form), 10000);
});
function release(form) {
  delete form.dataset.sent;
  for (const button of $$("[aria-disabled]", form)) button.removeAttribute("aria-disabled");
}
addEventListener("pageshow", (event) => { if (event.persisted) $$("form[data-sent]").forEach(release); });

// ---- a form in a dialog: what is wrong is told there; who came from a page of it returns to it
document.addEventListener("submit", async (event) => {
  const form = event.target;
  if (event.defaultPrevented || !dialog?.contains(form) || form.method !== "post" || form.enctype === "multipart/form-data") return;
  event.preventDefault();
  try {
    const body = new URLSearchParams(new FormData(form, event.submitter));
    const answer = await fetch(event.submitter?.getAttribute("formaction") ?? form.action, { method: "POST", body, headers: { Accept: "text/html", "X-Portcullis-Dialog": "1" } });
    const place = answer.status === 204 && new URL(answer.headers.get("Location"), location.href);
    if (!place) {
      const page = parsed(await answer.text());
      if (!fill(page)) replacePage(page);
    } else if (trail.includes(place.pathname)) {
      isStale = true;
      await openDialog(form, place.href);
    } else {
      // Else the browser would only scroll.
      if (place.pathname + place.search === location.pathname + location.search) place.hash = "";
      location.assign(place);
    }
  } catch {
    release(form);
    const said = $("[role=alert]", form) ?? document.createElement("p");
    said.className = "error";
    said.setAttribute("role", "alert");
    said.textContent = "No answer came. Look whether it was done before you try again.";
    form.prepend(said);
  }
});
/** Shows a page that is not to be asked for twice. */
function replacePage(page) {
  document.title = page.title;
  document.body.replaceWith(document.adoptNode(page.body));
  dialog = null;
  arrived();
  const head = $("h1") ?? document.body;
  head.scrollIntoView();
  if (document.activeElement !== document.body) return;
  head.tabIndex = -1;
  head.focus();
}

// ---- menus close on Escape and on a click elsewhere
document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape") return;
  for (const menu of $$("details.menu[open]")) {
    const within = menu.contains(event.target);
    menu.open = false;
    if (within) $("summary", menu).focus();
  }
});
// Left by Tab it would hide what has the focus next.
document.addEventListener("focusout", (event) => {
  const menu = event.target.closest?.("details.menu[open]");
  if (menu && event.relatedTarget && !menu.contains(event.relatedTarget)) menu.open = false;
});
document.addEventListener("click", (event) => {
  for (const menu of $$("details.menu[open]")) if (!menu.contains(event.target)) menu.open = false;
});

// ---- what is under way is asked for again
function follow() {
  if (!$("[data-going]")) return;
  setTimeout(async () => {
    const page = await fetch(location.href).then((answer) => answer.text()).then(parsed).catch(() => document);
    const now = $("[data-going]", page);
    if (!now) return location.reload();
    $("[data-going]").replaceWith(now);
    follow();
  }, 2000);
}

function arrived() {
  enhance(document);
  // A live region that was there from the start is not read: what is heard first gets the focus.
  const flash = $("[data-flash]");
  const first = wrong(document) ?? (document.activeElement === document.body ? flash : null);
  first?.focus({ preventScroll: first === flash && Boolean(location.hash) });
}
arrived();
follow();
