// The explorer: scores and ranks for the present weights, and the page that shows them. Charts are declared elsewhere.
"use strict";
{
const data = JSON.parse(document.getElementById("data").textContent);
const {words, cities, domains, indicators, presets} = data;
const at = id => document.getElementById(id);
const fill = (text, values) => text.replace(/\{(\w+)\}/g, (_, name) => values[name]);

// --- arithmetic: the study's, with its 12 significant digits ---------------------------------------------------------
const settle = number => Number(number.toPrecision(12));

// Neumaier's sum: what is lost to rounding is carried along, as good as the study's exact sums to the last digit kept.
function sum(terms) {
  let total = 0, lost = 0;
  for (const term of terms) {
    const next = total + term;
    lost += Math.abs(total) >= Math.abs(term) ? (total - next) + term : (term - next) + total;
    total = next;
  }
  return total + lost;
}

const ends = [Math.max, Math.min].map(end => indicators.map((_, j) => end(...cities.map(city => city.points[j]))));
const means = {
  arithmetic: (points, weights) => sum(points.map((point, j) => point * weights[j])),
  geometric: (points, weights) =>
    Math.exp(sum(points.map((point, j) => weights[j] > 0 ? Math.log(point) * weights[j] : 0))),
  topsis: (points, weights, ofAll = ends) => {
    const [best, worst] = ofAll.map(end => Math.sqrt(sum(points.map((point, j) => {
      const apart = point * weights[j] - end[j] * weights[j];
      return apart * apart;
    }))));
    return 100 * (worst / (best + worst));
  },
};
const places = domains.map((_, place) => indicators.flatMap(({domain}, j) => domain === place ? [j] : []));

// Domain scores first, and their mean; a domain without weight does not count, and a score of 0 makes the product 0.
function ofDomains(points, weights) {
  const total = sum(weights), parts = places.flatMap(own => {
    const share = sum(own.map(j => weights[j]));
    const of = list => own.map(j => list[j]);
    return share > 0 ? [[share / total, means[data.method](of(points), of(weights).map(weight => weight / share),
                                                           ends.map(of))]] : [];
  });
  if (data.above === "arithmetic") return sum(parts.map(([share, score]) => share * score));
  return parts.some(([, score]) => score === 0) ? 0 : Math.exp(sum(parts.map(([share, score]) => share * Math.log(score))));
}
const aggregate = data.above ? ofDomains : means[data.method];
const scoresUnder = weights => cities.map(city => settle(aggregate(city.points, weights)));

// 1 = best; equal scores share the smaller rank.
function ranksOf(scores) {
  const first = new Map();
  [...scores].sort((a, b) => b - a).forEach((score, place) => first.has(score) || first.set(score, place + 1));
  return scores.map(score => first.get(score));
}

// --- the state, and its place in the address --------------------------------------------------------------------------
const state = {preset: presets[0], moved: new Map(), pins: [], axis: ""};
const cityOf = new Map(cities.map(city => [city.code, city]));
const domainOf = new Map(domains.map((domain, place) => [domain.code, place]));

const startWeights = () => domains.map((_, place) =>
  100 * sum(state.preset.weights.filter((_, j) => indicators[j].domain === place)));
const sliderValues = () => startWeights().map((value, place) => state.moved.get(domains[place].code) ?? value);

// A weighting nobody has moved is taken as it is, so that its ranks are exactly those of its own weights.
function presentWeights() {
  if (!state.moved.size) return state.preset.weights;
  const values = sliderValues(), total = sum(values);
  return indicators.map(({domain}, j) => state.preset.shares[j] * values[domain] / total);
}

function addressOf() {
  const parts = [];
  if (state.preset !== presets[0]) parts.push("p=" + state.preset.key);
  if (state.moved.size) parts.push("w=" + [...state.moved].map(pair => pair.join(":")).join(","));
  if (state.pins.length) parts.push("pin=" + state.pins.join(","));
  if (state.axis) parts.push("x=" + state.axis);
  return "#" + parts.join("&");
}

function readAddress() {
  const asked = new URLSearchParams(location.hash.slice(1)), list = name => (asked.get(name) || "").split(",");
  state.preset = presets.find(preset => preset.key === asked.get("p")) || presets[0];
  const pairs = list("w").map(text => text.split(":")).map(([code, value]) => [code, parseFloat(value)]);
  state.moved = new Map(pairs.filter(([code, value]) => domainOf.has(code) && value >= 0 && value <= 100));
  if (!(sum(sliderValues()) > 0)) state.moved.clear();
  state.pins = [...new Set(list("pin"))].filter(code => cityOf.has(code));
  state.axis = domainOf.has(asked.get("x")) ? asked.get("x") : "";
}

// --- the table --------------------------------------------------------------------------------------------------------
for (const city of cities) {
  const row = city.row = at("row").content.firstElementChild.cloneNode(true), cell = name => row.querySelector(name);
  row.dataset.code = city.code;
  cell(".name").textContent = city.name;
  cell("small").textContent = city.place;
  cell(".study-rank").textContent = city.rank;
  for (const kind of data.intervals) cell(".interval-" + kind).textContent = city[kind].join("–");
  cell(".pin").addEventListener("click", () => togglePin(city.code));
}

const changeOf = city => city.rank - city.now.rank;
const changeWords = change =>
  fill(change > 0 ? words.up : change < 0 ? words.down : words.same, {count: Math.abs(change)});

function drawTable(order) {
  for (const city of cities) {
    const change = changeOf(city), pinned = isPinned(city), button = city.row.querySelector(".pin");
    const [arrow, said] = city.row.querySelector(".change").children;
    city.row.querySelector(".rank").textContent = city.now.rank;
    city.row.querySelector(".score").textContent = city.now.score.toFixed(2);
    city.row.querySelector(".change").className = "change " + (change > 0 ? "up" : change < 0 ? "down" : "");
    arrow.textContent = change ? (change > 0 ? "▲" : "▼") + Math.abs(change) : "";
    said.textContent = changeWords(change);
    city.row.classList.toggle("pinned", pinned);
    button.setAttribute("aria-pressed", pinned);
    button.setAttribute("aria-label", fill(words.pin_city, city));
  }
  const rows = order.map(city => city.row);
  if (rows.some((row, place) => row !== at("rows").children[place])) at("rows").replaceChildren(...rows);
}

function filterTable() {
  const wanted = at("find").value.trim().toLowerCase();
  for (const city of cities) city.row.hidden = !city.search.includes(wanted);
  const count = shownCities().length;
  at("found").textContent = !wanted ? "" : count ? fill(words.found, {count}) : words.none_found;
}

const shownCities = () => [...at("rows").children].filter(row => !row.hidden).map(row => cityOf.get(row.dataset.code));

// --- pins -------------------------------------------------------------------------------------------------------------
function togglePin(code) {
  state.pins = state.pins.includes(code) ? state.pins.filter(other => other !== code) : [...state.pins, code];
  changed();
}

function drawPins() {
  at("no-pins").hidden = state.pins.length > 0;
  at("pins").replaceChildren(...state.pins.map(code => {
    const city = cityOf.get(code), item = document.createElement("li"), button = document.createElement("button");
    button.type = "button";
    button.textContent = `${city.now.rank} ${city.name} ×`;
    button.setAttribute("aria-label", `${city.now.rank} ${city.name} × ${fill(words.unpin_city, city)}`);
    button.addEventListener("click", () => {
      const place = state.pins.indexOf(code);
      togglePin(code);
      draw();
      (at("pins").querySelectorAll("button")[place] || at("find")).focus();
    });
    item.append(button);
    return item;
  }));
}

// --- charts -----------------------------------------------------------------------------------------------------------
const views = {};

const isPinned = city => state.pins.includes(city.code);

// One row a city, the first and the pinned last, so that they are drawn over the others.
const chartRows = (order, more) => [...order].reverse().sort((a, b) => isPinned(a) - isPinned(b)).map(city => ({
  code: city.code, name: city.name, rank: city.now.rank, score: city.now.score, study_rank: city.rank,
  band: data.bands.filter(last => last < city.now.rank).length, pinned: isPinned(city), ...more(city)}));

function chartData(name, order) {
  if (name === "intervals") {
    const pinned = state.pins.map(code => cityOf.get(code)).sort((a, b) => a.now.rank - b.now.rank);
    at("intervals-of").textContent = pinned.length ? words.intervals_pinned : words.intervals_first;
    return {shown: (pinned.length ? pinned : order.slice(0, 10)).map(city => ({name: city.name, rank: city.now.rank,
      score: city.now.score, study_rank: city.rank, ...Object.fromEntries(data.intervals.flatMap(kind =>
        [[kind + "_from", city[kind][0]], [kind + "_to", city[kind][1]]]))}))};
  }
  if (name !== "scatter") return {cities: chartRows(order, city => ({x: city.x, y: city.y}))};
  const inside = (share, j) => indicators[j].domain === domainOf.get(state.axis) ? share : 0;
  const across = state.axis && scoresUnder(state.preset.shares.map(inside));
  return {cities: chartRows(order, city => ({x: across ? across[cities.indexOf(city)] : city.score}))};
}

async function openCharts() {
  for (const [name, spec] of Object.entries(data.charts)) {
    const sets = {...data.outlines, ...chartData(name, inOrder())};
    for (const set of spec.data) if (set.name in sets) set.values = sets[set.name];
    const {view} = await vegaEmbed(at(name), spec, {
      mode: "vega", renderer: "svg", ast: true, actions: false, defaultStyle: false});
    view.addEventListener("click", (_, item) => item?.datum?.code !== undefined && togglePin(item.datum.code));
    views[name] = view;
  }
  draw();
}

function drawCharts(order) {
  for (const [name, view] of Object.entries(views)) {
    for (const [set, rows] of Object.entries(chartData(name, order))) view.data(set, rows);
    view.runAsync();
  }
}

// --- everything that follows a change ---------------------------------------------------------------------------------
const inOrder = () => [...cities].sort((a, b) => a.now.rank - b.now.rank);

function drawControls(weights) {
  const values = sliderValues(), total = sum(values);
  domains.forEach(({code}, place) => {
    const share = (100 * values[place] / total).toFixed(1) + "%", slider = at("weight-" + place);
    slider.value = values[place];
    slider.setAttribute("aria-valuetext", fill(words.share_text, {share}));
    at("share-" + place).textContent = share;
  });
  indicators.forEach((_, j) => at("indicator-" + j).textContent = (100 * weights[j]).toFixed(2) + "%");
  for (const choice of document.getElementsByName("preset")) choice.checked = choice.value === state.preset.key;
  at("preset-note").textContent = state.preset.note;
  at("reset").disabled = at("moved").hidden = !state.moved.size;
  at("axis").value = state.axis;
}

function summary(order) {
  const name = city => city.name, first = order.filter(city => city.now.rank === 1);
  const far = city => Math.abs(changeOf(city)), moved = cities.filter(changeOf);
  const most = moved.reduce((a, b) => far(b) > far(a) ? b : a, moved[0]);
  return fill(words.leader, {name: first.map(name).join(words.comma), score: order[0].now.score.toFixed(2)})
    + fill(words.following, {names: order.slice(first.length, first.length + 2).map(name).join(words.comma)})
    + (most ? fill(words.moved_cities, {count: moved.length, name: most.name, change: changeWords(changeOf(most))})
      : words.nobody_moved);
}

function draw() {
  const weights = presentWeights(), scores = scoresUnder(weights), ranks = ranksOf(scores);
  cities.forEach((city, place) => city.now = {score: scores[place], rank: ranks[place]});
  const order = inOrder();
  drawControls(weights);
  drawTable(order);
  drawPins();
  drawCharts(order);
  at("summary").textContent = summary(order);
}

// While a slider moves the page follows at once; address and announcement wait until it rests.
let frame = 0, rest = 0;
function changed(note = "") {
  cancelAnimationFrame(frame);
  frame = requestAnimationFrame(draw);
  clearTimeout(rest);
  rest = setTimeout(() => {
    at("announced").textContent = note || at("summary").textContent;
    at("share").href = addressOf();
    history.replaceState(null, "", addressOf());
  }, 300);
}

// --- the download: what the table shows, with its numbers in full -----------------------------------------------------
// A text that a spreadsheet would take for a formula is marked as text.
const defused = value => typeof value === "string" && /^[=+\-@\t\r]/.test(value) ? "'" + value : String(value);
const quoted = value => '"' + defused(value).replaceAll('"', '""') + '"';

function tableText() {
  const values = sliderValues(), total = sum(values), used = state.preset.name + (state.moved.size ? " *: " : ": ")
    + domains.map(({name}, place) => `${name} ${(100 * values[place] / total).toFixed(2)}%`).join("; ");
  const heads = [words.rank, words.city, words.province, words.code, words.score, words.study_rank, words.change,
    ...data.intervals.flatMap(kind => [words.from, words.to].map(end => words[kind + "_interval"] + " " + end)),
    words.weights_used, words.edition];
  const rows = shownCities().map(city => [city.now.rank, city.name, city.place, city.code, city.now.score, city.rank,
    changeOf(city), ...data.intervals.flatMap(kind => city[kind]), used, data.edition]);
  return "\ufeff" + [heads, ...rows].map(row => row.map(quoted).join(",") + "\r\n").join("");
}

at("download").addEventListener("click", () => {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([tableText()], {type: "text/csv"}));
  link.download = `explorer_${data.run}.csv`;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60000);
});

// --- what a reader does -----------------------------------------------------------------------------------------------
at("controls").addEventListener("submit", event => event.preventDefault());
at("controls").addEventListener("input", ({target}) => {
  if (target.name === "preset") {
    state.preset = presets.find(preset => preset.key === target.value);
    state.moved.clear();
    return changed();
  }
  state.moved.set(target.name, target.valueAsNumber);
  const kept = sum(sliderValues()) > 0;
  if (!kept) state.moved.set(target.name, 1);
  changed(kept ? "" : words.one_needed);
});
at("reset").addEventListener("click", () => {
  state.moved.clear();
  at("weight-0").focus();
  changed();
});
at("axis").addEventListener("change", ({target}) => {
  state.axis = target.value;
  changed();
});
at("find").addEventListener("input", filterTable);
at("find").addEventListener("keydown", event => {
  const [city] = shownCities();
  if (event.key !== "Enter" || !at("find").value.trim() || !city) return;
  if (!state.pins.includes(city.code)) togglePin(city.code);
});
addEventListener("hashchange", () => {
  readAddress();
  changed();
});

readAddress();
draw();
at("share").href = addressOf();
openCharts();
}
