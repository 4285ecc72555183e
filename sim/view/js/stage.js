// The page: what arrives is shown, what is pressed is sent.

const VIEWS = [["city", "City"], ["grid", "Grid"], ["owner", "Owner"], ["compare", "Compare"], ["data", "Data"]];
const SPEED_WORDS = ["1", "4", "12", "30", "max"];
const TEXTS_EVERY_MS = 250, GLIDE_EVERY_MS = 45, GLIDE_FROM_GAP_MS = 130;
const BEAT_MS = 2000, SILENT_MS = 7000;

class App {
  constructor(model, root) {
    this.model = model;
    this.root = root;
    this.dark = model.get("dark");
    this.calm = window.matchMedia("(prefers-reduced-motion: reduce)").matches;
    this.view = "city";
    this.gap = 300;
    this.shown = -1;
    this.received = 0;
    this.hourly = {};
    this.playing = false;
    this.build();
    this.theme();
    this.on = (message, buffers) => this.hear(message, buffers);
    model.on("msg:custom", this.on);
    this.keys = (event) => this.press(event);
    window.addEventListener("keydown", this.keys);
    this.say({ kind: "ready" });
    this.heard = performance.now();
    this.beat = setInterval(() => this.check(), BEAT_MS);
    window.__v2g = this; // for tests and for the curious
  }

  get palette() {
    return PALETTES[this.dark ? "dark" : "light"];
  }

  say(message) {
    if (!["ack", "here", "ready"].includes(message.kind)) this.asked = performance.now();
    this.model.send(message);
  }

  build() {
    this.maps = [new CityMap(this, () => this.titleOf(0)), new CityMap(this, () => this.titleOf(1))];
    this.maps[1].node.classList.add("second");
    this.tiles = new Tiles(this);
    this.charts = { load: new LoadChart(this), stack: new StackChart(this), cars: new CarsChart(this), price: new PriceChart(this) };
    this.phone = new Phone(this);
    this.operator = new Operator(this);
    this.controls = new Controls(this);
    this.table = new Table(this);
    this.timeline = new Timeline(this);
    const button = (words, mark, act, hint) => el("button", { type: "button", "data-testid": mark, title: hint, "aria-label": hint, onclick: act }, words);
    this.playButton = button("▶ Play", "play", () => this.toggle(), "play or pause (space)");
    this.speed = el("input", { type: "range", min: 0, max: 4, step: 1, value: 2, "aria-label": "speed", "data-testid": "speed" });
    this.speedWords = el("output", {}, "12 steps/s");
    this.speed.addEventListener("input", () => {
      const at = Number(this.speed.value);
      this.speedWords.textContent = at === 4 ? "as fast as it can" : `${SPEED_WORDS[at]} steps/s`;
      this.say({ kind: "speed", place: at });
    });
    const hours = el("select", { "aria-label": "jump to", "data-testid": "jump" }, el("option", { value: "" }, "jump to …"), ...[0, 4, 7, 8, 12, 16, 18, 19, 20, 22].map((hour) => el("option", { value: hour }, clock(hour))), el("option", { value: "end" }, "the end"));
    hours.addEventListener("change", () => {
      if (hours.value !== "") this.jumpTo(hours.value === "end" ? null : Number(hours.value));
      hours.value = "";
    });
    this.tabs = el("nav", { class: "tabs", role: "tablist" }, ...VIEWS.map(([key, words]) =>
      el("button", { type: "button", role: "tab", "data-testid": `tab-${key}`, onclick: () => this.turn(key) }, words)));
    this.note = el("div", { class: "note", role: "status", hidden: "", "data-testid": "note" });
    this.city = el("span", {}, "");
    this.place = el("div", { class: "place small", "data-testid": "place" });
    this.title = el("h1", {}, "v2gcity ", this.city);
    this.subtitle = el("p", { class: "subtitle" }, "");
    const legend = (...rows) => el("span", { class: "keys" }, ...rows.map(([look, words]) => el("span", {}, el("i", { class: `key ${look}` }), words)));
    const against = () => el("span", { class: "against" }, "charging at once");
    const panel = (name, title, chart, keys) => el("section", { class: `panel ${name}` }, el("h2", {}, el("span", { class: "heading" }, title, chart.unit), keys || ""), chart.node);
    const fuels = el("span", { class: "keys" }, ...STACK.map((name) => el("span", {}, el("i", { class: `key fuel-${name}` }), FUEL_WORDS[name])), el("span", {}, el("i", { class: "key hatched" }), "coal displaced at that moment"));
    this.root.replaceChildren(
      el("header", {},
        el("div", { class: "title" }, this.title, this.subtitle, this.place),
        el("div", { class: "transport" }, this.playButton, button("Step", "step", () => this.say({ kind: "step" }), "one step (right arrow)"), el("label", { class: "speed" }, this.speed, this.speedWords), hours,
          button("◐", "theme", () => ((this.dark = !this.dark), this.theme()), "light or dark"), button("☰", "menu", () => this.root.classList.toggle("with-controls"), "scenario and settings"))),
      this.tabs,
      this.note,
      el("main", {},
        el("section", { class: "panel maps" }, this.maps[0].node, this.maps[1].node),
        el("div", { class: "middle" }, this.tiles.node,
          panel("load", "Net load today", this.charts.load, legend(["giving", "with the cars controlled"], ["dashed", against()], ["dotted", "the operator's forecast"], ["calm", "without what happened"])),
          panel("stack", "Where it comes from", this.charts.stack, fuels),
          panel("cars", "The cars", this.charts.cars, legend(["charging", "drawn"], ["giving", "given back"], ["dashed", against()])),
          panel("price", "Marginal cost of supply", this.charts.price)),
        this.phone.node, this.operator.node, this.controls.node, this.table.node),
      el("footer", {}, this.timeline.node, el("p", { class: "small" }, "A schematic: outline and districts are sketched, cars stand where the model has them. Coal and CO2 are marginal, against the same city, ", against(), ". One draw of the city, so no interval: v2gcity run gives one.")),
    );
    this.turn("city");
  }

