// The owner's phone: the day on one line, the battery, the money, and why the car did what it did.

const DOING_LOOK = { driving: "driving", charging: "charging", "feeding in": "giving", waiting: "plugged", parked: "parked", end: "parked" };
// Parts of the night's sum; they add up to it.
const PARTS = { bill: "on the bill", battery: "battery brought back", wear: "wear" };

class Phone {
  constructor(app) {
    this.app = app;
    this.battery = new Canvas("State of charge today", (pen, width, height) => this.draw(pen, width, height));
    this.battery.node.className = "battery";
    this.search = el("input", { type: "search", placeholder: "number or name", "aria-label": "find an owner", "data-testid": "find" });
    const choose = (text) => app.say({ kind: "owner", asked: text });
    const finder = el(
      "form",
      { class: "finder", onsubmit: (event) => (event.preventDefault(), this.search.value && choose(this.search.value)) },
      this.search,
      ...["best", "median", "worst"].map((rank) => el("button", { type: "button", "data-testid": rank, onclick: () => choose(rank) }, rank)),
    );
    this.people = el("span", { class: "people" });
    this.body = el("div", { class: "phonebody" });
    this.shell = el("div", { class: "phone", "data-testid": "phone" }, el("div", { class: "speaker" }), this.body);
    this.node = el("section", { class: "owner" }, finder, this.people, this.shell);
  }

  open(people) {
    const choose = (name) => this.app.say({ kind: "owner", asked: name });
    this.people.replaceChildren(...people.map((name) => el("button", { type: "button", onclick: () => choose(name) }, name)));
  }

  show(card) {
    if (!card) return;
    this.card = card;
    const told = card.line !== undefined, row = (name, value) => el("div", { class: "pair" }, el("span", {}, name), el("b", {}, value));
    const parts = [
      el("div", { class: "who" }, el("small", {}, `${card.model} · ${card.kind} · ${card.district}`), el("h3", {}, card.name), el("small", {}, card.title || (card.signed_up ? "has enrolled" : "has not enrolled"))),
      el("div", { class: "purse" }, el("small", {}, told ? `tonight, since ${card.night_since}` : "tonight"), el("strong", { "data-testid": "night" }, told ? money(card.yuan_night) : "–"),
        told ? el("div", { class: "sum", "data-testid": "parts" }, ...Object.entries(PARTS).map(([part, words]) => row(words, money(card.parts_night[part])))) : null,
        el("small", {}, told ? `against ${card.against}` : "counting begins with the first day")),
      el("div", { class: "pair3" },
        el("div", {}, el("b", {}, `${number(card.soc)}%`), el("small", {}, "battery")),
        el("div", {}, el("b", {}, told ? `${number(card.plugged_h, 1)} h` : "–"), el("small", {}, "plugged in today")),
        el("div", {}, el("b", { "data-testid": "a-day" }, told && card.yuan_day !== null ? money(card.yuan_day) : "–"), el("small", {}, told && card.yuan_day !== null ? `a day, over ${number(card.days, 1)} days` : "a day"))),
      this.battery.node,
    ];
    if (told) {
      parts.push(this.bar(card.line));
      if (card.message) parts.push(el("p", { class: "message", "data-testid": "message" }, card.message));
      parts.push(
        el("p", { class: "nowline" }, el("i", { class: `dot ${DOING_LOOK[card.doing]}` }), `${card.doing}, ${card.place}${card.promise ? ` · promised ${card.promise}` : ""}`, card.why ? el("small", {}, card.why) : null),
        el("ol", { class: "events" }, ...card.events.map(([time, what, why, doing]) => el("li", {}, el("time", {}, time), el("i", { class: `dot ${DOING_LOOK[doing]}` }), el("span", {}, what, why ? el("small", {}, why) : null)))),
        row("drawn, given back since noon", `${number(card.charged_kwh, 1)} · ${number(card.fed_in_kwh, 1)} kWh`),
        row("all days so far", money(card.yuan_total)),
      );
    }
    this.body.replaceChildren(...parts);
    this.battery.fit();
  }

  bar(line) {
    const now = line.at(-1)[0], cells = [];
    for (const [k, [hour, doing]] of line.slice(0, -1).entries()) {
      const width = ((line[k + 1][0] - hour) / 24) * 100;
      if (width > 0) cells.push(el("i", { class: DOING_LOOK[doing], style: `width:${width}%`, title: `${clock(hour)} ${doing}` }));
    }
    return el("div", { class: "daybar", role: "img", "aria-label": `today until ${clock(now)}` }, ...cells);
  }

  draw(pen, width, height) {
    const { card } = this, palette = this.app.palette;
    if (!card) return;
    const y = (soc) => height - 4 - ((height - 10) * soc) / 100, x = (hour) => (width * hour) / 24;
    pen.strokeStyle = palette.soft;
    pen.setLineDash([3, 3]);
    pen.lineWidth = 1;
    pen.beginPath();
    pen.moveTo(0, y(card.reserve));
    pen.lineTo(width, y(card.reserve));
    pen.stroke();
    pen.setLineDash([]);
    pen.fillStyle = palette.soft;
    pen.font = "10px system-ui, sans-serif";
    pen.fillText(`kept for the owner: ${number(card.reserve)}%`, 4, y(card.reserve) + 12);
    if (!card.line || card.line.length < 2) return;
    pen.beginPath();
    for (const [k, [hour, , soc]] of card.line.entries()) k ? pen.lineTo(x(hour), y(soc)) : pen.moveTo(x(hour), y(soc));
    pen.strokeStyle = palette.ink;
    pen.lineWidth = 1.8;
    pen.stroke();
    pen.lineTo(x(card.line.at(-1)[0]), y(0));
    pen.lineTo(x(card.line[0][0]), y(0));
    pen.fillStyle = rgba(palette.charging, 0.14);
    pen.fill();
  }
}
