// Small helpers: elements, numbers as people read them, colours of the present theme.

function el(tag, given = {}, ...inside) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(given)) {
    if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else if (name === "class") node.className = value;
    else if (value !== null && value !== undefined && value !== false) node.setAttribute(name, value);
  }
  for (const child of inside.flat()) if (child !== null) node.append(child);
  return node;
}

// A figure, its unit, its sign and its sentence come from the functions below and from nowhere else.
// What is shown as nothing has no sign.
const sized = (value, digits) => Math.abs(Number(value) || 0).toLocaleString("en-US", { minimumFractionDigits: digits, maximumFractionDigits: digits });
const signOf = (value, size) => (/[1-9]/.test(size) ? Math.sign(value) : 0);
const number = (value, digits = 0) => {
  const size = sized(value, digits);
  return (signOf(value, size) < 0 ? "−" : "") + size;
};
// Hours of sunrise and sunset where the city lies, on the day that is shown.
const sun = { dawn: 6, dusk: 18 };

const signed = (value, digits = 0) => {
  const size = sized(value, digits);
  return ["−", "", "+"][signOf(value, size) + 1] + size;
};
const cars = (value) => (value >= 1e6 ? `${number(value / 1e6, 2)} M` : number(value));
const clock = (hour) => {
  const minutes = Math.round(60 * hour);
  return [Math.floor(minutes / 60), minutes % 60].map((part) => String(part).padStart(2, "0")).join(":");
};
const clamp = (value, low, high) => Math.max(low, Math.min(high, value));

// The unit in which powers up to a size [MW] are told, on an axis as in a sentence.
const MW = { name: "MW", mw: 1 }, GW = { name: "GW", mw: 1000 };
const powerUnit = (...mw) => (Math.max(...mw.map(Math.abs)) >= 1000 ? GW : MW);

function power(mw) {
  const unit = powerUnit(mw), size = Math.abs(mw);
  return `${number(mw / unit.mw, unit === GW ? 2 : size >= 10 || size === 0 ? 0 : 1)} ${unit.name}`;
}

const money = (yuan, digits = 2) => `${signed(yuan, digits)} ¥`;

// A difference as its size and a word for its direction; what is shown as nothing has none.
function change(value, words, [less, more] = ["less", "more"]) {
  const text = words(Math.abs(value));
  return /[1-9]/.test(text) ? `${text} ${value < 0 ? less : more}` : text;
}

const besides = (mw) => {
  const text = change(mw, power, ["below", "above"]);
  return /[1-9]/.test(text) ? `${text} without` : "the same as without";
};

// Steps of an axis that people can read, and each as text with all digits in which it differs from the next.
function ticks(low, high, most, scale) {
  const rough = (high - low) / scale / Math.max(2, most), size = 10 ** Math.floor(Math.log10(Math.max(rough, 1e-9)));
  const step = size * [1, 2, 5, 10].find((each) => each * size >= rough);
  const digits = Math.max(0, -Math.floor(Math.log10(step) + 1e-9)), found = [];
  for (let k = Math.ceil(low / scale / step); k * step * scale <= high; k++) found.push({ value: k * step * scale, text: number(k * step, digits) });
  return found;
}

// Blue and orange stay apart for every kind of colour blindness; red and green do not.
const PALETTES = {
  dark: {
    page: "#0b1020", panel: "#121a2e", ink: "#eef2fa", soft: "#93a1bf", line: "#26324f", land: "#1d2949",
    landEdge: "#2b3a61", sea: "#0b1020", river: "#29486f", parked: "#5d6d8f", plugged: "#8295bd",
    charging: "#4cb2ff", giving: "#ffb02e", driving: "#f5f6fa", warn: "#ff7a59", night: "rgba(2,5,16,.45)", daylight: "#10305c", landDay: "#2b3b68",
    fuels: { other: "#9d86c9", import: "#5a7fc0", wind: "#7fd1c7", solar: "#ffd75e", gas: "#d98d5f", coal: "#77706a" },
  },
  light: {
    page: "#f3f5f9", panel: "#ffffff", ink: "#1e2438", soft: "#5d6880", line: "#d9dfea", land: "#e6ebf3",
    landEdge: "#c7d0df", sea: "#eef2f8", river: "#9dbfe2", parked: "#8e99b0", plugged: "#6f7f9f",
    charging: "#0062be", giving: "#d66a00", driving: "#1e2438", warn: "#b3261e", night: "rgba(30,36,56,.10)", daylight: "#dfecf9", landDay: "#f7f4ec",
    fuels: { other: "#8d76bb", import: "#4a70b5", wind: "#3fa79b", solar: "#e8b820", gas: "#c77845", coal: "#6b655f" },
  },
};

function rgb(hex) {
  const value = parseInt(hex.slice(1), 16);
  return [value >> 16, (value >> 8) & 255, value & 255];
}

// A canvas that is as sharp as the screen and redraws when its size changes.
class Canvas {
  constructor(label, draw) {
    this.node = el("canvas", { role: "img", "aria-label": label, tabindex: "-1" });
    this.draw = draw;
    this.width = this.height = 0;
    this.watcher = new ResizeObserver(() => this.fit());
    this.watcher.observe(this.node);
  }
  fit() {
    const box = this.node.getBoundingClientRect();
    if (!box.width || !box.height) return;
    this.ratio = Math.min(2, window.devicePixelRatio || 1);
    this.width = box.width;
    this.height = box.height;
    this.node.width = Math.round(box.width * this.ratio);
    this.node.height = Math.round(box.height * this.ratio);
    this.resized = true;
    this.paint();
  }
  paint() {
    if (!this.width) return;
    const pen = this.node.getContext("2d");
    pen.setTransform(this.ratio, 0, 0, this.ratio, 0, 0);
    pen.clearRect(0, 0, this.width, this.height);
    this.draw(pen, this.width, this.height);
    this.resized = false;
  }
  tell(text) {
    this.node.setAttribute("aria-label", text);
  }
  end() {
    this.watcher.disconnect();
  }
}