  titleOf(side) {
    const each = this.sides && this.sides[side];
    if (!each) return "";
    return this.sides.length > 1 ? `${each.title}, arm ${each.arm}` : `${cars(this.known.simulated)} cars one by one${this.known.weight > 1.01 ? `, each for ${number(this.known.weight, 1)}` : ""}`;
  }

  theme() {
    this.root.classList.toggle("dark", this.dark);
    this.root.classList.toggle("light", !this.dark);
    document.body.style.background = this.palette.page;
    this.paint();
  }

  turn(view) {
    this.view = view;
    for (const [key] of VIEWS) this.root.classList.toggle(`view-${key}`, key === view);
    for (const [k, tab] of [...this.tabs.children].entries()) tab.setAttribute("aria-selected", VIEWS[k][0] === view);
    if (view === "compare" && this.sides && this.sides.length < 2) this.say({ kind: "compare", arm: this.offer.reference === this.offer.arm ? null : this.offer.reference, scenario: null });
    for (const map of this.maps) map.canvas.fit();
    this.paint();
  }

  toggle() {
    this.say({ kind: "play", on: !this.playing });
    this.setPlaying(!this.playing);
  }

  setPlaying(on) {
    this.playing = on;
    this.playButton.textContent = on ? "❚❚ Pause" : "▶ Play";
    this.playButton.classList.toggle("on", on);
  }

  press(event) {
    if (/INPUT|SELECT|TEXTAREA/.test(event.target.tagName) || event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key === " ") event.preventDefault(), this.toggle();
    else if (event.key === "ArrowRight") this.say({ kind: "step" });
    else if (event.key === "ArrowLeft") this.say({ kind: "jump", step: this.shown - 1 });
    else if (VIEWS[Number(event.key) - 1]) this.turn(VIEWS[Number(event.key) - 1][0]);
  }

