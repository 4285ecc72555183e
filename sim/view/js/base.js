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

const number = (value, digits = 0) =>
  (Number(value) || 0).toLocaleString("en-US", { minimumFractionDigits: digits, maximumFractionDigits: digits }).replace(/^-(0(\.0*)?)$/, "$1");
// No sign on what is shown as nothing.
const signed = (value, digits = 0) => {
  const size = number(Math.abs(value), digits);
  return (/[1-9]/.test(size) ? (value > 0 ? "+" : "−") : "") + size;
};
const cars = (value) => (value >= 1e6 ? `${number(value / 1e6, 2)} M` : number(value));
const clock = (hour) => `${String(Math.floor(hour)).padStart(2, "0")}:${String(Math.round((hour % 1) * 60)).padStart(2, "0")}`;
const clamp = (value, low, high) => Math.max(low, Math.min(high, value));

function power(mw) {
  const size = Math.abs(mw);
  if (size >= 1000) return `${number(mw / 1000, 2)} GW`;
  return size >= 10 || size === 0 ? `${number(mw)} MW` : `${number(mw, 1)} MW`;
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
