// The city: hexagons by power, cars as points, names, the river and the sea. Hover for numbers.

const CELL_FIELDS = 4; // kW drawn, kW fed in, cars plugged in, cars on their way there
const PER_KM = 100;
const CROWDED_CELLS = 40; // districts with fewer hexagons are named beside the map
const NARROW = 420; // a map with no room beside its land [px]
const DOT_COLOURS = ["parked", "plugged", "charging", "giving", "driving"];

const SHADES = 8, opacity = (offset, shade) => (offset ? 0.1 + (0.9 * (shade + 1)) / SHADES : (0.78 * (shade + 1)) / SHADES);

const CORNERS = [...Array(6).keys()].map((k) => [Math.sin((k * Math.PI) / 3), Math.cos((k * Math.PI) / 3)]);

// How light it is, from 0 at night to 1 by day, with an hour of dawn and of dusk.
const daylight = (hour) => clamp(Math.min(hour - sun.dawn, sun.dusk - hour) + 0.5, 0, 1);

class CityMap {
  constructor(app, title) {
    this.app = app;
    this.title = title;
    this.canvas = new Canvas("Map of the city", (pen, width, height) => this.draw(pen, width, height));
    this.tip = el("div", { class: "tip", hidden: "" });
    this.clockface = el("div", { class: "clockface" });
    this.counts = el("div", { class: "legend" });
    this.node = el("div", { class: "map" }, this.canvas.node, this.clockface, this.counts, this.tip);
    this.canvas.node.addEventListener("pointermove", (event) => this.hover(event));
    this.canvas.node.addEventListener("pointerleave", () => (this.tip.hidden = true));
    this.cells = this.looks = this.from = this.to = null;
    this.light = 0;
  }

  // A map, and the power of a hexagon in full colour [kW]: the same for all maps side by side, and for good.
  open(map, full) {
    this.map = map;
    this.full = full;
    map.sizes = map.names.map((_, k) => map.district.filter((each) => each === k).length);
    this.frame = this.cells = this.looks = this.from = this.to = null;
    this.clockface.replaceChildren();
    this.counts.replaceChildren();
    this.forget();
    this.canvas.resized = true;
    this.canvas.paint();
  }

  get visible() {
    return this.canvas.node.offsetParent !== null;
  }

  // A frame: what is drawn from now on. Cars glide from where they were.
  take(frame, cells, looks, places, moves) {
    this.frame = frame;
    this.cells = cells;
    this.looks = looks;
    this.from = moves && this.to && this.to.length === places.length ? this.to : places;
    this.to = places;
    this.began = performance.now();
    this.spare = this.power || this.spare;
    this.power = null;
  }

  paint(texts) {
    if (texts) this.write();
    this.canvas.paint();
  }

  write() {
    const { frame } = this, system = frame.system, weather = `${number(frame.temperature_c)} °C`;
    const day = frame.hour > sun.dawn && frame.hour < sun.dusk ? "☀" : "☾";
    this.clockface.replaceChildren(
      el("b", {}, clock(frame.hour)),
      el("span", {}, `${frame.time.slice(0, 10)} ${day} ${weather}`),
      el("span", {}, this.title ? this.title() : ""),
    );
    if (!system) {
      this.counts.replaceChildren(el("span", {}, `settling in: ${number(100 * frame.warmed)}%, not counted`));
      return;
    }
    const rows = [
      ["parked", "parked", system.cars_idle],
      ["plugged", "plugged in, at rest", system.cars_plugged - system.cars_charging - system.cars_discharging],
      ["charging", "charging", system.cars_charging],
      ["giving", "giving back", system.cars_discharging],
      ["driving", "driving", system.cars_driving],
    ];
    this.counts.replaceChildren(
      ...rows.map(([look, words, count]) =>
        el("div", {}, el("i", { class: `dot ${look}` }), el("span", {}, words), el("b", {}, cars(Math.max(0, count)))),
      ),
    );
    this.canvas.tell(
      `Map of the city at ${frame.time}: ${cars(system.cars_charging)} cars charging with ${power(system.ev_charge_mw)}, ` +
        `${cars(system.cars_discharging)} giving back ${power(system.ev_discharge_mw)}, ${cars(system.cars_driving)} driving.`,
    );
  }

  place(width, height) {
    const { x, y, pitch } = this.map;
    const low = [Math.min(...x) - pitch, Math.min(...y) - pitch], high = [Math.max(...x) + pitch, Math.max(...y) + pitch];
    const free = { left: 6, right: 6, top: 6, bottom: 6 };
    this.zoom = Math.min((width - free.left - free.right) / (high[0] - low[0]), (height - free.top - free.bottom) / (high[1] - low[1]));
    this.left = (width - this.zoom * (high[0] - low[0])) / 2 - this.zoom * low[0];
    this.top = (height + this.zoom * (high[1] - low[1])) / 2 + this.zoom * low[1];
  }