  // The next time it is a given hour; without an hour the end of the run.
  jumpTo(hour) {
    const { known } = this, per = known.steps_per_day;
    if (hour === null) return this.say({ kind: "jump", step: known.steps - 1 });
    const now = Math.max(this.shown, known.warmup_steps), at = Math.round((hour * per) / 24);
    let step = now - (now % per) + at;
    if (step <= now) step += per;
    if (step >= known.steps) step -= per;
    this.say({ kind: "jump", step });
  }

  // Ask whether anybody is there; say so when nobody answers, and go on when somebody does.
  check() {
    this.say({ kind: "here" });
    if (performance.now() - this.heard < SILENT_MS) return;
    this.lost = true;
    this.setPlaying(false);
    this.tell("no answer from the server: it has stopped, or the line is broken; the page goes on when it answers", "trouble");
  }

  hear(message, buffers) {
    this.heard = performance.now();
    if (this.lost) {
      this.lost = false;
      this.hush();
      this.say({ kind: "ready" });
    }
    const deal = this[`on_${message.kind}`];
    if (deal) deal.call(this, message, buffers);
  }

  on_opened(message) {
    this.known = message.known;
    this.history = message.history;
    this.sides = message.sides;
    this.lines = message.lines;
    Object.assign(sun, message.sun);
    this.offer = message.offer;
    this.map = message.map;
    this.frame = null;
    this.hourly = {};
    this.shown = -1;
    this.root.classList.toggle("two", this.sides.length > 1);
    for (const each of this.root.querySelectorAll(".against")) each.textContent = message.known.against;
    for (const [k, map] of this.maps.entries()) {
      map.edges = null;
      map.open((this.sides[k] && this.sides[k].map) || message.map, message.full_kw);
    }
    const [place] = this.sides.map((side) => side.place), said = this.sides.map((side) => side.place).filter(Boolean);
    this.city.textContent = `${place ? place.name_zh : "上海"}车网互动`;
    this.place.replaceChildren(...[...new Set(said.flatMap(({ en, zh }) => [en, zh]))].map((words) => el("p", {}, words)));
    this.summary = null;
    this.tiles.clear();
    this.operator.clear();
    this.table.node.replaceChildren();
    this.controls.open(message.offer);
    this.phone.open(message.people);
    this.card = message.owner;
    this.phone.show(this.card);
    this.subtitle.textContent = `${this.sides[0].title} · arm ${this.sides[0].arm} against ${message.offer.reference}`;
    this.setPlaying(false);
    this.hush();
    for (const map of this.maps) map.canvas.fit();
    this.paint();
  }

  on_frame(message, buffers) {
    const now = performance.now();
    if (this.last) this.gap = clamp(0.6 * this.gap + 0.4 * (now - this.last), 16, 1200);
    this.last = now;
    this.received += 1;
    const main = message.frames[0];
    this.frame = main;
    this.shown = main.step;
    for (const [side, frame] of message.frames.entries()) {
      const [cells, looks, places] = buffers.slice(3 * side, 3 * side + 3);
      const whole = (view, Kind) => new Kind(view.buffer.slice(view.byteOffset, view.byteOffset + view.byteLength));
      this.maps[side].take(frame, whole(cells, Float32Array), whole(looks, Uint8Array), whole(places, Int16Array), message.live && this.playing);
    }
    if (message.owner) this.card = message.owner;
    for (const name of ["operator", "saved"]) {
      if (main[name]) this.hourly[name] = main[name];
      else main[name] = this.hourly[name];
    }
    if (main.system && message.live) this.remember(main);
    if (message.playing !== this.playing) this.setPlaying(message.playing);
    if (main.warming) this.tell(`the first days settle in and are not counted: ${number(100 * main.warmed)}%`);
    else if (!message.live) this.tell(`looking back to ${main.time}; the phone shows the present`, "back");
    else if (this.noteKind === "warm" || this.noteKind === "back") this.hush();
    this.fresh = true;
    this.wake();
    if (!message.playing) this.drawn = 0; // what is looked at is drawn whole
    this.say({ kind: "ack" });
  }

