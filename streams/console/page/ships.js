// All vessels as a layer of MapLibre: one point each, turned and coloured by the graphics card from a table of numbers.

const SHIP_PX = 13, STOPPED_KN = 0.5;
const SHIP_COLOURS = { other: [0.62, 0.7, 0.76], cargo: [0.5, 0.76, 0.55], tanker: [0.83, 0.63, 0.42], passenger: [0.5, 0.7, 0.95], fishing: [0.85, 0.8, 0.5] };
const FLOATS = 8; // x, y, course in radians, size, red, green, blue, opacity

const SHIP_VERTEX = `#version 300 es
in vec2 a_place;
in vec2 a_turn;
in vec4 a_colour;
uniform mat4 u_matrix;
uniform float u_world;
uniform float u_ratio;
out vec4 v_colour;
out vec2 v_turn;
out float v_stopped;
void main() {
  gl_Position = u_matrix * vec4(a_place.x + u_world, a_place.y, 0.0, 1.0);
  gl_PointSize = a_turn.y * u_ratio;
  if (a_colour.a <= 0.0) gl_Position = vec4(2.0, 2.0, 2.0, 1.0);
  v_colour = a_colour;
  v_stopped = a_turn.x < -9.0 ? 1.0 : 0.0;
  v_turn = vec2(sin(a_turn.x), cos(a_turn.x));
}`;

const SHIP_FRAGMENT = `#version 300 es
precision mediump float;
in vec4 v_colour;
in vec2 v_turn;
in float v_stopped;
out vec4 colour;
void main() {
  vec2 at = gl_PointCoord - 0.5;
  vec2 p = vec2(at.x * v_turn.y + at.y * v_turn.x, at.y * v_turn.y - at.x * v_turn.x);
  if (v_stopped > 0.5) { if (length(at) > 0.26) discard; }
  else if (p.y < -0.48 || p.y > 0.42 || abs(p.x) > 0.3 * (p.y + 0.48) / 0.9) discard;
  colour = vec4(v_colour.rgb * v_colour.a, v_colour.a);
}`;

class ShipLayer {
  constructor() {
    Object.assign(this, { id: "ships", type: "custom", renderingMode: "2d", count: 0, values: new Float32Array(0), stale: true, hidden: false });
  }

  onAdd(map, gl) {
    const shader = (kind, text) => {
      const made = gl.createShader(kind);
      gl.shaderSource(made, text);
      gl.compileShader(made);
      return made;
    };
    const program = gl.createProgram();
    gl.attachShader(program, shader(gl.VERTEX_SHADER, SHIP_VERTEX));
    gl.attachShader(program, shader(gl.FRAGMENT_SHADER, SHIP_FRAGMENT));
    gl.linkProgram(program);
    Object.assign(this, { map, program, buffer: gl.createBuffer() });
    this.at = Object.fromEntries(["a_place", "a_turn", "a_colour"].map((name) => [name, gl.getAttribLocation(program, name)]));
    this.uniform = Object.fromEntries(["u_matrix", "u_world", "u_ratio"].map((name) => [name, gl.getUniformLocation(program, name)]));
    this.stale = true;
  }

  /** The numbers of `count` vessels, FLOATS each; they are uploaded with the next frame. */
  write(values, count) {
    Object.assign(this, { values, count, stale: true });
  }

  render(gl, said) {
    if (!this.count || this.hidden) return;
    gl.useProgram(this.program);
    gl.bindBuffer(gl.ARRAY_BUFFER, this.buffer);
    if (this.stale) gl.bufferData(gl.ARRAY_BUFFER, this.values.subarray(0, this.count * FLOATS), gl.DYNAMIC_DRAW);
    this.stale = false;
    [["a_place", 2, 0], ["a_turn", 2, 8], ["a_colour", 4, 16]].forEach(([name, size, offset]) => {
      gl.enableVertexAttribArray(this.at[name]);
      gl.vertexAttribPointer(this.at[name], size, gl.FLOAT, false, FLOATS * 4, offset);
    });
    gl.uniformMatrix4fv(this.uniform.u_matrix, false, said.defaultProjectionData.mainMatrix);
    gl.uniform1f(this.uniform.u_ratio, window.devicePixelRatio || 1);
    gl.disable(gl.DEPTH_TEST);
    gl.enable(gl.BLEND);
    gl.blendFunc(gl.ONE, gl.ONE_MINUS_SRC_ALPHA);
    const half = this.map.getCanvas().clientWidth / 2 / (MAP_UNITS * 2 ** this.map.getZoom());
    const middle = project(this.map.getCenter().lng, 0)[0];
    for (const world of WORLDS) {
      if (middle + half < world || middle - half > world + 1) continue;
      gl.uniform1f(this.uniform.u_world, world);
      gl.drawArrays(gl.POINTS, 0, this.count);
    }
  }
}

/** The colour of a vessel by the first digit of its AIS type. */
function shipColour(type) {
  if (type === 30) return SHIP_COLOURS.fishing;
  return SHIP_COLOURS[{ 6: "passenger", 7: "cargo", 8: "tanker" }[Math.floor(type / 10)]] || SHIP_COLOURS.other;
}