  // Three layers that change ever less often: the cars, power, and land with its names.
  draw(pen, width, height) {
    if (!this.map) return;
    if (this.canvas.resized || this.zoom === undefined) {
      this.place(width, height);
      this.forget();
    }
    const light = this.frame ? Math.round(10 * daylight(this.frame.hour)) : 0;
    if (light !== this.light) {
      this.light = light;
      this.base = null;
    }
    this.base = this.base || this.layer(width, height, (brush) => this.drawLand(brush, width, height));
    this.names = this.names || this.layer(width, height, (brush) => {
      this.drawNames(brush, width, height);
      this.drawScale(brush, width, height);
    });
    if (this.cells && !this.power) this.power = this.layer(width, height, (brush) => this.drawPower(brush), this.spare);
    pen.drawImage(this.base, 0, 0, width, height);
    if (this.power) pen.drawImage(this.power, 0, 0, width, height);
    if (this.looks) this.drawDots(pen, width, height);
    pen.drawImage(this.names, 0, 0, width, height);
    this.drawOwner(pen);
  }

  forget() {
    this.base = this.names = this.power = this.spare = null;
  }

  // A canvas of the size of the map, drawn once; an old one may be used again.
  layer(width, height, draw, old) {
    const { ratio } = this.canvas, sheet = old || el("canvas");
    if (!old) {
      sheet.width = Math.round(width * ratio);
      sheet.height = Math.round(height * ratio);
    }
    const pen = sheet.getContext("2d");
    pen.setTransform(ratio, 0, 0, ratio, 0, 0);
    if (old) pen.clearRect(0, 0, width, height);
    draw(pen);
    return sheet;
  }

  get at() {
    const { x, y } = this.map;
    return x.map((each, k) => [this.left + this.zoom * each, this.top - this.zoom * y[k]]);
  }

  get radius() {
    return (this.zoom * this.map.pitch) / Math.sqrt(3);
  }

  // A part of a path to be filled, which closes it: closePath costs the more the longer the path is already.
  hexagon(pen, [x, y], size) {
    for (const [k, [dx, dy]] of CORNERS.entries()) k ? pen.lineTo(x + size * dx, y + size * dy) : pen.moveTo(x + size * dx, y + size * dy);
  }

  drawLand(pen, width, height) {
    const palette = this.app.palette, { map, at, radius } = this;
    pen.fillStyle = palette.daylight;
    pen.globalAlpha = this.light / 10;
    pen.fillRect(0, 0, width, height);
    pen.globalAlpha = 1;
    pen.fillStyle = this.light > 5 ? palette.landDay : palette.land;
    pen.beginPath();
    for (const place of at) this.hexagon(pen, place, radius * 0.97);
    pen.fill();
    this.drawBorders(pen, at, radius);
    if (map.river.length) {
      pen.strokeStyle = palette.river;
      pen.lineWidth = 2.4;
      pen.lineJoin = pen.lineCap = "round";
      pen.beginPath();
      for (const [k, [x, y]] of map.river.entries()) {
        const place = [this.left + this.zoom * x, this.top - this.zoom * y];
        k ? pen.lineTo(...place) : pen.moveTo(...place);
      }
      pen.stroke();
    }
    pen.fillStyle = palette.soft;
    pen.globalAlpha = 0.75;
    pen.font = "italic 11px system-ui, sans-serif";
    pen.textAlign = "center";
    for (const [name, zh, x, y] of map.waters) pen.fillText(`${name} ${zh}`, this.left + this.zoom * x, this.top - this.zoom * y);
    pen.globalAlpha = 1;
  }

  // Power drawn and given back in every hexagon, by a few shades.
  drawPower(pen) {
    const palette = this.app.palette, { at, radius } = this;
    for (const [offset, colour, size] of [[0, palette.charging, 0.97], [1, palette.giving, 0.66]]) {
      const shelves = Array.from({ length: SHADES }, () => []);
      for (let k = 0; k < at.length; k++) {
        const share = Math.sqrt(clamp(this.cells[k * CELL_FIELDS + offset] / this.full, 0, 1));
        if (share > 0.04) shelves[Math.min(SHADES - 1, Math.floor(share * SHADES))].push(at[k]);
      }
      pen.fillStyle = colour;
      for (const [shade, shelf] of shelves.entries()) {
        pen.globalAlpha = opacity(offset, shade);
        pen.beginPath();
        for (const place of shelf) this.hexagon(pen, place, radius * size);
        pen.fill();
      }
    }
    pen.globalAlpha = 1;
  }