  // Frames are taken as they come and drawn when the screen is ready: the newest one, with what costs most
  // (charts, texts) a few times a second. With nothing to draw the page rests.
  wake() {
    if (this.woken || this.ended) return;
    this.woken = true;
    requestAnimationFrame((now) => {
      this.woken = false;
      if (this.ended) return;
      if (this.fresh) this.draw(now);
      else for (const map of this.gliding) map.canvas.paint();
      if (this.gliding.length) setTimeout(() => this.wake(), GLIDE_EVERY_MS);
    });
  }

  // Between frames that are far apart cars move on; twenty times a second will do, the machine has a city to reckon.
  get gliding() {
    if (this.gap <= GLIDE_FROM_GAP_MS || this.calm) return [];
    return this.maps.filter((map) => map.looks && map.moving && map.visible);
  }

  draw(now) {
    this.fresh = false;
    const texts = now - (this.drawn || 0) > TEXTS_EVERY_MS;
    for (const map of this.maps) if (map.frame && map.visible) map.paint(texts);
    if (!texts) return;
    this.drawn = now;
    this.show(this.frame);
  }

  remember(frame) {
    const place = frame.step - this.known.warmup_steps;
    if (place < this.history.net_load_mw.length) return;
    for (const name of Object.keys(this.history)) this.history[name].push(frame.system[name]);
  }

  show(frame) {
    this.root.classList.toggle("struck", Boolean(this.history.undisturbed_net_load_mw));
    const peak = this.peak();
    this.tiles.show(frame, peak);
    if (this.card && this.phone.node.offsetParent) this.phone.show(this.card);
    if (this.view === "grid" || this.view === "city" || this.view === "compare") this.operator.show(frame.operator, frame.system);
    if (this.view === "data") this.table.show(frame, this.map);
    this.paintCharts();
  }

  paintCharts() {
    for (const chart of Object.values(this.charts)) if (chart.node.offsetParent) chart.canvas.paint();
    this.timeline.canvas.paint();
  }

  paint() {
    if (!this.known) return;
    for (const map of this.maps) {
      map.forget();
      map.paint(map.frame);
    }
    this.phone.battery.paint();
    if (this.frame) this.show(this.frame);
    else this.paintCharts();
  }

  on_history(message) {
    this.history = message.history;
    if (this.noteKind === "busy") this.hush();
  }

  on_summary(message) {
    this.summary = message.summary;
    this.tiles.summary(message.summary.effects[message.arm], message.day);
    if (message.verdict) this.tell(message.verdict, "verdict");
  }

  on_owner(message) {
    this.card = message.card;
    this.phone.show(message.card);
    for (const map of this.maps) map.canvas.paint();
  }

  on_building(message) {
    this.tell(`building a city of ${cars(message.cars)} cars …`, "busy");
  }

  on_compiling(message) {
    this.tell(message.text, "busy");
  }

  on_running(message) {
    if (this.noteKind === "verdict") return;
    this.tell(`running on: step ${message.step} of ${message.to}`, "busy");
  }

  on_struck(message) {
    this.tell(message.text, "", 5000);
  }

  on_silent() {
    this.setPlaying(false);
    this.tell("the clock stopped because this page had not drawn for a while; play goes on from here", "trouble");
  }

  on_paused(message) {
    this.setPlaying(false);
    if (message.text) this.tell(message.text, "", 5000);
  }

  on_trouble(message) {
    this.setPlaying(false);
    this.tell(message.text, "trouble");
  }

  on_offer(message) {
    this.offer = message.offer;
    this.controls.open(message.offer);
  }

  on_file(message) {
    this.download(message.name, new Blob([message.text], { type: "text/plain" }));
  }

  tell(text, kind = "warm", forget = 0) {
    clearTimeout(this.forgetting);
    this.noteKind = kind;
    this.note.className = `note ${kind}`;
    this.note.replaceChildren(text, kind === "trouble" ? el("button", { type: "button", onclick: () => this.hush() }, "close") : "");
    this.note.hidden = false;
    if (forget) this.forgetting = setTimeout(() => this.hush(), forget);
  }

  hush() {
    this.note.hidden = true;
    this.noteKind = "";
  }

