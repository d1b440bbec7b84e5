// What the page says, as pure functions of what the edge tells it.

const UNITS = ["B", "kB", "MB", "GB", "TB"];

/** Bytes with a decimal unit: 92 → "92 B", 1400 → "1.4 kB". */
export function bytes(count) {
  let unit = 0;
  while (count >= 999.5 && unit < UNITS.length - 1) {
    count /= 1000;
    unit += 1;
  }
  const digits = unit && count < 9.95 ? count.toFixed(1) : count.toFixed(0);
  return `${digits}\u00a0${UNITS[unit]}`;
}

/** How many times `part` fits into `whole`: "×790"; empty where either is nothing. */
export function ratio(whole, part) {
  if (!(part > 0) || !(whole > 0)) return "";
  const times = whole / part;
  return times >= 9.95 ? `×${Math.round(times).toLocaleString("en")}` : `×${times.toFixed(1)}`;
}

/** A length of time: "21 ms", "2.4 s". */
export function duration(seconds) {
  return seconds < 0.9995 ? `${Math.round(seconds * 1000)}\u00a0ms` : `${seconds.toFixed(1)}\u00a0s`;
}

/** A privacy loss in few digits: 8 → "8", 3276800 → "3,276,800". */
export function epsilon(value) {
  if (value >= 1000) return Math.round(value).toLocaleString("en");
  return String(Number(value.toPrecision(4)));
}

/** One number as it left: whole ones whole, others with few digits, a true minus sign. */
export function number(value) {
  return String(Number.isInteger(value) ? value : Number(value.toPrecision(2))).replace("-", "−");
}

/** "1 number", "3 numbers". */
export function count(amount, one, many = `${one}s`) {
  return `${amount.toLocaleString("en")}\u00a0${amount === 1 ? one : many}`;
}

/** The page's first sentence: what leaves the house now. */
export function headline(cameras) {
  const sent = cameras.reduce((sum, view) => sum + view.bytes_sent, 0);
  if (!cameras.length) return "No camera yet.";
  if (sent < 0.5) return "Nothing leaves this house now.";
  const pictures = cameras.some((view) => view.sends === "picture");
  const what = pictures ? "Pictures with the faces painted over." : "No picture.";
  return `${bytes(sent)} a second leave this house. ${what}`;
}

/** What the second picture shows of the first, in words. */
export function verdict(view) {
  if (!view.picture_version || view.held_back) return "";
  if (view.sends === "picture") return "The picture itself, with every face that was found painted over.";
  if (!view.mirror || view.ssim === null) return "";
  if (!view.regions.length) return "Nobody was found, so there is nobody to draw.";
  const over = view.ssim - (view.ssim_floor ?? 0);
  if (over <= 0.05) return faces(view) ? "It could be anybody’s face." : "It could be a picture of anything.";
  if (over <= 0.15) return "Nearly nothing of this picture.";
  if (over <= 0.3) return "Rough shapes of this picture.";
  if (over <= 0.6) return "Much of this picture.";
  return "Nearly the picture itself.";
}

/** Whether faces were looked for: nothing else is, but the whole picture. */
function faces(view) {
  return view.regions.some(part);
}

/** Whether a region is a part of the picture, and not the whole of it. */
export function part({ box: [, , width, height] }) {
  return width < 0.99 || height < 0.99;
}

/** The figures behind the verdict. */
export function figures(view) {
  if (view.ssim === null || !view.mirror || view.held_back || !view.regions.length) return "";
  const average = faces(view) ? "the average face" : "the average picture";
  const floor =
    view.ssim_floor === null ? "1.00 is the same picture" : `${average} reaches ${view.ssim_floor.toFixed(2)}`;
  return `Likeness (SSIM) ${view.ssim.toFixed(2)}; ${floor}.`;
}

/** What one frame came to when it crossed. */
export function size(view) {
  if (view.held_back || !view.regions.length || !(view.bytes_sent > 0)) return "";
  const each = view.frames_per_second > 0 ? view.bytes_sent / view.frames_per_second : 0;
  const numbers = view.regions.reduce((sum, region) => sum + region.count, 0);
  const what = view.sends === "picture" ? "One picture" : count(numbers, "number");
  return each ? `${what}, ${bytes(each)} in all` : what;
}

/** How a camera is, in few words. */
export function state(view) {
  if (view.state === "running" && view.held_back) return "everything is held back";
  const words = {
    starting: "starting",
    running: view.frames_per_second ? `${view.frames_per_second.toFixed(0)} pictures a second` : "running",
    stalled: "stalled",
    gone: "gone",
    ended: "ended",
  }[view.state];
  return view.why ? `${words}: ${view.why}` : words;
}

/** Whether a person should look after this camera. */
export function wrong(view) {
  return view.state === "stalled" || view.state === "gone" || view.held_back !== "";
}

/** What the ledger says: { title, value, more, share }; null where no noise promises anything. */
export function privacy(view) {
  const again = view.epsilon_joint === 0 ? " (repeated)" : "";
  const joint = view.epsilon_joint === null ? "" : `epsilon_joint ${epsilon(view.epsilon_joint)} a frame${again}`;
  const each =
    view.epsilon_per_coordinate === null ? "" : `epsilon_per_coordinate ${epsilon(view.epsilon_per_coordinate)}`;
  const more = [joint, each].filter(Boolean).join(" · ");
  if (view.spent !== null) {
    const windows = { minute: "this minute", hour: "this hour", day: "today" };
    const of = view.budget === null ? "" : ` of ${epsilon(view.budget)}`;
    return {
      title: `ε spent ${windows[view.window] ?? ""}`.trim(),
      value: `${epsilon(view.spent)}${of}`,
      more,
      share: view.budget ? Math.min(1, view.spent / view.budget) : null,
    };
  }
  if (!more) return null;
  const known = view.epsilon_joint ?? view.epsilon_per_coordinate;
  return { title: "ε", value: epsilon(known), more, share: null };
}
