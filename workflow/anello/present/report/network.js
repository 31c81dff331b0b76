/* the network in its worst week: stations around the ring, hour by hour under a slider */
const NET = { W: 640, H: 420, MX: 90, MY: 70 };
let netParts = null;
function rgbOf(v) {
  const n = S.net, values = n.stations.flatMap(s => [...unpack(s.degc), ...(s.cold ? unpack(s.cold) : [])]);
  const lo = Math.min(n.low ?? Infinity, ...values), hi = Math.max(n.high ?? -Infinity, ...values);
  return `rgb(${color((v - lo) / (hi - lo || 1)).join(",")})`;
}
function network() {
  $("network").hidden = !S.net;
  if (!S.net) return;
  const n = S.net, many = n.stations.length > 16;
  const told = `The worst week: ${n.text}. It starts at the hour in which most heat moves.`;
  $("netweek").textContent = told + (n.height ? " Each trench has a warm pipe and a cold one;"
    + " the arrow and its number are the warm one's water [kg/s], and the cold one's goes the other way."
    + " At a place: water of the warm and of the cold pipe [°C]." : "");
  netParts = n.height ? twoPipes(n, many) : aroundRing(n, many);
  $("nethour").max = n.times.length - 1;
  let most = 0;
  const sum = i => n.stations.reduce((a, s) => a + Math.abs(unpack(s.kw)[i]), 0);
  for (let i = 1; i < n.times.length; i++) if (sum(i) > sum(most)) most = i;
  $("nethour").value = most;
  hourOfNetwork();
}
function tableOfStations(n, heads) {
  const rows = n.stations.map((s, i) => html("tr", null, html("th", { scope: "row" }, `${i + 1} ${s.name}`), ...heads.slice(1).map(() => html("td"))));
  $("nettable").replaceChildren(html("thead", null, html("tr", null, ...heads.map(text => html("th", { scope: "col" }, text)))),
    html("tbody", null, ...rows));
  return rows;
}
function aroundRing(n, many) {
  const svg = el("svg", { viewBox: `0 0 ${NET.W} ${NET.H}`, "aria-hidden": "true" });
  const rx = NET.W / 2 - NET.MX, ry = NET.H / 2 - NET.MY, cx = NET.W / 2, cy = NET.H / 2;
  svg.append(el("ellipse", { cx, cy, rx, ry, class: "pipe" }));
  const angle = s => Math.atan2((s.x - cx) / rx, (cy - s.y) / ry);
  // the ends of branches lie within, each with a line from where it leaves
  const around = n.stations.filter(s => s.near == null);
  n.stations.forEach(s => {
    if (s.near != null) svg.append(el("path", { d: `M${n.stations[s.near].x},${n.stations[s.near].y}L${s.x},${s.y}`, class: "pipe two" }));
  });
  const arrows = around.map((s, i) => {
    const a = angle(s), next = angle(around[(i + 1) % around.length]);
    const m = a + ((next - a + 4 * Math.PI) % (2 * Math.PI) || 2 * Math.PI) / 2;
    const e = el("path", { d: "M-9,-9L10,0L-9,9Z", class: "way" });
    e.dataset.at = `${cx + rx * Math.sin(m)},${cy - ry * Math.cos(m)}`;
    e.dataset.turn = Math.atan2(ry * Math.sin(m), rx * Math.cos(m)) * 180 / Math.PI;
    if (!many || i % 4 === 0) svg.append(e);
    return e;
  });
  const middle = el("text", { x: cx, y: cy, "text-anchor": "middle", class: "t" });
  svg.append(middle);
  const marks = n.stations.map((s, i) => {
    const shape = s.plant ? el("rect", { x: s.x - 17, y: s.y - 17, width: 34, height: 34, class: "station" })
      : el("circle", { cx: s.x, cy: s.y, r: many ? 9 : s.near == null ? 18 : 13, class: "station" });
    const label = el("text", { x: s.x, y: s.y + 5, "text-anchor": "middle", class: "t" }, String(i + 1));
    // beside a mark, or above or below it, wherever no pipe comes from
    const a = n.stations[s.near], steep = a && Math.abs(s.y - a.y) > Math.abs(s.x - a.x);
    const side = (a ? steep : Math.abs(s.x - cx) > .5 * rx) ? Math.sign(s.x - cx) || 1 : 0;
    const temp = el("text", side ? { x: s.x + 24 * side, y: s.y + 5, "text-anchor": side > 0 ? "start" : "end" }
      : { x: s.x, y: a ? s.y + (s.y > a.y ? 29 : -19) : s.y < cy ? s.y - 26 : s.y + 40, "text-anchor": "middle" });
    svg.append(shape, label);
    if (!many) svg.append(temp);
    return { shape, label, temp };
  });
  $("netplot").replaceChildren(svg);
  const rows = tableOfStations(n, [n.loop ? "Substation" : "Place", "Water [°C]", "Heat into the water [kW]"]);
  return { marks, rows, arrows, middle };
}
/* two pipes: from the plant on the left, a warm pipe above or left of the cold one in each trench */
function twoPipes(n, many) {
  const svg = el("svg", { viewBox: `0 0 ${NET.W} ${n.height}`, "aria-hidden": "true" });
  const ends = new Set(n.stations.map((s, i) => i));
  n.trenches.forEach(t => ends.delete(t.near));
  const pipes = n.trenches.map(t => {
    const a = n.stations[t.near], s = n.stations[t.far], dx = s.x - a.x, dy = s.y - a.y, far = Math.hypot(dx, dy);
    const ox = 4 * dy / far, oy = -4 * dx / far;
    const line = k => el("path", { d: `M${a.x + k * ox},${a.y + k * oy}L${s.x + k * ox},${s.y + k * oy}`, class: "pipe two" });
    const warm = line(1), cold = line(-1), way = el("path", { d: "M-9,-9L10,0L-9,9Z", class: "way" });
    const x = a.x + .55 * dx, y = a.y + .55 * dy;
    way.dataset.at = `${x},${y}`;
    way.dataset.turn = Math.atan2(dy, dx) * 180 / Math.PI;
    const steep = Math.abs(dy) > .5 * Math.abs(dx);
    const flow = el("text", steep ? { x: x + 14, y: y + (dy > 0 ? -6 : 16) } : { x, y: y + 24, "text-anchor": "middle" });
    svg.append(warm, cold, way);
    if (!many) svg.append(flow);
    return { warm, cold, way, flow };
  });
  const marks = n.stations.map((s, i) => {
    const size = many ? 8 : 13;
    const shape = s.plant ? el("rect", { x: s.x - size, y: s.y - size, width: 2 * size, height: 2 * size, class: "station" })
      : el("circle", { cx: s.x, cy: s.y, r: size, class: "station" });
    const label = el("text", { x: s.x, y: s.y + 5, "text-anchor": "middle", class: "t" }, String(i + 1));
    const [up, down] = [-1, 1].map(way => el("text", ends.has(i) ? { x: s.x + 18, y: s.y + 5 + 9 * way }
      : { x: s.x, y: s.y + (way < 0 ? -18 : 29), "text-anchor": "middle" }));
    svg.append(shape, label);
    if (!many) svg.append(up, down);
    return { shape, label, up, down };
  });
  $("netplot").replaceChildren(svg);
  const rows = tableOfStations(n, ["Place", "Warm line [°C]", "Cold line [°C]", "Heat into the water [kW]", "Warm water it takes [kg/s]"]);
  return { marks, rows, pipes };
}
function hourOfTwoPipes(n, i) {
  const warm = n.stations.map(s => unpack(s.degc)[i]), cold = n.stations.map(s => unpack(s.cold)[i]);
  n.stations.forEach((s, k) => {
    const m = netParts.marks[k], cells = netParts.rows[k].children;
    fillStation(m, rgbOf(warm[k]));
    m.up.textContent = warm[k].toFixed(1);
    m.down.textContent = cold[k].toFixed(1);
    cells[1].textContent = warm[k].toFixed(2);
    cells[2].textContent = cold[k].toFixed(2);
    cells[3].textContent = number(unpack(s.kw)[i]);
    cells[4].textContent = number(unpack(s.kg_s)[i]);
  });
  n.trenches.forEach((t, k) => {
    const flow = unpack(t.kg_s)[i], pipe = netParts.pipes[k];
    const still = Math.abs(flow) < 1e-9, [from, to] = flow < 0 ? [t.far, t.near] : [t.near, t.far];
    pipe.warm.style.stroke = rgbOf(warm[from]);
    pipe.cold.style.stroke = rgbOf(cold[to]);
    pipe.way.style.display = still ? "none" : "";
    pipe.way.setAttribute("transform", `translate(${pipe.way.dataset.at}) rotate(${Number(pipe.way.dataset.turn) + (flow < 0 ? 180 : 0)})`);
    pipe.flow.textContent = still ? "0" : number(Math.abs(flow));
  });
}
function fillStation(mark, rgb) {
  mark.shape.setAttribute("fill", rgb);
  const [r, g, b] = rgb.match(/\d+/g).map(Number);
  mark.label.setAttribute("fill", .3 * r + .6 * g + .1 * b > 140 ? "#000" : "#fff");
  mark.label.style.fill = mark.label.getAttribute("fill");
}
function hourOfRing(n, i) {
  const flow = n.flow ? unpack(n.flow)[i] : null;
  n.stations.forEach((s, k) => {
    const t = unpack(s.degc)[i], q = unpack(s.kw)[i], m = netParts.marks[k];
    fillStation(m, rgbOf(t));
    m.temp.textContent = `${t.toFixed(1)} °C`;
    netParts.rows[k].children[1].textContent = t.toFixed(2);
    netParts.rows[k].children[2].textContent = number(q);
  });
  for (const a of netParts.arrows) {
    a.style.display = flow === null || Math.abs(flow) < 1e-9 ? "none" : "";
    a.setAttribute("transform", `translate(${a.dataset.at}) rotate(${Number(a.dataset.turn) + (flow < 0 ? 180 : 0)})`);
  }
  netParts.middle.textContent = flow === null ? "Well mixed" : `${number(Math.abs(flow))} kg/s`;
}
function hourOfNetwork() {
  const n = S.net, i = Number($("nethour").value);
  (n.height ? hourOfTwoPipes : hourOfRing)(n, i);
  const at = stamp(n.times[i]);
  $("nettime").textContent = at;
  $("nethour").setAttribute("aria-valuetext", at);
}
$("nethour").addEventListener("input", hourOfNetwork);
