// What lies below the cases, drawn by MapLibre on the graphics card: land, tiles, station coverage, and all vessels.
// The view of view.js leads; this follows it. Without a graphics card there is none, and map.js draws the land itself:
// WebGL by the processor costs ten times as much as the canvas.

const MAP_UNITS = 512, WORLDS = [-1, 0, 1];
const POLICY = window.trustedTypes ? window.trustedTypes.createPolicy("wakewatch-map", { createScriptURL: workerUrl }) : { createScriptURL: workerUrl };

/** The one script that may be started as a worker. */
function workerUrl(url) {
  if (url !== $("library").dataset.worker) throw new TypeError("no other worker");
  return url;
}

class BaseMap {
  /** `ready` is called once when it can draw, `failed` if it cannot or no longer: why, and whether that is so by nature. */
  constructor(box, { ready, failed }) {
    Object.assign(this, { box, ready, failed, map: null });
    const library = $("library");
    if (window.maplibregl) queueMicrotask(() => this.begin()); // what it calls needs all of the map's parts
    else {
      library.addEventListener("load", () => this.begin());
      library.addEventListener("error", () => failed("the map library could not be loaded"));
    }
  }

  begin() {
    try {
      if (!graphicsForced() && !hasGraphicsCard()) throw new Error("drawn by the processor");
      maplibregl.setWorkerUrl(POLICY.createScriptURL($("library").dataset.worker));
      const map = new maplibregl.Map({ container: this.box, style: baseStyle($("library").dataset.tiles), interactive: false, attributionControl: false, fadeDuration: 0, minZoom: -2, maxPitch: 0, validateStyle: false, canvasContextAttributes: { antialias: false, powerPreference: "low-power" } });
      map.on("load", () => { this.map = map; this.ready(); });
      map.on("error", () => {}); // a tile that does not come leaves a hole; there is nothing to be done about it here
      map.getCanvas().addEventListener("webglcontextlost", () => { this.map = null; this.failed("the graphics card was lost"); });
      this.made = map;
    } catch (error) {
      this.box.replaceChildren();
      this.failed("this browser has no graphics card for WebGL", true);
    }
  }

  /** Draws what the view shows, at once: the cases above it are drawn in the same moment. */
  follow(view) {
    if (!this.map) return;
    const [lng, lat] = unproject(view.x, view.y);
    this.map.jumpTo({ center: { lng, lat }, zoom: Math.log2(view.scale / MAP_UNITS) });
    this.map.redraw();
  }

  resize() {
    if (this.map) this.map.resize();
  }

  /** Replaces what a source of the style shows, GeoJSON. */
  set(name, features) {
    if (this.map) this.map.getSource(name).setData({ type: "FeatureCollection", features });
  }

  show(layer, on) {
    if (this.map) this.map.setLayoutProperty(layer, "visibility", on ? "visible" : "none");
  }
}

/** Whether WebGL is there and not made by the processor. */
function hasGraphicsCard() {
  const gl = document.createElement("canvas").getContext("webgl2");
  if (!gl) return false;
  const info = gl.getExtension("WEBGL_debug_renderer_info");
  const name = String(gl.getParameter(info ? info.UNMASKED_RENDERER_WEBGL : gl.RENDERER));
  gl.getExtension("WEBGL_lose_context")?.loseContext();
  return !/swiftshader|llvmpipe|softpipe|software|basic render/i.test(name);
}

function baseStyle(tiles) {
  const nothing = { type: "geojson", data: { type: "FeatureCollection", features: [] } };
  const land = { type: "geojson", data: { type: "FeatureCollection", features: landFeatures() }, tolerance: 0.2 };
  const raster = tiles ? { tiles: { type: "raster", tiles: [tiles], tileSize: 256 } } : {};
  return {
    version: 8,
    sources: { land, coverage: nothing, stops: nothing, ...raster },
    layers: [
      { id: "sea", type: "background", paint: { "background-color": SEA } },
      { id: "land", type: "fill", source: "land", paint: { "fill-color": LAND, "fill-antialias": false } },
      ...(tiles ? [{ id: "tiles", type: "raster", source: "tiles", paint: { "raster-opacity": 0.6, "raster-fade-duration": 0 } }] : []),
      { id: "coverage", type: "fill", source: "coverage", layout: { visibility: "none" }, paint: { "fill-color": COVERAGE, "fill-opacity": ["+", 0.08, ["*", 0.012, ["get", "hours"]]], "fill-antialias": false } },
      { id: "stops", type: "line", source: "stops", layout: { visibility: "none" }, paint: { "line-color": STOP_COLOUR, "line-width": 2 } },
      { id: "shore", type: "line", source: "land", paint: { "line-color": SHORE, "line-width": 0.8 } },
    ],
  };
}

/** The coastlines as polygons: a ring inside an odd number of others is a hole of the smallest of them. */
function landFeatures() {
  const said = JSON.parse($("land").textContent);
  const rings = said.rings.map((text) => ringOf(text, said.per_deg)).map((ring) => ({ ring, box: boxOf(ring), holes: [] }));
  const around = (one) => rings.filter((other) => other !== one && contains(other.box, one.box) && isInside(one.ring[0], other.ring));
  const outer = [];
  for (const one of rings) {
    const holders = around(one);
    if (holders.length % 2 === 0) outer.push(one);
    else holders.sort((a, b) => boxArea(a.box) - boxArea(b.box))[0].holes.push(one.ring);
  }
  return outer.map(({ ring, holes }) => ({ type: "Feature", properties: {}, geometry: { type: "Polygon", coordinates: [ring, ...holes] } }));
}

function boxOf(ring) {
  const box = [Infinity, Infinity, -Infinity, -Infinity];
  for (const [lon, lat] of ring) {
    box[0] = Math.min(box[0], lon);
    box[1] = Math.min(box[1], lat);
    box[2] = Math.max(box[2], lon);
    box[3] = Math.max(box[3], lat);
  }
  return box;
}

const boxArea = (box) => (box[2] - box[0]) * (box[3] - box[1]);
const contains = (outer, inner) => outer[0] <= inner[0] && outer[1] <= inner[1] && outer[2] >= inner[2] && outer[3] >= inner[3];

function isInside([lon, lat], ring) {
  let inside = false;
  for (let i = 1; i < ring.length; i++) {
    const [x1, y1] = ring[i - 1], [x2, y2] = ring[i];
    if (y1 > lat !== y2 > lat && lon < ((x2 - x1) * (lat - y1)) / (y2 - y1) + x1) inside = !inside;
  }
  return inside;
}