  // Which colour is which power; shades go with the square root of it.
  drawScale(pen, width, height) {
    const palette = this.app.palette, size = 11, left = 14, top = width < NARROW ? 76 : height - 46, unit = powerUnit(this.full / 1000);
    for (const [offset, colour, words] of [[0, palette.charging, "drawn"], [1, palette.giving, "given back"]]) {
      const y = top + offset * (size + 1);
      for (let shade = 0; shade < SHADES; shade++) {
        pen.fillStyle = palette.land;
        pen.fillRect(left + shade * size, y, size, size);
        pen.globalAlpha = opacity(offset, shade);
        pen.fillStyle = colour;
        pen.fillRect(left + shade * size, y, size, size);
        pen.globalAlpha = 1;
      }
      pen.fillStyle = palette.soft;
      pen.font = "10.5px system-ui, sans-serif";
      pen.textAlign = "left";
      pen.fillText(words, left + SHADES * size + 6, y + 9);
    }
    pen.fillText("power in a hexagon", left, top - 6);
    for (const share of [0, 0.5, 1]) {
      const mw = (this.full / 1000) * share ** 2 / unit.mw, digits = [0, 1, 2].find((each) => Math.abs(mw - mw.toFixed(each)) < 1e-9);
      pen.textAlign = share === 0 ? "left" : "center";
      pen.fillText(`${number(mw, digits === undefined ? 3 : digits)}${share === 1 ? ` ${unit.name} or more` : ""}`, left + share * SHADES * size + (share === 1 ? 26 : 0), top + 2 * size + 14);
    }
  }

  // Edges between hexagons of different districts.
  drawBorders(pen, at, radius) {
    const map = this.map, palette = this.app.palette;
    if (!this.edges) {
      const key = (x, y) => `${Math.round(x * 4)},${Math.round(y * 4)}`;
      const known = new Map(map.x.map((x, k) => [key(x, map.y[k]), k]));
      this.edges = [];
      for (let k = 0; k < map.x.length; k++)
        for (let side = 0; side < 6; side++) {
          const angle = (side * Math.PI) / 3;
          const next = known.get(key(map.x[k] + map.pitch * Math.cos(angle), map.y[k] + map.pitch * Math.sin(angle)));
          const other = next === undefined ? -1 : map.district[next];
          if (other !== map.district[k]) this.edges.push([k, angle]);
        }
    }
    pen.strokeStyle = palette.landEdge;
    pen.lineWidth = 1;
    pen.beginPath();
    for (const [k, angle] of this.edges) {
      const [x, y] = at[k];
      for (const [move, turn] of [["moveTo", -Math.PI / 6], ["lineTo", Math.PI / 6]])
        pen[move](x + radius * Math.cos(angle + turn), y - radius * Math.sin(angle + turn));
    }
    pen.stroke();
  }

  get moving() {
    return this.from !== this.to && performance.now() - this.began < this.app.gap;
  }

  drawDots(pen, width, height) {
    const { ratio } = this.canvas, palette = this.app.palette;
    const wide = Math.round(width * ratio), high = Math.round(height * ratio);
    if (!this.image || this.image.width !== wide || this.image.height !== high) {
      this.image = new ImageData(wide, high);
      this.bits = new Uint32Array(this.image.data.buffer);
      this.over = el("canvas");
      this.over.width = wide;
      this.over.height = high;
    }
    const many = this.looks.length > 8000, size = many ? (ratio > 1 ? 2 : 1) : Math.round(2 * ratio);
    const alphas = many ? [0.55, 0.7, 0.9, 1, 1] : [0.8, 0.85, 1, 1, 1];
    const colours = DOT_COLOURS.map((name, k) => {
      const [r, g, b] = rgb(palette[name]);
      return ((Math.round(255 * alphas[k]) << 24) | (b << 16) | (g << 8) | r) >>> 0;
    });
    const share = this.app.calm ? 1 : clamp((performance.now() - this.began) / this.app.gap, 0, 1);
    const { bits, looks, from, to } = this;
    const zoom = (this.zoom * ratio) / PER_KM, left = this.left * ratio, top = this.top * ratio;
    bits.fill(0);
    for (let look = 0; look < 5; look++)
      for (let k = 0; k < looks.length; k++) {
        if (looks[k] !== look) continue;
        const x = from[2 * k] + share * (to[2 * k] - from[2 * k]), y = from[2 * k + 1] + share * (to[2 * k + 1] - from[2 * k + 1]);
        const px = Math.round(left + zoom * x), py = Math.round(top - zoom * y);
        if (px < 0 || py < 0 || px + size > wide || py + size > high) continue;
        for (let row = 0; row < size; row++) bits.fill(colours[look], (py + row) * wide + px, (py + row) * wide + px + size);
      }
    this.over.getContext("2d").putImageData(this.image, 0, 0);
    pen.drawImage(this.over, 0, 0, width, height);
  }