  // The day that is shown, as points for charts.
  today() {
    const { known, history } = this;
    if (!known) return null;
    const per = known.steps_per_day, place = Math.max(0, this.shown - known.warmup_steps);
    const first = place - (place % per), last = Math.min(place, history.net_load_mw.length - 1);
    const hour = (k) => ((k - first + 0.5) * 24) / per;
    const points = (name) => {
      const found = [];
      for (let k = first; k <= last; k++) found.push([hour(k), history[name][k]]);
      return found;
    };
    const expected = known.expected_mw.slice(first, first + per).map((value, k) => [hour(first + k), value]);
    const forecast = () => {
      const ahead = this.frame && this.frame.operator && this.frame.operator.forecast;
      if (!ahead) return [];
      const begin = place - (place % Math.round(1 / known.step_hours)) ;
      return ahead.map((value, k) => [hour(begin + k), value]).filter(([at]) => at <= 24 && at >= hour(place));
    };
    const best = () => {
      let found = null;
      for (let k = first; k <= last; k++)
        if (history.shaved_mw[k] > 1 && (!found || history.shaved_mw[k] > found.shaved)) found = { hour: hour(k), from: hour(k - 0.5), shaved: history.shaved_mw[k], before: history.reference_net_load_mw[k] };
      return found;
    };
    return { points, expected: () => expected, forecast, best, highest: Math.max(...expected.map(([, value]) => value)) };
  }

  // The highest net load up to the moment that is shown, with and without.
  peak() {
    const { history } = this, count = history ? Math.min(history.net_load_mw.length, this.shown - this.known.warmup_steps + 1) : 0;
    if (count <= 0) return null;
    const [before, after] = ["reference_net_load_mw", "net_load_mw"].map((name) => Math.max(...history[name].slice(0, count)));
    return { before, after, cut: before - after };
  }

  save(form) {
    if (form !== "png") return this.say({ kind: "export", form });
    const sheets = [...this.root.querySelectorAll("main canvas")].filter((each) => each.offsetParent);
    const around = this.root.querySelector("main").getBoundingClientRect(), ratio = 2;
    const said = [...this.place.children].map((line) => line.textContent), head = 40 + 14 * said.length;
    const whole = el("canvas");
    whole.width = around.width * ratio;
    whole.height = (around.height + head) * ratio;
    const pen = whole.getContext("2d");
    pen.scale(ratio, ratio);
    pen.fillStyle = this.palette.page;
    pen.fillRect(0, 0, around.width, around.height + head);
    pen.fillStyle = this.palette.ink;
    pen.font = "600 16px system-ui, sans-serif";
    pen.fillText(`v2gcity · ${this.subtitle.textContent} · ${this.frame ? this.frame.time : ""}`, 12, 20);
    pen.font = "10.5px system-ui, sans-serif";
    for (const [k, line] of said.entries()) pen.fillText(line, 12, 37 + 14 * k, around.width - 24);
    for (const sheet of sheets) {
      const box = sheet.getBoundingClientRect();
      pen.drawImage(sheet, box.left - around.left, box.top - around.top + head, box.width, box.height);
    }
    pen.font = "600 12.5px system-ui, sans-serif";
    pen.textBaseline = "top";
    for (const title of this.root.querySelectorAll("main h2 .heading")) {
      const box = title.getBoundingClientRect(); // an axis without its unit says nothing
      if (title.offsetParent) pen.fillText(title.textContent, box.left - around.left, box.top - around.top + head);
    }
    whole.toBlob((blob) => this.download(`v2gcity-${this.frame ? this.frame.time.replace(/[ :]/g, "-") : "city"}.png`, blob));
  }

  download(name, blob) {
    const link = el("a", { href: URL.createObjectURL(blob), download: name });
    document.body.append(link);
    link.click();
    link.remove();
    setTimeout(() => URL.revokeObjectURL(link.href), 5000);
  }

  end() {
    this.ended = true;
    clearInterval(this.beat);
    window.removeEventListener("keydown", this.keys);
    this.model.off("msg:custom", this.on);
  }
}

export default {
  render({ model, el: root }) {
    root.classList.add("v2g");
    const app = new App(model, root);
    return () => app.end();
  },
};
