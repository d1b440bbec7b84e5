// One camera's row: keeps its pictures and its numbers of one and the same frame.

import * as words from "./words.js";

const PICTURE_MILLISECONDS = 6000;
const LABELLED = 12; // more bars than these carry no figures
const MOST_REGIONS = 3; // more than these are counted, not drawn

function text(element, value) {
  if (element.textContent !== value) element.textContent = value;
}

function made(name, className = "", value = "") {
  const element = document.createElement(name);
  if (className) element.className = className;
  element.textContent = value;
  return element;
}

async function picture(camera, side, version) {
  const answer = await fetch(`/picture/${encodeURIComponent(camera)}/${side}/${version}`, {
    signal: AbortSignal.timeout(PICTURE_MILLISECONDS),
  });
  return answer.ok ? createImageBitmap(await answer.blob()) : null;
}

export class Row {
  #root;
  #loading = false;
  #waiting = null; // the newest view that came while pictures were loading
  #version = 0;

  constructor(camera, template) {
    this.camera = camera;
    this.#root = template.content.firstElementChild.cloneNode(true);
    this.#root.id = `camera-${camera}`;
    const title = this.#one("h2");
    title.id = `title-${camera}`;
    title.textContent = camera;
    this.#root.setAttribute("aria-labelledby", title.id);
    this.#one(".between").setAttribute("aria-label", `What leaves of ${camera}, and the answer`);
  }

  get element() {
    return this.#root;
  }

  show(view) {
    this.#condition(view);
    this.#facts(view);
    if (this.#loading) {
      this.#waiting = view;
    } else {
      this.#frame(view);
    }
  }

