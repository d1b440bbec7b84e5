// Listens to the edge and keeps the page true: what is old is shown as old.

import { Row } from "./row.js";
import * as words from "./words.js";

const SILENT_MILLISECONDS = 3500; // the edge speaks at least once a second
const AGAIN_MILLISECONDS = 3000;

const $ = (id) => document.getElementById(id);
const rows = new Map();
let source = null;
let heard = performance.now();
let paused = false;
let known = new Map(); // what was last said of each camera
let headline = $("headline").textContent;

function text(element, value) {
  if (element.textContent !== value) element.textContent = value;
}

/** Tell those who do not see the page, one change at a time. */
function say(sentence) {
  text($("said"), sentence);
}

function trouble(sentence) {
  const lost = sentence !== "";
  text($("headline"), lost ? "What leaves now is not known." : headline);
  if (lost && $("trouble").hidden) say(sentence);
  if (!lost && !$("trouble").hidden) say("The page is in touch with the edge again.");
  text($("trouble"), sentence);
  $("trouble").hidden = !lost;
  document.body.classList.toggle("lost", lost);
}

function listen() {
  source?.close();
  source = new EventSource("/events");
  source.addEventListener("state", (event) => {
    heard = performance.now();
    trouble("");
    if (!paused) show(JSON.parse(event.data));
  });
  source.addEventListener("error", () => {
    if (source.readyState === EventSource.CLOSED) refused();
  });
}

/** The browser gives up on an answer that is no stream: find out why, tell it, and try again. */
async function refused() {
  const ask = new AbortController();
  try {
    const answer = await fetch("/events", { signal: ask.signal });
    if (answer.status === 401) location.reload();
    else if (!answer.ok) trouble(`${(await answer.text()).trim()} This page tries again by itself.`);
  } catch {
    // Nobody is there: the clock below says so.
  }
  ask.abort();
  setTimeout(() => document.hidden || listen(), AGAIN_MILLISECONDS);
}

/** A page that nobody looks at costs the edge nothing, and the browser no connection. */
function look() {
  if (document.hidden) {
    source?.close();
  } else {
    heard = performance.now();
    listen();
  }
}

function watch() {
  if (document.hidden) return;
  if (performance.now() - heard < SILENT_MILLISECONDS || !$("trouble").hidden) return;
  trouble("The edge is silent. What you see here is old. This page goes on as soon as it answers.");
}

function show(state) {
  text($("site"), state.site.name ? `· ${state.site.name}` : "");
  headline = words.headline(state.cameras);
  text($("headline"), headline);
  const asked = state.site.question ? `What the cloud is asked: ${state.site.question}` : "";
  text($("question"), asked);
  text($("version"), [state.site.bundle, state.site.version && `Penumbra ${state.site.version}`].filter(Boolean).join(" · "));
  showRows(state.cameras);
  showJump(state.cameras);
  showParts($("parts-house"), state.parts.filter((part) => part.side === "house"));
  showParts($("parts-cloud"), state.parts.filter((part) => part.side === "cloud"));
  announce(state.cameras);
}

function showRows(cameras) {
  const names = new Set(cameras.map((view) => view.camera));
  for (const [name, row] of rows) {
    if (!names.has(name)) {
      row.element.remove();
      rows.delete(name);
    }
  }
  for (const view of cameras) {
    if (!rows.has(view.camera)) {
      const row = new Row(view.camera, $("row"));
      rows.set(view.camera, row);
      $("cameras").append(row.element);
    }
    rows.get(view.camera).show(view);
  }
}

function showJump(cameras) {
  const list = $("jump").querySelector("ul");
  $("jump").hidden = cameras.length < 2;
  const wanted = cameras.map((view) => view.camera).join("\n");
  if (list.dataset.cameras !== wanted) {
    list.dataset.cameras = wanted;
    list.replaceChildren(
      ...cameras.map((view) => {
        const link = document.createElement("a");
        link.href = `#camera-${view.camera}`;
        link.textContent = view.camera;
        const item = document.createElement("li");
        item.append(link);
        return item;
      }),
    );
  }
  cameras.forEach((view, index) => list.children[index].classList.toggle("wrong", words.wrong(view)));
}

function showParts(list, parts) {
  const words_of = { ok: "works", starting: "starts", degraded: "works in part", failed: "failed", gone: "gone" };
  while (list.children.length > parts.length) list.lastElementChild.remove();
  parts.forEach((part, index) => {
    const item = list.children[index] ?? list.appendChild(document.createElement("li"));
    text(item, `${part.name}: ${words_of[part.state]}${part.detail ? ` (${part.detail})` : ""}`);
    item.dataset.state = part.state;
  });
}

/** Say aloud only what changes a person's mind: a camera that went wrong, or is well again. */
function announce(cameras) {
  const now = new Map(cameras.map((view) => [view.camera, words.wrong(view) ? words.state(view) : ""]));
  const wrong = cameras.filter((view) => words.wrong(view));
  for (const [camera, is] of now) {
    const was = known.get(camera);
    if (was !== undefined && Boolean(was) !== Boolean(is)) say(is ? `${camera}: ${is}` : `${camera} works again.`);
  }
  known = now;
  document.title = wrong.length ? `⚠ ${wrong.map((view) => view.camera).join(", ")} · Penumbra` : "Penumbra";
}

$("pause").addEventListener("click", () => {
  paused = !paused;
  $("pause").setAttribute("aria-pressed", String(paused));
  document.body.classList.toggle("paused", paused);
});

document.addEventListener("visibilitychange", look);
setInterval(watch, 500);
look();
