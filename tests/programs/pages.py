"""A browser without a screen: follows links, fills in forms by their labels, keeps cookies.

It knows the pages as a person does, by headings, labels and the words on buttons, so that a page
that loses one of them is noticed. Standard HTML parser, no script.
"""

from html.parser import HTMLParser
from urllib.parse import urljoin, urlsplit

import httpx2

VOID = {"area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr"}
MOST_REDIRECTS = 5


class Wrong(Exception):
    """A rule does not hold."""


class Element:
    """An element with its attributes and what is in it."""

    def __init__(self, tag, attributes):
        self.tag = tag
        self.attributes = dict(attributes)
        self.children = []

    def get(self, name, default=None):
        value = self.attributes.get(name, default)
        return "" if value is None and name in self.attributes else value

    def has(self, name):
        return name in self.attributes

    def all(self, *tags):
        for child in self.children:
            if isinstance(child, Element):
                if not tags or child.tag in tags:
                    yield child
                yield from child.all(*tags)

    def text(self):
        parts = [child if isinstance(child, str) else child.text() for child in self.children]
        glue = "" if self.tag in {"a", "b", "code", "em", "span", "strong", "time"} else " "
        return " ".join(glue.join(parts).split())


class _Builder(HTMLParser):
    def __init__(self):
        super().__init__()
        self.root = Element("document", {})
        self.open = [self.root]

    def handle_starttag(self, tag, attributes):
        element = Element(tag, attributes)
        self.open[-1].children.append(element)
        if tag not in VOID:
            self.open.append(element)

    def handle_endtag(self, tag):
        if any(element.tag == tag for element in self.open):
            while self.open.pop().tag != tag:
                pass

    def handle_data(self, data):
        self.open[-1].children.append(data)


class Page:
    """What a browser shows: status, address, elements."""

    def __init__(self, response):
        builder = _Builder()
        builder.feed(response.text)
        self.root = builder.root
        self.status = response.status_code
        self.url = str(response.url)
        self.headers = response.headers

    def heading(self):
        return next((h.text() for h in self.root.all("h1")), "")

    def text(self):
        return self.root.text()

    def title(self):
        return next((t.text() for t in self.root.all("title")), "")

    def problems(self):
        """The summary of errors, if the page shows one."""
        return [box.text() for box in self.root.all() if box.get("role") == "alert"]

    def banner(self):
        """What the last action says it did."""
        return " ".join(box.text() for box in self.root.all() if box.get("role") == "status")

    def link(self, words, within=None):
        for link in (within or self.root).all("a"):
            if link.text().startswith(words):
                return link
        raise Wrong(f"no link {words!r} on {self}")

    def form(self, button, within=None):
        """The form with that button, and the button."""
        for form in (within or self.root).all("form"):
            for control in form.all("button"):
                if control.get("type", "submit") == "submit" and control.text().startswith(button):
                    return form, control
        raise Wrong(f"no form with a button {button!r} on {self}")

    def control(self, form, label):
        """The control that a label names."""
        for candidate in form.all("label"):
            if candidate.text() == label:
                for control in form.all("input", "select", "textarea"):
                    if control.get("id") == candidate.get("for"):
                        return control
        raise Wrong(f"no field {label!r} on {self}")

    def row(self, *words):
        """The table row that has all these words."""
        for row in self.root.all("tr"):
            if all(word in row.text() for word in words):
                return row
        raise Wrong(f"no row with {words!r} on {self}")

    def __str__(self):
        return f"{self.url.split('?')[0]} ({self.status}, {self.heading()!r}, {' '.join(self.problems())})"


def cell(row, label):
    """The text of a row's cell, by the name of its column."""
    for candidate in row.all("td", "th"):
        if candidate.get("data-label") == label:
            return candidate.text()
    raise Wrong(f"no column {label!r} in {row.text()!r}")


def entries(form, button):
    """What the form would send."""
    sent = []
    for control in form.all("input", "select", "textarea"):
        name = control.get("name")
        if not name or control.has("disabled"):
            continue
        if control.tag == "select":
            options = list(control.all("option"))
            chosen = next((o for o in options if o.has("selected")), options[0] if options else None)
            if chosen is not None:
                sent.append((name, chosen.get("value", chosen.text())))
        elif control.get("type") in ("checkbox", "radio"):
            if control.has("checked"):
                sent.append((name, control.get("value", "on")))
        elif control.get("type") not in ("submit", "button", "image", "reset", "file"):
            sent.append((name, control.get("value", "")))
    if button.get("name"):
        sent.append((button.get("name"), button.get("value", "")))
    return sent


class Browser:
    """One person's browser. It never leaves `origin`: what leads elsewhere is handed back."""

    def __init__(self, origin):
        self.origin = origin
        self.http = httpx2.Client(timeout=30.0, follow_redirects=False)

    def _follow(self, response):
        """Follows redirects; `Page`, or the address outside."""
        for _ in range(MOST_REDIRECTS):
            if response.status_code not in (301, 302, 303, 307, 308):
                return Page(response)
            if response.status_code not in (302, 303) or "location" not in response.headers:
                raise Wrong(f"{response.url} redirects with {response.status_code}")
            target = urljoin(str(response.url), response.headers["location"])
            if not self.is_inside(target):
                return target
            response = self.http.get(target)
        raise Wrong(f"{response.url} redirects in a circle")

    def is_inside(self, url):
        parts = urlsplit(url)
        return f"{parts.scheme}://{parts.netloc}" == self.origin

    def open(self, url):
        return self._follow(self.http.get(urljoin(self.origin, url)))

    def follow(self, page, words, within=None):
        return self.open(urljoin(page.url, page.link(words, within).get("href")))

    def submit(self, page, button, fields=(), within=None, without=()):
        """Fills in fields by their labels, ticks boxes of these values off, presses the button."""
        form, pressed = page.form(button, within)
        sent = [(name, value) for name, value in entries(form, pressed) if value not in without]
        for label, value in dict(fields).items():
            control = page.control(form, label)
            name = control.get("name")
            if control.tag == "select":
                values = {o.text(): o.get("value", o.text()) for o in control.all("option")}
                if value not in values:
                    raise Wrong(f"{label!r} does not offer {value!r} on {page}")
                value = values[value]
            sent = [(key, old) for key, old in sent if key != name] + [(name, value)]
        action = urljoin(page.url, form.get("action") or page.url)
        if not self.is_inside(action):
            raise Wrong(f"a form of {page} leads to {action}")
        body = httpx2.QueryParams(sent)
        if form.get("method", "get").lower() == "post":
            headers = {"Content-Type": "application/x-www-form-urlencoded", "Origin": self.origin}
            return self._follow(self.http.post(action, content=str(body), headers=headers))
        return self._follow(self.http.get(action, params=body))

    def sign_in(self, page, email, password):
        """Signs in on the sign-in page shown."""
        return self.submit(page, "Sign in", {"E-mail address": email, "Password": password})