  #one(selector) {
    return this.#root.querySelector(selector);
  }

  #condition(view) {
    const wrong = words.wrong(view);
    this.#root.classList.toggle("wrong", wrong);
    this.#root.classList.toggle("old", view.state === "stalled" || view.state === "gone" || view.state === "ended");
    text(this.#one(".state"), words.state(view));
  }

  async #frame(view) {
    if (view.picture_version !== this.#version) {
      this.#loading = true;
      try {
        await this.#pictures(view);
      } catch {
        // The stream says what is wrong; the next state asks again.
      } finally {
        this.#loading = false;
      }
    }
    this.#between(view);
    this.#cloud(view);
    const next = this.#waiting;
    this.#waiting = null;
    if (next) this.#frame(next);
  }

  async #pictures(view) {
    const version = view.picture_version;
    const sides = view.mirror ? ["house", "cloud"] : ["house"];
    const found = await Promise.all(sides.map((side) => picture(this.camera, side, version)));
    sides.forEach((side, index) => this.#draw(side, found[index]));
    if (found[0]) this.#version = version;
  }

  #draw(side, bitmap) {
    if (!bitmap) return;
    const canvas = this.#one(`.${side} canvas`);
    if (canvas.width !== bitmap.width || canvas.height !== bitmap.height) {
      canvas.width = bitmap.width;
      canvas.height = bitmap.height;
      this.#one(".sides").style.setProperty("--shape", `${bitmap.width} / ${bitmap.height}`);
    }
    canvas.getContext("2d").drawImage(bitmap, 0, 0);
    bitmap.close();
    if (side === "house") this.#one(".house .note").hidden = true;
  }

  #between(view) {
    const numbers = this.#one(".numbers");
    const shown = view.held_back ? [] : view.regions.slice(0, MOST_REGIONS);
    const several = view.regions.length > 1;
    text(this.#one(".size"), words.size(view));
    if (view.held_back) {
      numbers.replaceChildren(made("p", "none", `Nothing: ${view.held_back}`));
    } else if (!shown.length) {
      numbers.replaceChildren(made("p", "none", view.picture_version ? "That nobody was found." : "Nothing yet."));
    } else if (view.sends === "picture") {
      numbers.replaceChildren(made("p", "none", "The picture on the right."));
    } else {
      numbers.replaceChildren(...shown.map((region, index) => this.#chart(region, several ? index + 1 : 0)));
    }
    this.#answers(view, shown, several);
    this.#boxes(view, several);
  }

  #chart(region, place) {
    const chart = made("div", "chart");
    const summary = `${words.count(region.count, "number")}: ${region.numbers.slice(0, LABELLED).map(words.number).join(", ")}`;
    chart.setAttribute("role", "img");
    chart.setAttribute("aria-label", region.count > LABELLED ? `${summary} …` : summary);
    if (place) chart.append(made("span", "place", String(place)));
    const bars = made("ol");
    const told = region.numbers.map(words.number);
    const dense = told.length > LABELLED;
    bars.classList.toggle("dense", dense);
    bars.classList.toggle("long", !dense && told.some((each) => each.length > 3));
    for (const [index, value] of region.numbers.entries()) {
      const bar = made("li", value < 0 ? "under" : "over");
      bar.style.setProperty("--size", String(Math.min(1, Math.abs(value) / (region.largest || 1))));
      bar.append(made("i"));
      if (!dense) bar.append(made("b", "", told[index]));
      bars.append(bar);
    }
    chart.append(bars);
    return chart;
  }

  #answers(view, shown, several) {
    const items = shown.map((region, index) => {
      const item = made("li");
      if (several) item.append(made("span", "place", String(index + 1)));
      item.append(made("strong", "", region.label || "…"));
      if (region.label) item.append(made("span", "soft", `${Math.round(region.confidence * 100)}\u00a0% sure`));
      return item;
    });
    const more = view.held_back ? 0 : view.regions.length - MOST_REGIONS;
    if (more > 0) items.push(made("li", "soft", `and ${more} more`));
    if (!items.length) items.push(made("li", "soft", "Nothing to answer."));
    this.#one(".answers").replaceChildren(...items);
    const told = view.regions.map((region) => region.label).filter(Boolean).join(", ");
    this.#one(".stays strong").hidden = !view.picture_version;
    this.#one(".house canvas").setAttribute(
      "aria-label",
      view.picture_version ? `The picture of ${this.camera}. Answered: ${told || "nobody found"}.` : "No picture yet",
    );
  }

  #boxes(view, several) {
    const boxes = view.regions
      .filter(words.part)
      .map(({ box }, index) => {
        const mark = made("li", "", several && index < MOST_REGIONS ? String(index + 1) : "");
        ["left", "top", "width", "height"].forEach((side, at) => (mark.style[side] = `${box[at] * 100}%`));
        return mark;
      });
    this.#one(".boxes").replaceChildren(...boxes);
  }

  #cloud(view) {
    const note = this.#one(".cloud .note");
    const why = !view.picture_version
      ? "Waiting for the first picture."
      : view.held_back
        ? "Nothing left the house, so there is nothing to make a picture of."
        : view.mirror
          ? ""
          : view.mirror_why || "There is no picture of what the cloud could make of it.";
    this.#one(".cloud").classList.toggle("blind", why !== "");
    note.hidden = why === "";
    text(note, why);
    const said = words.verdict(view);
    text(this.#one(".words"), said);
    text(this.#one(".figures"), words.figures(view));
    this.#one(".cloud canvas").setAttribute(
      "aria-label",
      why ? "No picture" : `What the cloud could make of ${this.camera}. ${said}`,
    );
  }

  #facts(view) {
    text(this.#one(".inside"), view.bytes_home ? `${words.bytes(view.bytes_home)}/s of pictures, inside the house only.` : "");
    const saved = words.ratio(view.bytes_as_jpeg, view.bytes_sent);
    text(this.#one(".saved .value"), saved || "–");
    text(
      this.#one(".saved .more"),
      `${words.bytes(view.bytes_sent)}/s leave, JPEG would be ${words.bytes(view.bytes_as_jpeg)}/s`,
    );
    this.#one(".saved").classList.toggle("dearer", view.bytes_sent > view.bytes_as_jpeg && view.bytes_as_jpeg > 0);
    text(this.#one(".age .value"), view.age_seconds === null ? "–" : words.duration(view.age_seconds));
    text(this.#one(".age .more"), "from the camera to the answer at home");
    this.#privacy(words.privacy(view));
  }

  #privacy(told) {
    const fact = this.#one(".epsilon");
    fact.hidden = told === null;
    if (told === null) return;
    text(fact.querySelector("dt"), told.title);
    text(fact.querySelector(".value"), told.value);
    text(fact.querySelector(".more"), told.more);
    fact.querySelector(".gauge").hidden = told.share === null;
    fact.querySelector(".gauge span").style.setProperty("--share", String(told.share ?? 0));
    fact.classList.toggle("spent", told.share !== null && told.share >= 0.95);
  }
}
