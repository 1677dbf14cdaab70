// Words, times and elements. Whatever came in over the air ends in a text node: there is no other way in here.

const MARKS = { page: "▲", ticket: "◆", log: "○" };
const URGENCY = { page: 2, ticket: 1, log: 0 };
const STATUS = { opened: "opened", updated: "updated", closed: "closed", retracted: "retracted" };
const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
const $ = (id) => document.getElementById(id);

/** A text with its control characters and marks of direction made visible: what was received over the air orders nothing. */
function inert(text) {
  return text.replace(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u00ad\u061c\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff\ufff9-\ufffb]/g, (sign) => (sign < " " ? String.fromCharCode(0x2400 + sign.charCodeAt(0)) : "\ufffd"));
}

/** An element; strings among its children become text nodes, null is left out. */
function el(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name === "onclick") made.addEventListener("click", value);
    else if (value !== null && value !== undefined && value !== false) made.setAttribute(name, value === true ? "" : typeof value === "string" && name !== "href" ? inert(value) : value);
  }
  const kept = children.filter((child) => child !== null && child !== undefined && child !== "");
  made.append(...kept.map((child) => (typeof child === "string" ? inert(child) : child)));
  return made;
}

const two = (number) => String(number).padStart(2, "0");

/** `11 Feb 09:57Z`; the year where it is not that of the event clock. */
function when(text, now) {
  const time = new Date(text);
  if (!text || Number.isNaN(time.getTime())) return String(text || "unknown");
  const year = now && new Date(now).getUTCFullYear() === time.getUTCFullYear() ? "" : ` ${time.getUTCFullYear()}`;
  return `${time.getUTCDate()} ${MONTHS[time.getUTCMonth()]}${year} ${two(time.getUTCHours())}:${two(time.getUTCMinutes())}Z`;
}

/** As `when`, without the day where it is that of the event clock. */
function today(text, now) {
  return now && text.slice(0, 10) === now.slice(0, 10) ? `${text.slice(11, 16)}Z` : when(text, now);
}

/** `2024-02-11 09:57:03Z`. */
function fullTime(text) {
  return text ? `${text.slice(0, 10)} ${text.slice(11, 19)}Z` : "no time yet";
}

/** A duration in its two largest units: `13 d 4 h`, `40 min`. */
function spoken(ms) {
  const minutes = Math.max(0, Math.floor(ms / 60000));
  if (minutes < 1) return "under 1 min";
  if (minutes < 60) return `${minutes} min`;
  const hours = Math.floor(minutes / 60), days = Math.floor(hours / 24);
  if (hours < 24) return minutes % 60 && hours < 10 ? `${hours} h ${minutes % 60} min` : `${hours} h`;
  return hours % 24 && days < 10 ? `${days} d ${hours % 24} h` : `${days} d`;
}

/** As `spoken`, with seconds below an hour: for an age that runs. */
function aged(ms) {
  const seconds = Math.max(0, Math.floor(ms / 1000)), minutes = Math.floor(seconds / 60);
  if (minutes < 1) return `${seconds} s`;
  return minutes < 60 ? `${minutes} min ${seconds % 60} s` : spoken(ms);
}

const number = (value, digits = 6) => value.toLocaleString("en", { maximumFractionDigits: digits });

/** Degrees and decimal minutes, as charts and radios have them. */
function place(position) {
  const part = (degrees, width, letters) => {
    let minutes = Math.round(Math.abs(degrees) * 600) / 10;
    const whole = Math.floor(minutes / 60);
    minutes -= whole * 60;
    return `${String(whole).padStart(width, "0")}-${minutes.toFixed(1).padStart(4, "0")}${letters[degrees < 0 ? 1 : 0]}`;
  };
  return `${part(position.lat_deg, 2, "NS")} ${part(position.lon_deg, 3, "EW")}`;
}

/** Whether a case is about an area, not a vessel: its position is the centre. */
const isArea = (story) => story.case_id.startsWith("place/");

/** Whom a case is about, in a few words. */
function nameOf(story) {
  if (story.vessel && story.vessel.name) return inert(story.vessel.name);
  if (story.mmsi) return `MMSI ${story.mmsi}`;
  return story.case_id.replace(/^source\//, "feed ").replace(/^place\//, "area ");
}

function idsOf(story) {
  const vessel = story.vessel || {};
  return [vessel.imo ? `IMO ${vessel.imo}` : story.mmsi && vessel.name ? `MMSI ${story.mmsi}` : "", vessel.flag || ""].filter(Boolean).join(" · ");
}

/** An AIS ship type in words, by its first digit (ITU-R M.1371, table 53). */
function kindOf(type) {
  const single = { 30: "fishing", 31: "towing", 32: "towing", 35: "military", 36: "sailing", 37: "pleasure craft", 50: "pilot", 51: "search and rescue", 52: "tug", 53: "port tender", 55: "law enforcement" };
  const tens = { 4: "high-speed craft", 6: "passenger", 7: "cargo", 8: "tanker" };
  const words = single[type] || tens[Math.floor(type / 10)];
  return words ? `${words} (AIS type ${type})` : `AIS type ${type}`;
}

/** The event time that counts for a case: a recording has a clock of its own. */
function nowOf(story, clock) {
  return (story.replayed ? clock.recorded : clock.live) || clock.live || clock.recorded || null;
}

/** Milliseconds of event time since a moment. */
const sinceMs = (text, now) => (now ? Date.parse(now) - Date.parse(text) : 0);

const silence = (story) => (story.dark || []).find((dark) => !dark.until);

/** A headline says how long a ship had been silent when it was written; a row says how long it is by now, and since what day. */
function asOfNow(headline, story, now) {
  const dark = story.open && now ? silence(story) : null;
  const stamp = / since (\d{1,2} [A-Z][a-z]{2} (\d{4} )?)?\d{4}Z/; // `since 0412Z`, `since 4 Feb 0412Z`
  if (!dark || !stamp.test(headline)) return headline;
  const since = today(dark.since, now).replace(":", "");
  return headline.replace(/\bsilent \d+ ?[a-z]+/, `silent ${spoken(sinceMs(dark.since, now))}`).replace(stamp, ` since ${since}`);
}
