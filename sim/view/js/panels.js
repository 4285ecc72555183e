// Figures of the moment, the operator, the controls, and the table.

class Tiles {
  constructor(app) {
    this.app = app;
    const tile = (name, mark) => {
      const value = el("strong", {}, "–"), note = el("small", {}, ""), words = el("span", {}, ...[name].flat());
      return { words, node: el("div", { class: "tile", "data-testid": mark }, words, value, note), value, note };
    };
    this.shaved = tile(["net load, this moment, against ", el("span", { class: "against" }, "charging at once")], "tile-shaved");
    this.coal = tile("coal, imports included, so far", "tile-coal");
    this.co2 = tile("CO2, so far", "tile-co2");
    this.owners = tile("median owner, a day", "tile-owner");
    this.event = tile("what happened, this moment", "tile-event");
    this.event.node.classList.add("event");
    this.node = el("div", { class: "tiles" }, this.shaved.node, this.coal.node, this.co2.node, this.owners.node, this.event.node);
    this.clear();
  }
  clear() {
    for (const tile of [this.shaved, this.coal, this.co2, this.owners]) {
      tile.value.textContent = "–";
      tile.note.textContent = "";
    }
    this.owners.words.textContent = "median owner, a day";
    this.event.node.hidden = true;
  }
  // What is said elsewhere of a quantity: figures that the page is handed, not its own.
  line(quantity, inWords) {
    const line = (this.app.lines || {})[quantity];
    return line ? `${line.who}: ${inWords(line.value)}` : "";
  }
  show(frame, peak) {
    const { system, saved } = frame;
    if (system) {
      this.shaved.value.textContent = change(-system.shaved_mw, power);
      this.shaved.note.textContent = peak ? `highest so far: ${besides(-peak.cut)}` : "";
    }
    const calm = system && system.undisturbed_net_load_mw;
    this.event.node.hidden = calm === undefined;
    if (calm !== undefined) {
      this.event.value.textContent = change(system.net_load_mw - calm, power);
      this.event.note.textContent = "net load against the same arm without it";
    }
    if (saved) {
      this.coal.value.textContent = change(-saved.coal_system_displaced_tce, (value) => `${number(value, Math.abs(value) < 10 ? 1 : 0)} t`);
      this.coal.note.textContent = [`${signed(-saved.coal_system_displaced_pct, 2)}%, in the city ${signed(-saved.coal_displaced_pct, 2)}%`, this.line("coal_displaced_pct", (value) => `${signed(-value)}%`)].filter(Boolean).join(" · ");
      this.co2.value.textContent = change(-saved.co2_avoided_t, (value) => `${number(value)} t`);
      this.co2.note.textContent = "at the margin, batteries brought back";
      for (const tile of [this.coal, this.co2]) tile.node.classList.toggle("worse", tile.value.textContent.endsWith("more"));
    }
  }
  summary(effect, day) {
    if (!effect) return;
    const earned = effect.owner_earnings_yuan_per_day;
    if (!earned || !earned.n) return;
    this.owners.words.textContent = `median owner a day, to ${day.slice(5)}`;
    this.owners.value.textContent = money(earned.median);
    this.owners.note.textContent = [`best ${signed(earned.max, 1)}`, this.line("owner_earnings_yuan_per_night", number)].filter(Boolean).join(" · ");
  }
}

class Operator {
  constructor(app) {
    this.app = app;
    this.lines = el("div", { class: "lines" });
    const act = (words, hint, given, mark) =>
      el("button", { type: "button", class: "shock", title: hint, "data-testid": mark, onclick: () => app.say({ kind: "shock", ...given }) }, words);
    this.node = el(
      "section",
      { class: "panel operator", "data-testid": "operator" },
      el("h2", {}, "Grid operator"),
      this.lines,
      el("div", { class: "shocks" },
        act("Everyone unplugs", "all drivers unplug for two hours", { shock: "unplug", hours: 2, share: 1 }, "unplug"),
        act("Coal unit trips", "1,000 MW of coal fail for six hours", { shock: "plant_outage", hours: 6, fuel: "coal", mw: 1000 }, "trip"),
        act("Link lost", "all chargers lose the operator for three hours and charge at once", { shock: "control_link", hours: 3, share: 1, fallback: "charge" }, "link"),
        act("Heat wave", "three degrees more for a day; forecast, so the day is run again with it", { shock: "heat_wave", hours: 24, kelvin: 3 }, "heat"),
        act("Raise the payment", "two yuan more a kilowatt-hour for three hours; announced, so the day is run again with it", { shock: "payment", hours: 3, yuan_per_kwh: 2 }, "payment")),
    );
  }
  clear() {
    this.lines.replaceChildren();
  }
  show(found, system) {
    if (!found || !found.policy) return;
    const row = (name, value) => el("div", { class: "pair" }, el("span", {}, name), el("b", {}, value));
    const wish = found.wish.mw === undefined ? found.wish.kind : `${found.wish.kind} ${found.wish.mw >= 0 ? "a draw of" : "giving back"} ${power(Math.abs(found.wish.mw))}`;
    this.lines.replaceChildren(
      row("policy", `${found.policy}, ${found.contract.replace("_", "-")}`),
      row("this hour it", wish),
      row("cars it can call", cars(found.callable_cars)),
      ...(system ? [row("could give more, take more", `${power(system.up_available_mw)} · ${power(system.down_available_mw)}`),
        row("coal units on", power(system.coal_on_mw)), row("reserve of units that are on", power(system.online_reserve_mw))] : []),
      row("charging at home costs", `${number(found.price[0], 3)} yuan/kWh`),
      row("feeding in pays", `${number(found.feed_in_price + found.premium, 3)} yuan/kWh`),
    );
  }
}

