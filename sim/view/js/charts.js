// Load, supply, price and the timeline of the run.

const HOURS = [0, 4, 8, 12, 16, 20, 24];
const STACK = ["other", "import", "wind", "solar", "gas", "coal"];
const FUEL_WORDS = { other: "nuclear, hydro, storage", import: "imports", wind: "wind", solar: "sun", gas: "gas", coal: "coal" };

class Chart {
  constructor(app, label) {
    this.app = app;
    this.canvas = new Canvas(label, (pen, width, height) => this.draw(pen, width, height));
    this.node = this.canvas.node;
    this.unit = el("span", { class: "unit" }); // stands in the title, written with the axis
  }
  // The frame of a chart over one day. The axis chooses its unit and says so; its texts have the room they need.
  frame(pen, width, height, low, high, unit = powerUnit(low, high)) {
    const palette = this.app.palette, top = 8, bottom = height - 18;
    const marks = ticks(low, high, (bottom - top) / 32, unit.mw);
    pen.font = "10.5px system-ui, sans-serif";
    const widest = Math.max(...marks.map(({ text }) => pen.measureText(text).width), 0);
    const box = { left: Math.max(34, Math.ceil(widest) + 9), right: width - 8, top, bottom };
    this.unit.textContent = `, ${unit.name}`;
    this.x = (hour) => box.left + ((box.right - box.left) * hour) / 24;
    this.y = (value) => box.bottom - ((box.bottom - box.top) * (value - low)) / (high - low || 1);
    pen.fillStyle = palette.night;
    pen.fillRect(this.x(0), box.top, this.x(sun.dawn) - this.x(0), box.bottom - box.top);
    pen.fillRect(this.x(sun.dusk), box.top, this.x(24) - this.x(sun.dusk), box.bottom - box.top);
    pen.fillStyle = palette.soft;
    pen.strokeStyle = palette.line;
    pen.lineWidth = 1;
    pen.textAlign = "right";
    pen.textBaseline = "middle";
    for (const { value, text } of marks) {
      pen.beginPath();
      pen.moveTo(box.left, this.y(value));
      pen.lineTo(box.right, this.y(value));
      pen.stroke();
      pen.fillText(text, box.left - 5, this.y(value));
    }
    pen.textBaseline = "alphabetic";
    for (const hour of HOURS) {
      pen.textAlign = hour === 24 ? "right" : hour ? "center" : "left";
      pen.fillText(String(hour).padStart(2, "0"), this.x(hour), height - 5);
    }
    return box;
  }
  line(pen, values, colour, given = {}) {
    pen.save();
    pen.strokeStyle = colour;
    pen.lineWidth = given.width || 1.8;
    pen.setLineDash(given.dash || []);
    pen.lineJoin = "round";
    pen.beginPath();
    let down = false;
    for (const [hour, value] of values) {
      if (value === null) continue;
      down ? pen.lineTo(this.x(hour), this.y(value)) : pen.moveTo(this.x(hour), this.y(value));
      down = true;
    }
    pen.stroke();
    pen.restore();
  }
  between(pen, lower, upper, colour) {
    if (lower.length < 2) return;
    pen.fillStyle = colour;
    pen.beginPath();
    for (const [k, [hour, value]] of upper.entries()) k ? pen.lineTo(this.x(hour), this.y(value)) : pen.moveTo(this.x(hour), this.y(value));
    for (const [hour, value] of [...lower].reverse()) pen.lineTo(this.x(hour), this.y(value));
    pen.closePath();
    pen.fill();
  }
}