  // Names stand on their districts; those of the crowded middle beside the map, with a line to it.
  drawNames(pen, width, height) {
    const { map } = this, palette = this.app.palette;
    const at = map.labels.map(([x, y]) => [this.left + this.zoom * x, this.top - this.zoom * y]);
    const middle = [...at.keys()].filter((k) => map.sizes[k] < CROWDED_CELLS).sort((a, b) => at[a][1] - at[b][1]);
    const text = (words, font, x, y, alpha) => {
      pen.font = font;
      pen.globalAlpha = alpha;
      pen.strokeText(words, x, y);
      pen.fillText(words, x, y);
      pen.globalAlpha = 1;
    };
    pen.lineJoin = "round";
    pen.textAlign = "center";
    for (const [k, [x, y]] of at.entries()) {
      if (middle.includes(k)) continue;
      pen.lineWidth = 3;
      pen.strokeStyle = palette.sea;
      pen.fillStyle = palette.ink;
      text(map.names[k], "600 11.5px system-ui, sans-serif", x, y, 1);
      text(map.names_zh[k], "10px system-ui, sans-serif", x, y + 12, 0.8);
    }
    if (!middle.length || width < NARROW) return;
    const apart = 17, among = middle.reduce((sum, k) => sum + at[k][1], 0) / middle.length;
    const first = Math.max(16, among - (apart * (middle.length - 1)) / 2);
    pen.textAlign = "left";
    for (const [turn, k] of middle.entries()) {
      const y = first + turn * apart, words = `${map.names[k]} ${map.names_zh[k]}`;
      pen.font = "11px system-ui, sans-serif";
      const end = 14 + pen.measureText(words).width + 6;
      pen.strokeStyle = palette.soft;
      pen.globalAlpha = 0.55;
      pen.lineWidth = 0.8;
      pen.beginPath();
      pen.moveTo(end, y - 4);
      pen.lineTo(end + 14, y - 4);
      pen.lineTo(...at[k]);
      pen.stroke();
      pen.globalAlpha = 1;
      pen.fillStyle = palette.ink;
      pen.fillText(words, 14, y);
    }
  }

  // The owner on the phone, on the map.
  drawOwner(pen) {
    const card = this.app.phone.card, palette = this.app.palette;
    if (!card || !(card.spot >= 0) || !this.to || this !== this.app.maps[0]) return;
    const x = this.left + (this.zoom * this.to[2 * card.spot]) / PER_KM, y = this.top - (this.zoom * this.to[2 * card.spot + 1]) / PER_KM;
    pen.strokeStyle = pen.fillStyle = palette.giving;
    pen.lineWidth = 2;
    pen.beginPath();
    pen.arc(x, y, 7, 0, 7);
    pen.stroke();
    pen.font = "600 11px system-ui, sans-serif";
    pen.textAlign = "left";
    pen.strokeStyle = palette.sea;
    pen.lineWidth = 3;
    pen.strokeText(card.name, x + 11, y + 4);
    pen.fillText(card.name, x + 11, y + 4);
  }

  hover(event) {
    if (!this.map || !this.frame) return;
    const box = this.canvas.node.getBoundingClientRect();
    const x = (event.clientX - box.left - this.left) / this.zoom, y = (this.top - (event.clientY - box.top)) / this.zoom;
    let best = -1, near = this.map.pitch ** 2;
    for (let k = 0; k < this.map.x.length; k++) {
      const away = (this.map.x[k] - x) ** 2 + (this.map.y[k] - y) ** 2;
      if (away < near) [best, near] = [k, away];
    }
    this.tip.hidden = best < 0;
    if (best < 0) return;
    const which = this.map.district[best], found = this.frame.districts[which];
    const [plugged, charging, giving, driving, drawn, fed] = found;
    const line = (name, value) => el("div", {}, el("span", {}, name), el("b", {}, value));
    this.tip.replaceChildren(
      el("strong", {}, `${this.map.names[which]} ${this.map.names_zh[which]}`),
      line("plugged in", cars(plugged)),
      line("charging", `${cars(charging)} · ${power(drawn)}`),
      line("giving back", `${cars(giving)} · ${power(fed)}`),
      line("driving there", cars(driving)),
    );
    const right = event.clientX - box.left > box.width / 2;
    this.tip.style.left = right ? "" : `${event.clientX - box.left + 14}px`;
    this.tip.style.right = right ? `${box.right - event.clientX + 14}px` : "";
    this.tip.style.top = `${Math.min(event.clientY - box.top, box.height - 120)}px`;
  }
}