// Sliders and pickers; nothing runs until "Run" is pressed.
class Controls {
  constructor(app) {
    this.app = app;
    this.node = el("section", { class: "panel controls", "data-testid": "controls" });
  }
  open(offer) {
    this.offer = offer;
    const select = (name, mark, options, chosen) => {
      const box = el("select", { "aria-label": name, "data-testid": mark }, ...options.map(([value, words]) => el("option", { value, ...(value === chosen ? { selected: "" } : {}) }, words)));
      return [el("label", {}, el("span", {}, name), box), box];
    };
    const [scenarioRow, scenario] = select("scenario", "scenario", offer.scenarios.map((each) => [each.key, each.title]), offer.scenario);
    const [armRow, arm] = select("arm", "arm", offer.arms.map((name) => [name, name]), offer.arm);
    scenario.addEventListener("change", () => this.app.say({ kind: "run", scenario: scenario.value, settings: {} }));
    this.inputs = {};
    const sliders = offer.sliders.map((slider) => {
      const shown = el("output", {}, slider.words);
      const input = el("input", { type: "range", min: 0, max: slider.values.length - 1, step: 1, value: slider.at, "aria-label": slider.name, "data-testid": `slider-${slider.key}` });
      this.inputs[slider.key] = [input, slider];
      input.addEventListener("input", () => (shown.textContent = slider.labels[input.value]));
      return el("label", {}, el("span", {}, slider.name), input, shown);
    });
    const settings = () => {
      const changed = {};
      for (const [key, [input, slider]] of Object.entries(this.inputs)) if (Number(input.value) !== slider.at) changed[key] = slider.values[input.value];
      return changed;
    };
    const others = [["", "nothing"], ...offer.arms.filter((name) => name !== offer.arm).map((name) => [`|${name}`, `arm ${name}`]),
      ...offer.scenarios.filter((each) => each.key !== offer.scenario).map((each) => [`${each.key}|${offer.arm}`, each.title])];
    const [compareRow, compare] = select("beside it", "compare", others, offer.compared);
    compare.addEventListener("change", () => {
      const [key, name] = compare.value.split("|");
      this.app.say({ kind: "compare", arm: name || null, scenario: key || null });
    });
    const save = (form, words) => el("button", { type: "button", "data-testid": `export-${form}`, onclick: () => this.app.save(form) }, words);
    this.node.replaceChildren(
      el("h2", {}, "Scenario"), scenarioRow, armRow, ...sliders,
      el("button", { type: "button", class: "run", "data-testid": "run", onclick: () => this.app.say({ kind: "run", scenario: offer.scenario, settings: { ...offer.settings, ...settings() }, arm: arm.value }) }, "Run"),
      compareRow,
      el("div", { class: "saves" }, el("span", {}, "save"), save("png", "PNG"), save("csv", "CSV"), save("yaml", "YAML")),
      el("p", { class: "small" }, offer.about),
    );
  }
}

class Table {
  constructor(app) {
    this.app = app;
    this.node = el("section", { class: "panel table", "data-testid": "table" });
  }
  show(frame, map) {
    if (!map) return;
    const head = ["district", "plugged in", "charging", "giving back", "driving there", "MW drawn", "MW given"];
    const rows = frame.districts.map((values, k) =>
      el("tr", {}, el("th", { scope: "row" }, `${map.names[k]} ${map.names_zh[k]}`), ...values.map((value, column) => el("td", {}, number(value, column < 4 ? 0 : 1)))));
    const system = frame.system || {};
    const lines = Object.entries(system).map(([name, value]) => el("tr", {}, el("th", { scope: "row" }, name), el("td", {}, number(value, Math.abs(value) < 10 ? 3 : 0))));
    this.node.replaceChildren(
      el("div", {}, el("h2", {}, `Districts, ${frame.time}`), el("table", {}, el("thead", {}, el("tr", {}, ...head.map((name) => el("th", { scope: "col" }, name)))), el("tbody", {}, ...rows))),
      el("div", {}, el("h2", {}, "The system, this step"), el("table", {}, el("tbody", {}, ...lines))),
    );
  }
}
