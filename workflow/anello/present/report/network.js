/* the network in its worst week: stations around the ring, hour by hour under a slider */
const NET = { W: 640, H: 420, MX: 90, MY: 70 };
let netParts = null;
function rgbOf(v) {
  const n = S.net, values = n.stations.flatMap(s => [...unpack(s.degc)]);
  const lo = Math.min(n.low ?? Infinity, ...values), hi = Math.max(n.high ?? -Infinity, ...values);
  return `rgb(${color((v - lo) / (hi - lo || 1)).join(",")})`;
}
function network() {
  $("network").hidden = !S.net;
  if (!S.net) return;
  const n = S.net, many = n.stations.length > 16;
  const svg = el("svg", { viewBox: `0 0 ${NET.W} ${NET.H}`, "aria-hidden": "true" });
  const rx = NET.W / 2 - NET.MX, ry = NET.H / 2 - NET.MY, cx = NET.W / 2, cy = NET.H / 2;
  svg.append(el("ellipse", { cx, cy, rx, ry, class: "pipe" }));
  const angle = s => Math.atan2((s.x - cx) / rx, (cy - s.y) / ry);
  const arrows = n.stations.map((s, i) => {
    const a = angle(s), next = angle(n.stations[(i + 1) % n.stations.length]);
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
      : el("circle", { cx: s.x, cy: s.y, r: many ? 9 : 18, class: "station" });
    const label = el("text", { x: s.x, y: s.y + 5, "text-anchor": "middle", class: "t" }, String(i + 1));
    const side = Math.abs(s.x - cx) > .5 * rx ? Math.sign(s.x - cx) : 0;
    const temp = el("text", side ? { x: s.x + 24 * side, y: s.y + 5, "text-anchor": side > 0 ? "start" : "end" }
      : { x: s.x, y: s.y < cy ? s.y - 26 : s.y + 40, "text-anchor": "middle" });
    svg.append(shape, label);
    if (!many) svg.append(temp);
    return { shape, label, temp };
  });
  $("netplot").replaceChildren(svg);
  const rows = n.stations.map((s, i) => html("tr", null, html("th", { scope: "row" }, `${i + 1} ${s.name}`), html("td"), html("td")));
  $("nettable").replaceChildren(html("thead", null, html("tr", null,
    html("th", { scope: "col" }, n.loop ? "Substation" : "Place"), html("th", { scope: "col" }, "Water [°C]"),
    html("th", { scope: "col" }, "Heat into the water [kW]"))), html("tbody", null, ...rows));
  netParts = { marks, rows, arrows, middle };
  $("nethour").max = n.times.length - 1;
  let coldest = 0;
  const sum = i => n.stations.reduce((a, s) => a + Math.abs(unpack(s.kw)[i]), 0);
  for (let i = 1; i < n.times.length; i++) if (sum(i) > sum(coldest)) coldest = i;
  $("nethour").value = coldest;
  $("netweek").textContent = `The worst week: ${n.text}. It starts at the hour in which most heat moves.`;
  hourOfNetwork();
}
function hourOfNetwork() {
  const n = S.net, i = Number($("nethour").value), flow = n.flow ? unpack(n.flow)[i] : null;
  n.stations.forEach((s, k) => {
    const t = unpack(s.degc)[i], q = unpack(s.kw)[i], m = netParts.marks[k];
    const rgb = rgbOf(t);
    m.shape.setAttribute("fill", rgb);
    const [r, g, b] = rgb.match(/\d+/g).map(Number);
    m.label.setAttribute("fill", .3 * r + .6 * g + .1 * b > 140 ? "#000" : "#fff");
    m.label.style.fill = m.label.getAttribute("fill");
    m.temp.textContent = `${t.toFixed(1)} °C`;
    netParts.rows[k].children[1].textContent = t.toFixed(2);
    netParts.rows[k].children[2].textContent = number(q);
  });
  for (const a of netParts.arrows) {
    a.style.display = flow === null || Math.abs(flow) < 1e-9 ? "none" : "";
    a.setAttribute("transform", `translate(${a.dataset.at}) rotate(${Number(a.dataset.turn) + (flow < 0 ? 180 : 0)})`);
  }
  netParts.middle.textContent = flow === null ? "Well mixed" : `${number(Math.abs(flow))} kg/s`;
  const at = stamp(n.times[i]);
  $("nettime").textContent = at;
  $("nethour").setAttribute("aria-valuetext", at);
}
$("nethour").addEventListener("input", hourOfNetwork);
