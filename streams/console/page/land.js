// Web Mercator on a unit square, and the coastlines as one path in it.

const TOP_DEG = 85;
const NM_PER_DEG = 60;

const project = (lon, lat) => {
  const sine = Math.sin((Math.max(-TOP_DEG, Math.min(TOP_DEG, lat)) * Math.PI) / 180);
  return [(lon + 180) / 360, 0.5 - Math.log((1 + sine) / (1 - sine)) / (4 * Math.PI)];
};

const unproject = (x, y) => [x * 360 - 180, (Math.atan(Math.sinh(Math.PI * (1 - 2 * y))) * 180) / Math.PI];

/** Rings of [lon, lat] from Google's encoded-polyline form. */
function ringOf(text, perDeg) {
  const ring = [];
  let at = 0, lat = 0, lon = 0;
  const next = () => {
    let bits = 0, shift = 0, group;
    do {
      group = text.charCodeAt(at++) - 63;
      bits |= (group & 31) << shift;
      shift += 5;
    } while (group >= 32);
    return bits & 1 ? ~(bits >> 1) : bits >> 1;
  };
  while (at < text.length) {
    lat += next();
    lon += next();
    ring.push([lon / perDeg, lat / perDeg]);
  }
  return ring;
}

function landPath() {
  const said = JSON.parse($("land").textContent);
  const path = new Path2D();
  for (const text of said.rings) {
    ringOf(text, said.per_deg).forEach(([lon, lat], i) => {
      const [x, y] = project(lon, lat);
      if (i) path.lineTo(x, y);
      else path.moveTo(x, y);
    });
    path.closePath();
  }
  return path;
}

/** The circle of all places `nm` away, as [lon, lat]; longitudes run on past 180 rather than jump. */
function circle(lat, lon, nm) {
  const radius = (nm / NM_PER_DEG / 180) * Math.PI, phi = (lat / 180) * Math.PI, ring = [];
  for (let step = 0; step <= 72; step++) {
    const course = (step / 36) * Math.PI;
    const sine = Math.sin(phi) * Math.cos(radius) + Math.cos(phi) * Math.sin(radius) * Math.cos(course);
    const east = Math.atan2(Math.sin(course) * Math.sin(radius) * Math.cos(phi), Math.cos(radius) - Math.sin(phi) * sine);
    ring.push([lon + (east / Math.PI) * 180, (Math.asin(sine) / Math.PI) * 180]);
  }
  return ring;
}