class LoadChart extends Chart {
  constructor(app) {
    super(app, "Net load of the city");
  }
  draw(pen, width, height) {
    const { app } = this, palette = app.palette, day = app.today();
    if (!day) return;
    const before = day.points("reference_net_load_mw"), after = day.points("net_load_mw");
    const expected = day.expected(), calm = app.history.undisturbed_net_load_mw ? day.points("undisturbed_net_load_mw") : [];
    const all = [...before, ...after, ...expected, ...calm].map(([, value]) => value);
    const low = Math.min(...all), high = Math.max(...all), room = 0.12 * (high - low || 1);
    const box = this.frame(pen, width, height, low - room, high + room);
    this.line(pen, expected, palette.line, { width: 1.5 });
    const lower = before.map(([hour, value], k) => [hour, Math.min(value, after[k][1])]);
    this.between(pen, lower, before, rgba(palette.giving, 0.4)); // below what it would be
    this.between(pen, before, after.map(([hour, value], k) => [hour, Math.max(value, before[k][1])]), rgba(palette.charging, 0.4));
    this.line(pen, before, palette.soft, { dash: [4, 4], width: 1.5 });
    this.line(pen, calm, palette.ink, { dash: [2, 3], width: 1.6 });
    this.line(pen, day.forecast(), palette.charging, { dash: [1, 3], width: 1.6 });
    this.line(pen, after, palette.giving, { width: 2.2 });
    if (after.length) {
      const [hour, value] = after.at(-1);
      pen.fillStyle = palette.giving;
      pen.beginPath();
      pen.arc(this.x(hour), this.y(value), 3.5, 0, 7);
      pen.fill();
    }
    const peak = day.best();
    if (peak) {
      pen.font = "600 11px system-ui, sans-serif";
      pen.fillStyle = palette.ink;
      pen.textAlign = this.x(peak.hour) > width * 0.7 ? "right" : this.x(peak.hour) < width * 0.3 ? "left" : "center";
      pen.fillText(`${power(peak.shaved)} less at ${clock(peak.from)}`, this.x(peak.hour), Math.max(box.top + 9, this.y(peak.before) - 7));
    }
    this.canvas.tell(`Net load today${this.unit.textContent}, with cars controlled and without; ${peak ? `${power(peak.shaved)} less at ${clock(peak.from)}` : "no cut yet"}.`);
  }
}

const rgba = (hex, alpha) => `rgba(${rgb(hex).join(",")},${alpha})`;

class StackChart extends Chart {
  constructor(app) {
    super(app, "Where power comes from");
  }
  draw(pen, width, height) {
    const { app } = this, palette = app.palette, day = app.today();
    if (!day) return;
    const hours = day.points("coal_mw").map(([hour]) => hour);
    const column = (name) => day.points(`${name}_mw`).map(([, value]) => value);
    const layers = STACK.map((name) => [name, column(name)]);
    const before = column("reference_coal").map((value, k) => value - layers.at(-1)[1][k]);
    const top = Math.max(day.highest, ...hours.map((_, k) => layers.reduce((sum, [, values]) => sum + Math.max(0, values[k]), Math.max(0, before[k]))));
    this.frame(pen, width, height, 0, top * 1.04);
    const floor = hours.map(() => 0);
    for (const [name, values] of layers) {
      const lower = hours.map((hour, k) => [hour, floor[k]]);
      for (const k of hours.keys()) floor[k] += Math.max(0, values[k]);
      this.between(pen, lower, hours.map((hour, k) => [hour, floor[k]]), palette.fuels[name]);
      this.line(pen, hours.map((hour, k) => [hour, floor[k]]), palette.panel, { width: 0.8 });
    }
    // coal that the reference burns on top is hatched: displaced at that moment
    const upper = hours.map((hour, k) => [hour, floor[k] + Math.max(0, before[k])]);
    pen.save();
    this.between(pen, hours.map((hour, k) => [hour, floor[k]]), upper, hatch(pen, palette.giving));
    pen.restore();
  }
}

function hatch(pen, colour) {
  const tile = el("canvas");
  tile.width = tile.height = 6;
  const brush = tile.getContext("2d");
  brush.strokeStyle = colour;
  brush.lineWidth = 1.6;
  brush.beginPath();
  brush.moveTo(0, 6);
  brush.lineTo(6, 0);
  brush.stroke();
  return pen.createPattern(tile, "repeat");
}

class PriceChart extends Chart {
  constructor(app) {
    super(app, "Marginal cost of supply");
  }
  draw(pen, width, height) {
    const { app } = this, day = app.today();
    if (!day) return;
    const points = day.points("price_yuan_per_mwh").map(([hour, value]) => [hour, value / 1000]);
    const high = Math.max(0.6, ...points.map(([, value]) => value));
    this.frame(pen, width, height, 0, high * 1.1, { name: "yuan/kWh", mw: 1 });
    this.line(pen, points, app.palette.ink, { width: 1.6 });
  }
}

class CarsChart extends Chart {
  constructor(app) {
    super(app, "Power of the cars");
  }
  draw(pen, width, height) {
    const { app } = this, palette = app.palette, day = app.today();
    if (!day) return;
    const drawn = day.points("ev_charge_mw"), fed = day.points("ev_discharge_mw").map(([hour, value]) => [hour, -value]);
    const before = day.points("reference_ev_mw");
    const high = Math.max(1, ...drawn.map(([, v]) => v), ...before.map(([, v]) => v)), low = Math.min(0, ...fed.map(([, v]) => v));
    this.frame(pen, width, height, low * 1.1, high * 1.1, powerUnit(low, high));
    const zero = drawn.map(([hour]) => [hour, 0]);
    this.between(pen, zero, drawn, rgba(palette.charging, 0.55));
    this.between(pen, zero, fed, rgba(palette.giving, 0.7));
    this.line(pen, before, palette.soft, { dash: [4, 4], width: 1.5 });
    this.line(pen, zero, palette.soft, { width: 1 });
  }
}

// The whole run on one line; a click goes there.
class Timeline {
  constructor(app) {
    this.app = app;
    this.canvas = new Canvas("Timeline of the run", (pen, width, height) => this.draw(pen, width, height));
    this.node = this.canvas.node;
    this.node.classList.add("timeline");
    this.node.dataset.testid = "timeline";
    this.node.addEventListener("click", (event) => {
      const box = this.node.getBoundingClientRect(), { known } = app;
      if (!known) return;
      const share = clamp((event.clientX - box.left) / box.width, 0, 0.9999);
      app.say({ kind: "jump", step: known.warmup_steps + Math.floor(share * (known.steps - known.warmup_steps)) });
    });
  }
  draw(pen, width, height) {
    const { app } = this, { known, history } = app, palette = app.palette;
    if (!known) return;
    const count = known.steps - known.warmup_steps, x = (k) => (width * k) / count;
    const perDay = known.steps_per_day;
    for (let day = 0; day * perDay < count; day++) {
      pen.fillStyle = palette.night;
      for (const [a, b] of [[0, sun.dawn], [sun.dusk, 24]]) pen.fillRect(x(day * perDay + (a / 24) * perDay), 0, x(((b - a) / 24) * perDay), height);
    }
    const values = known.expected_mw, low = Math.min(...values), high = Math.max(...values);
    const y = (value) => height - 4 - ((height - 8) * (value - low)) / (high - low || 1);
    const trace = (series, colour, wide) => {
      pen.strokeStyle = colour;
      pen.lineWidth = wide;
      pen.beginPath();
      for (const [k, value] of series.entries()) k ? pen.lineTo(x(k + 0.5), y(value)) : pen.moveTo(x(k + 0.5), y(value));
      pen.stroke();
    };
    trace(values, palette.line, 1.5);
    if (history && history.net_load_mw.length) trace(history.net_load_mw, palette.giving, 1.5);
    const at = app.shown - known.warmup_steps;
    if (at >= 0) {
      pen.fillStyle = palette.ink;
      pen.fillRect(x(at + 0.5) - 1, 0, 2, height);
    }
  }
}
